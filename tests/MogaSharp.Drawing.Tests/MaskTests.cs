using MogaSharp.Imaging;

namespace MogaSharp.Drawing.Tests;

/// <summary>Masks.</summary>
public sealed class MaskTests
{
    private static readonly RgbColor Color = new(200, 30, 90);

    [Theory]
    [InlineData(0)]
    [InlineData(0.25)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    [InlineData(1)]
    public void Colors_are_mixed_as_the_formula_says(double opacity)
    {
        RgbImage image = Pictures.Noise(37, 23);
        bool[] inside = [.. Enumerable.Range(0, 37 * 23).Select(i => i % 3 == 0)];
        RgbImage drawn = Pictures.Drawn(image, canvas => canvas.DrawMask(MaskOverlay.Of(37, 23, inside, Color) with { Opacity = opacity }));
        byte[] color = [Color.Red, Color.Green, Color.Blue];
        for (int i = 0; i < image.Pixels.Length; i++)
        {
            double expected = inside[i / 3] ? ((1 - opacity) * image.Pixels[i]) + (opacity * color[i % 3]) : image.Pixels[i];
            Assert.InRange(drawn.Pixels[i], expected - 0.51, expected + 0.51);
        }
    }

    [Fact]
    public void An_outline_runs_along_the_edge_but_not_along_the_pictures()
    {
        RgbImage image = Pictures.Plain(40, 30, RgbColor.White);
        // From the left edge of the picture to column 19, rows 10 to 19.
        byte[] inside = [.. Enumerable.Range(0, 40 * 30).Select(i => (byte)(i % 40 < 20 && i / 40 is >= 10 and < 20 ? 255 : 0))];
        RgbImage drawn = Pictures.Drawn(
            image,
            canvas => canvas.DrawMask(new(40, 30, inside, Color) { Opacity = 0, HasOutline = true }),
            new DrawingScale(12, 2)
        );
        foreach ((int x, int y, RgbColor color) in drawn.All())
        {
            bool isIn = x < 20 && y is >= 10 and < 20;
            bool isEdge = isIn && (x >= 18 || y is < 12 or >= 18);
            Assert.Equal(isEdge ? Color : RgbColor.White, color);
        }
    }

    [Fact]
    public void Masks_that_do_not_fit_are_refused()
    {
        using var canvas = new Canvas(Pictures.Plain(4, 3, RgbColor.White));
        Assert.StartsWith(
            "A mask of 3 x 4 does not fit an image of 4 x 3.",
            Assert.Throws<ArgumentException>(() => canvas.DrawMask(new(3, 4, new byte[12], Color))).Message,
            StringComparison.Ordinal
        );
        Assert.StartsWith(
            "A mask of 4 x 3 needs 12 values, not 11.",
            Assert.Throws<ArgumentException>(() => canvas.DrawMask(new(4, 3, new byte[11], Color))).Message,
            StringComparison.Ordinal
        );
        foreach (double opacity in new[] { -0.1, 1.1, double.NaN })
            Assert.StartsWith(
                "An opacity is 0 to 1.",
                Assert
                    .Throws<ArgumentOutOfRangeException>(() => canvas.DrawMask(new(4, 3, new byte[12], Color) { Opacity = opacity }))
                    .Message,
                StringComparison.Ordinal
            );
    }
}
