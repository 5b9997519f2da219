using MogaSharp.Imaging;

namespace MogaSharp.Drawing.Tests;

/// <summary>Rows of images.</summary>
public sealed class StripTests
{
    private static readonly RgbImage A = Pictures.Noise(6, 4, 1),
        B = Pictures.Noise(6, 4, 2),
        C = Pictures.Noise(6, 4, 3);

    [Fact]
    public void Cells_hold_the_very_pixels_and_gaps_the_ground()
    {
        RgbImage strip = new ImageStrip([new([A, B]), new([C])]) { Gap = 3, Ground = new(1, 2, 3) }.Draw();
        Assert.Equal((15, 11), (strip.Width, strip.Height));
        foreach ((int x, int y, RgbColor color) in strip.All())
        {
            RgbColor expected = (x, y) switch
            {
                (< 6, < 4) => A.At(x, y),
                (>= 9, < 4) => B.At(x - 9, y),
                (< 6, >= 7) => C.At(x, y - 7),
                _ => new(1, 2, 3),
            };
            Assert.Equal(expected, color);
        }
    }

    [Fact]
    public void Pixels_are_enlarged_as_squares()
    {
        RgbImage strip = new ImageStrip([new([A])]) { Enlargement = 5 }.Draw();
        Assert.Equal((30, 20), (strip.Width, strip.Height));
        Assert.Equal(A.Resize(30, 20, ResizeFilter.Nearest).Pixels, strip.Pixels);
    }

    [Fact]
    public void Smaller_images_stand_in_the_middle()
    {
        RgbImage dot = Pictures.Plain(2, 2, RgbColor.Black),
            strip = new ImageStrip([new([A, dot])]) { Gap = 0 }.Draw();
        Assert.Equal((12, 4), (strip.Width, strip.Height));
        Assert.All(
            strip.All().Where(pixel => pixel.X >= 6),
            pixel => Assert.Equal(pixel.X is 8 or 9 && pixel.Y is 1 or 2 ? RgbColor.Black : RgbColor.White, pixel.Color)
        );
    }

    [Fact]
    public void Titles_have_room_of_their_own_and_contrast()
    {
        RgbImage image = Pictures.Noise(64, 64),
            bare = new ImageStrip([new([image, image])]).Draw();
        RgbImage titled = new ImageStrip([new([image, image], "prediction")])
        {
            ColumnTitles = ["t = 1", "a title that is wider than its column"],
        }.Draw();
        (int left, int top) = (titled.Width - bare.Width, titled.Height - bare.Height);
        Assert.InRange(left, 40, 120);
        Assert.InRange(top, 11, 30);
        for (int y = 0; y < bare.Height; y++)
            Assert.True(titled.Row(top + y)[(left * 3)..].SequenceEqual(bare.Row(y)));
        Assert.Contains(titled.All(), pixel => pixel.X < left && pixel.Y >= top && pixel.Color.Contrast(RgbColor.White) > 12);
        Assert.Contains(titled.All(), pixel => pixel.X >= left && pixel.Y < top && pixel.Color.Contrast(RgbColor.White) > 12);
        RgbImage dark = new ImageStrip([new([image], "x")]) { Ground = RgbColor.Black }.Draw();
        Assert.Contains(dark.All(), pixel => pixel.X < dark.Width - 64 && pixel.Color.Contrast(RgbColor.Black) > 12);
    }

    [Fact]
    public void Strips_that_make_no_sense_are_refused()
    {
        Assert.Equal("A strip needs an image.", Assert.Throws<ArgumentException>(() => new ImageStrip([]).Draw()).Message);
        Assert.Equal("A strip needs an image.", Assert.Throws<ArgumentException>(() => new ImageStrip([new([])]).Draw()).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => new ImageStrip([new([A])]) { Gap = -1 }.Draw());
        Assert.Throws<ArgumentOutOfRangeException>(() => new ImageStrip([new([A])]) { Enlargement = 0 }.Draw());
        Assert.Throws<ArgumentOutOfRangeException>(() => new ImageStrip([new([A])]) { FontSize = float.NaN }.Draw());
    }
}
