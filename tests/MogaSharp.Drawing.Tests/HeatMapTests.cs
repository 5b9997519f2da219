using MogaSharp.Imaging;

namespace MogaSharp.Drawing.Tests;

/// <summary>Heat maps.</summary>
public sealed class HeatMapTests
{
    [Fact]
    public void A_map_of_the_pictures_size_has_the_colors_of_the_table()
    {
        float[] values = [.. Enumerable.Range(0, 256).Select(i => (i * 0.5f) - 20)];
        foreach (Colormap colormap in new[] { Colormap.Viridis, Colormap.Jet, Colormap.Inferno })
        {
            RgbImage drawn = Pictures.Drawn(
                Pictures.Noise(16, 16),
                canvas => canvas.DrawHeatMap(new(16, 16, values) { Colormap = colormap, Opacity = 1 })
            );
            Assert.Equal(colormap.Table, drawn.All().Select(pixel => pixel.Color));
        }
    }

    [Fact]
    public void It_is_blended_with_the_picture()
    {
        RgbImage image = Pictures.Noise(16, 16);
        float[] values = [.. Enumerable.Range(0, 256).Select(i => i / 255f)];
        RgbImage drawn = Pictures.Drawn(image, canvas => canvas.DrawHeatMap(new(16, 16, values) { Opacity = 0.3 }));
        foreach ((int x, int y, RgbColor color) in drawn.All())
        {
            Assert.InRange(
                color.Green,
                (0.7 * image.At(x, y).Green) + (0.3 * Colormap.Viridis.Table[(y * 16) + x].Green) - 0.51,
                (0.7 * image.At(x, y).Green) + (0.3 * Colormap.Viridis.Table[(y * 16) + x].Green) + 0.51
            );
        }
    }

    // By hand: centers of pixels at 1/4 and 3/4 of a value's width.
    [Fact]
    public void A_smaller_map_is_stretched_bilinearly()
    {
        RgbImage drawn = Pictures.Drawn(
            Pictures.Plain(4, 4, RgbColor.Black),
            canvas => canvas.DrawHeatMap(new(2, 2, new float[] { 0, 1, 1, 0 }) { Colormap = Colormap.Gray, Opacity = 1 })
        );
        double[] shares = [0, 0.25, 0.75, 1];
        foreach ((int x, int y, RgbColor color) in drawn.All())
        {
            (double a, double b) = (shares[x], shares[y]);
            Assert.InRange(color.Red, (255 * ((a * (1 - b)) + (b * (1 - a)))) - 1, (255 * ((a * (1 - b)) + (b * (1 - a)))) + 1);
        }
    }

    [Fact]
    public void Limits_cut_and_what_is_not_a_number_is_left_out()
    {
        RgbImage image = Pictures.Plain(5, 1, new(9, 9, 9));
        float[] values = [float.NegativeInfinity, 1, float.NaN, 3, float.PositiveInfinity];
        RgbImage drawn = Pictures.Drawn(
            image,
            canvas =>
                canvas.DrawHeatMap(
                    new(5, 1, values)
                    {
                        Low = 0,
                        High = 2,
                        Colormap = Colormap.Gray,
                        Opacity = 1,
                    }
                )
        );
        Assert.Equal([0, 128, 9, 255, 255], drawn.All().Select(pixel => (int)pixel.Color.Red));
        RgbImage even = Pictures.Drawn(
            image,
            canvas => canvas.DrawHeatMap(new(1, 1, new float[] { 7 }) { Colormap = Colormap.Viridis, Opacity = 1 })
        );
        Assert.All(even.All(), pixel => Assert.Equal(Colormap.Viridis.Table[0], pixel.Color));
        RgbImage none = Pictures.Drawn(image, canvas => canvas.DrawHeatMap(new(1, 1, new float[] { float.NaN })));
        Assert.Equal(image.Pixels, none.Pixels);
    }

    [Fact]
    public void Maps_that_make_no_sense_are_refused()
    {
        using var canvas = new Canvas(Pictures.Plain(4, 3, RgbColor.White));
        Assert.StartsWith("A map of 2 x 2 needs 4 values, not 3.", Message(new(2, 2, new float[3])), StringComparison.Ordinal);
        Assert.StartsWith(
            "The limits of a heat map are finite.",
            Message(new(1, 1, new float[1]) { Low = float.NaN }),
            StringComparison.Ordinal
        );
        Assert.StartsWith(
            "The limits of a heat map are in the wrong order: 2 and 1.",
            Message(new(1, 1, new float[1]) { Low = 2, High = 1 }),
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentOutOfRangeException>(() => canvas.DrawHeatMap(new(0, 1, Array.Empty<float>())));

        string Message(HeatMap map) => Assert.Throws<ArgumentException>(() => canvas.DrawHeatMap(map)).Message;
    }
}
