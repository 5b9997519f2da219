namespace MogaSharp.Drawing.Tests;

/// <summary>Colors, palettes and colormaps.</summary>
public sealed class ColorTests
{
    [Fact]
    public void Contrast_is_that_of_wcag()
    {
        Assert.Equal(21, RgbColor.Black.Contrast(RgbColor.White), 1e-9);
        Assert.Equal(1, RgbColor.White.Contrast(RgbColor.White), 1e-9);
        // The lightest gray that passes on white.
        Assert.Equal(4.54, RgbColor.Parse("#767676").Contrast(RgbColor.White), 0.005);
    }

    [Fact]
    public void Text_is_readable_on_any_color()
    {
        for (int i = 0; i < 1 << 24; i += 251)
        {
            var color = new RgbColor((byte)(i >> 16), (byte)(i >> 8), (byte)i);
            Assert.InRange(color.Contrast(color.TextColor), 4.5, 21);
        }
    }

    [Fact]
    public void A_color_is_read_as_it_is_written() =>
        Assert.Equal(("#1f77b4", new RgbColor(0x1f, 0x77, 0xb4)), (RgbColor.Parse("#1f77b4").ToString(), RgbColor.Parse("#1F77B4")));

    [Theory]
    [InlineData("")]
    [InlineData("1f77b4")]
    [InlineData("#1f77b")]
    [InlineData("#1f77bx")]
    [InlineData("# f77b4")]
    public void Another_text_is_refused(string text) =>
        Assert.Equal($"'{text}' is not a color such as #1f77b4.", Assert.Throws<FormatException>(() => RgbColor.Parse(text)).Message);

    [Fact]
    public void Classes_keep_their_colors_and_differ()
    {
        Assert.Equal(["#e6194b", "#3cb44b", "#4363d8"], Enumerable.Range(0, 3).Select(i => Palette.Color(i).ToString()));
        RgbColor[] colors = [.. Enumerable.Range(0, 1000).Select(Palette.Color)];
        Assert.Equal(colors, Enumerable.Range(0, 1000).Select(Palette.Color));
        Assert.Equal(colors.Length, colors.Distinct().Count());
        for (int i = 0; i < 20; i++)
        for (int j = 0; j < i; j++)
            Assert.InRange(Distance(colors[i], colors[j]), 35, 500);
        // Neighbors differ well among the computed ones too.
        for (int i = 20; i < 1000; i++)
            Assert.InRange(Distance(colors[i], colors[i - 1]), 80, 500);
        Assert.Throws<ArgumentOutOfRangeException>(() => Palette.Color(-1));
    }

    // Entries of matplotlib's tables, as its bytes.
    [Fact]
    public void Colormaps_are_the_published_ones()
    {
        Assert.Equal(["#440154", "#20908c", "#fde724"], Some(Colormap.Viridis));
        Assert.Equal(["#000003", "#bb3754", "#fcfea4"], Some(Colormap.Inferno));
        Assert.Equal(["#000000", "#808080", "#ffffff"], Some(Colormap.Gray));
        Assert.Equal("#00007f", Colormap.Jet.Color(0).ToString());
        Assert.Equal("#7f0000", Colormap.Jet.Color(1).ToString());
        Assert.Equal("#30123b", Colormap.Turbo.Color(0).ToString());
        foreach (Colormap map in new[] { Colormap.Viridis, Colormap.Inferno, Colormap.Turbo, Colormap.Jet, Colormap.Gray })
        {
            Assert.Equal(256, map.Table.Count);
            Assert.Equal(
                (map.Table[0], map.Table[255], map.Table[0]),
                (map.Color(-3), map.Color(double.PositiveInfinity), map.Color(double.NaN))
            );
            for (int i = 0; i < 256; i++)
                Assert.Equal(map.Table[i], map.Color(i / 255.0));
        }
    }

    private static IEnumerable<string> Some(Colormap map) =>
        [map.Table[0].ToString(), map.Table[128].ToString(), map.Table[255].ToString()];

    private static double Distance(RgbColor a, RgbColor b) =>
        Math.Sqrt(Math.Pow(a.Red - b.Red, 2) + Math.Pow(a.Green - b.Green, 2) + Math.Pow(a.Blue - b.Blue, 2));
}
