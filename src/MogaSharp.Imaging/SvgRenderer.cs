using MogaSharp.Imaging.Native;

namespace MogaSharp.Imaging;

/// <summary>Turns SVG that this program wrote itself into PNG. Pictures from elsewhere are never read as SVG.</summary>
public static class SvgRenderer
{
    /// <summary>Draws an SVG picture at its own size.</summary>
    /// <param name="svg">The SVG text in UTF-8.</param>
    /// <returns>The PNG file.</returns>
    /// <exception cref="ImagingUnavailableException">libvips is not installed, or was built without SVG.</exception>
    /// <exception cref="ImageFormatException">The text is no SVG.</exception>
    public static byte[] ToPng(ReadOnlySpan<byte> svg) => VipsEncoder.Encode(VipsDecoder.DrawSvg(svg), "pngsave_buffer", "compression=6");
}
