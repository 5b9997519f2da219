using System.Text;

namespace MogaSharp.Imaging.Tests;

/// <summary>Our own SVG as PNG; SVG from elsewhere stays unreadable.</summary>
public sealed class SvgRendererTests
{
    private const string Svg = """<svg xmlns="http://www.w3.org/2000/svg" width="4" height="2"><rect width="4" height="2" fill="#336699"/></svg>""";

    [Fact]
    public void A_picture_is_drawn()
    {
        RgbImage image = ImageDecoder.Decode(SvgRenderer.ToPng(Encoding.UTF8.GetBytes(Svg)), "png");
        Assert.Equal((4, 2), (image.Width, image.Height));
        Assert.All(image.Pixels.Chunk(3), pixel => Assert.Equal([0x33, 0x66, 0x99], pixel));
    }

    [Fact]
    public void Something_else_is_refused() =>
        Assert.Contains("truncated or corrupt SVG image", Assert.Throws<ImageFormatException>(() => SvgRenderer.ToPng("no picture"u8)).Message, StringComparison.Ordinal);

    [Fact]
    public void Decoding_does_not_read_svg_even_after_one_was_drawn()
    {
        SvgRenderer.ToPng(Encoding.UTF8.GetBytes(Svg));
        Assert.Throws<ImageFormatException>(() => ImageDecoder.Decode(Encoding.UTF8.GetBytes(Svg), "svg"));
    }
}
