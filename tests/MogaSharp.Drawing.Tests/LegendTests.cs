using MogaSharp.Imaging;

namespace MogaSharp.Drawing.Tests;

/// <summary>Legends and captions.</summary>
public sealed class LegendTests
{
    private static readonly RgbImage Picture = Pictures.Plain(320, 240, new(40, 80, 120));

    [Theory]
    [InlineData(1)]
    [InlineData(13)]
    [InlineData(80)]
    [InlineData(1000)]
    public void Beside_a_picture_all_classes_are_listed(int count)
    {
        Legend legend = Legend.OfClasses(Enumerable.Range(0, count).Select(i => $"class {i}"));
        RgbImage drawn = legend.Beside(Picture);
        Assert.True(drawn.Height == Picture.Height);
        // The picture itself is left of it as it was.
        for (int y = 0; y < Picture.Height; y++)
            Assert.True(drawn.Row(y)[..(320 * 3)].SequenceEqual(Picture.Row(y)));
        ILookup<RgbColor, (int X, int Y, RgbColor Color)> pixels = drawn
            .All()
            .Where(pixel => pixel.X >= 320)
            .ToLookup(pixel => pixel.Color);
        foreach (LegendEntry entry in legend.Entries)
        {
            // Letters have grays at their edges, which a swatch may have too; but not over three by three pixels.
            HashSet<(int X, int Y)> places = [.. pixels[entry.Color].Select(pixel => (pixel.X, pixel.Y))];
            (int X, int Y)[] swatch =
            [
                .. places.Where(p => Enumerable.Range(0, 9).All(i => places.Contains((p.X + (i % 3), p.Y + (i / 3))))),
            ];
            Assert.InRange(swatch.Length, 25, 400);
            // Dark letters right of it, in the same line.
            (int x, int y) = (swatch.Max(p => p.X) + 2, (swatch.Min(p => p.Y) + swatch.Max(p => p.Y) + 2) / 2);
            Assert.Contains(Enumerable.Range(x + 3, 30), at => drawn.At(Math.Min(at, drawn.Width - 1), y).Luminance < 0.2);
        }
    }

    [Fact]
    public void Beside_a_low_picture_there_is_paper_below_and_without_entries_nothing()
    {
        RgbImage low = Pictures.Plain(50, 4, RgbColor.Black),
            drawn = Legend.OfClasses(["a", "b"]).Beside(low);
        Assert.InRange(drawn.Height, 20, 60);
        Assert.Equal(RgbColor.White, drawn.At(0, 5));
        Assert.Same(low, new Legend([]).Beside(low));
    }

    [Fact]
    public void On_a_picture_it_stands_in_its_corner()
    {
        Legend legend = Legend.OfClasses(["cat", "dog"]) with { Title = "Animals" };
        foreach (Corner corner in Enum.GetValues<Corner>())
        {
            int shown = 0;
            RgbImage drawn = Pictures.Drawn(Picture, canvas => shown = canvas.DrawLegend(legend, corner));
            Assert.Equal(2, shown);
            (int left, int top, int right, int bottom) = Pictures.Difference(Picture, drawn)!.Value;
            Assert.Equal(corner is Corner.TopLeft or Corner.BottomLeft, left < 5);
            Assert.Equal(corner is Corner.TopRight or Corner.BottomRight, right > 315);
            Assert.Equal(corner is Corner.TopLeft or Corner.TopRight, top < 5);
            Assert.Equal(corner is Corner.BottomLeft or Corner.BottomRight, bottom > 235);
            Assert.All(legend.Entries, entry => Assert.Contains(drawn.All(), pixel => pixel.Color == entry.Color));
            // Black letters read well on the ground, which lets some of the picture through.
            Assert.InRange(drawn.At(left + 1, top + 1).Contrast(RgbColor.Black), 12, 21);
        }
    }

    [Fact]
    public void What_has_no_room_is_counted()
    {
        Legend many = Legend.OfClasses(Enumerable.Range(0, 1000).Select(i => $"class {i}"));
        int shown = 0;
        RgbImage drawn = Pictures.Drawn(Picture, canvas => shown = canvas.DrawLegend(many));
        Assert.InRange(shown, 50, 999);
        Assert.Contains(drawn.All(), pixel => pixel.Color == many.Entries[shown - 1].Color);
        RgbImage dot = Pictures.Plain(3, 3, RgbColor.Black);
        RgbImage same = Pictures.Drawn(dot, canvas => shown = canvas.DrawLegend(many));
        Assert.Equal((0, true), (shown, same.Pixels.SequenceEqual(dot.Pixels)));
    }

    [Fact]
    public void A_caption_is_white_on_dark_and_wraps()
    {
        RgbImage white = Pictures.Plain(320, 240, RgbColor.White);
        (int Left, int Top, int Right, int Bottom) Place(string text, Corner corner) =>
            Pictures.Difference(white, Pictures.Drawn(white, canvas => canvas.DrawCaption(text, corner)))!.Value;
        (int Left, int Top, int Right, int Bottom) one = Place("a caption", Corner.BottomLeft),
            wrapped = Place(string.Join(' ', Enumerable.Repeat("word", 30)), Corner.TopRight);
        Assert.Equal((0, 240), (one.Left, one.Bottom));
        Assert.Equal((320, 0), (wrapped.Right, wrapped.Top));
        Assert.InRange(wrapped.Bottom - wrapped.Top, 2.5 * (one.Bottom - one.Top), 5 * (one.Bottom - one.Top));
        Assert.InRange(Place("a\nb", Corner.TopLeft).Bottom, 1.5 * (one.Bottom - one.Top), 2.5 * (one.Bottom - one.Top));
        RgbImage drawn = Pictures.Drawn(white, canvas => canvas.DrawCaption("a caption"));
        Assert.InRange(drawn.At(1, 238).Contrast(RgbColor.White), 7, 21);
        Assert.Contains(drawn.All(), pixel => pixel.Y >= one.Top + 2 && pixel.Y < 238 && pixel.X is > 3 and < 60 && pixel.Color.Red > 240);
    }

    [Fact]
    public void A_caption_that_is_too_long_is_cut_off_and_an_empty_one_draws_nothing()
    {
        RgbImage long_ = Pictures.Drawn(Picture, canvas => canvas.DrawCaption(string.Join(' ', Enumerable.Repeat("word", 5000))));
        Assert.Equal((320, 240), (long_.Width, long_.Height));
        foreach (string empty in new[] { "", " ", "\n", "\u200b" })
            Assert.Equal(Picture.Pixels, Pictures.Drawn(Picture, canvas => canvas.DrawCaption(empty)).Pixels);
        RgbImage dot = Pictures.Plain(3, 3, RgbColor.Black);
        Assert.Equal(dot.Pixels, Pictures.Drawn(dot, canvas => canvas.DrawCaption("text")).Pixels);
    }
}
