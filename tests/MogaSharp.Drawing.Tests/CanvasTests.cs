using MogaSharp.Imaging;

namespace MogaSharp.Drawing.Tests;

/// <summary>The canvas itself, and pictures of unusual sizes.</summary>
public sealed class CanvasTests
{
    [Fact]
    public void The_image_is_copied_and_comes_back_as_it_was()
    {
        RgbImage image = Pictures.Noise(31, 17);
        byte[] before = [.. image.Pixels];
        using var canvas = new Canvas(image);
        Assert.Equal(before, canvas.ToImage().Pixels);
        RgbImage early = canvas.ToImage();
        canvas.DrawBoxes([new(1, 1, 20, 10, Palette.Color(0), "x")]);
        Assert.Equal(before, image.Pixels);
        Assert.Equal(before, early.Pixels);
        Assert.NotEqual(before, canvas.ToImage().Pixels);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(16, 16)]
    [InlineData(1, 900)]
    [InlineData(900, 1)]
    [InlineData(3000, 20)]
    public void Everything_can_be_drawn_on_any_size(int width, int height)
    {
        RgbImage drawn = Everything(width, height);
        Assert.Equal((width, height), (drawn.Width, drawn.Height));
    }

    [Fact]
    public void Text_and_lines_grow_with_the_picture()
    {
        RgbImage drawn = Everything(8000, 6000);
        Assert.Equal((8000, 6000), (drawn.Width, drawn.Height));
        // The edge of the box is as wide as a screen's pixel when the picture is shown there.
        int edge = 0;
        while (drawn.At(2000 + edge, 5000) == Palette.Color(0))
            edge++;
        Assert.InRange(edge, 20, 40);
        Assert.InRange(DrawingScale.For(8000, 6000).FontSize, 180, 230);
        Assert.Equal(new DrawingScale(12, 1), DrawingScale.For(16, 16));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(float.NaN, 1)]
    [InlineData(12, 0)]
    public void A_scale_that_makes_no_sense_is_refused(float fontSize, int lineWidth) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new Canvas(Pictures.Plain(2, 2, RgbColor.White), new(fontSize, lineWidth)));

    private static RgbImage Everything(int width, int height)
    {
        var image = new RgbImage(width, height, new byte[width * height * 3]);
        byte[] inside = new byte[width * height];
        inside.AsSpan(0, (inside.Length + 1) / 2).Fill(1);
        return Pictures.Drawn(
            image,
            canvas =>
            {
                canvas.DrawMask(new(width, height, inside, Palette.Color(1)) { HasOutline = true });
                canvas.DrawHeatMap(new(3, 2, new float[] { 0, 1, 2, 3, 4, 5 }));
                canvas.DrawSkeleton(new([new(0, 0), new(width, height)], [(0, 1)], Palette.Color(2)));
                canvas.DrawLegend(Legend.OfClasses(["a", "b"]));
                canvas.DrawCaption("a caption");
                canvas.DrawBoxes([new(width / 4f, height / 4f, width * 0.75f, height * 0.9f, Palette.Color(0), "a label 0.98")]);
            }
        );
    }
}
