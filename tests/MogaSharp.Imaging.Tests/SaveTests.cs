using MogaSharp.Testing;

namespace MogaSharp.Imaging.Tests;

public sealed class SaveTests
{
    private static readonly RgbImage Photo = ImageDecoder.Load(Fixtures.At("chelsea.png"));

    [Fact]
    public void A_png_gives_the_same_pixels_back()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("photo.png");
        Photo.SavePng(path);
        RgbImage back = ImageDecoder.Load(path);
        Assert.Equal((Photo.Width, Photo.Height), (back.Width, back.Height));
        AssertPixels.Equal(Photo.Pixels, back.Pixels);
        Assert.Equal([0x89, (byte)'P'], File.ReadAllBytes(path)[..2]);
    }

    [Fact]
    public void A_jpeg_is_close_and_smaller_with_less_quality()
    {
        using var folder = new TemporaryFolder();
        Photo.SaveJpeg(folder.File("good.jpg"), 95);
        Photo.SaveJpeg(folder.File("small.jpg"), 20);
        RgbImage back = ImageDecoder.Load(folder.File("good.jpg"));
        double error = Photo.Pixels.Zip(back.Pixels, (a, b) => (double)Math.Abs(a - b)).Average();
        Assert.InRange(error, 0.01, 3);
        Assert.True(new FileInfo(folder.File("small.jpg")).Length < new FileInfo(folder.File("good.jpg")).Length / 2);
        Assert.Equal([0xFF, 0xD8], File.ReadAllBytes(folder.File("good.jpg"))[..2]);
    }

    [Fact]
    public void An_older_file_is_replaced_and_nothing_else_stays()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("photo.png"), "old");
        Photo.SavePng(folder.File("photo.png"));
        Assert.Equal(Photo.Width, ImageDecoder.Load(folder.File("photo.png")).Width);
        Assert.Single(Directory.GetFiles(folder.FullName));
    }

    [Fact]
    public void A_failed_save_leaves_nothing()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("taken.png"));
        Assert.ThrowsAny<Exception>(() => Photo.SavePng(folder.File("taken.png")));
        Assert.Empty(Directory.GetFiles(folder.FullName));
        Assert.Throws<DirectoryNotFoundException>(() => Photo.SavePng(folder.File("nowhere/photo.png")));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(101)]
    public void A_quality_out_of_range_is_refused(int quality) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Photo.SaveJpeg("unused.jpg", quality));
}
