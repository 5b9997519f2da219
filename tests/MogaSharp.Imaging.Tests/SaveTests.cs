namespace MogaSharp.Imaging.Tests;

public sealed class SaveTests
{
    private static readonly RgbImage Photo = ImageDecoder.Load(Fixtures.At("chelsea.png"));

    [Fact]
    public void A_png_gives_the_same_pixels_back()
    {
        using var folder = new TemporaryFolder();
        string path = folder.At("photo.png");
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
        Photo.SaveJpeg(folder.At("good.jpg"), 95);
        Photo.SaveJpeg(folder.At("small.jpg"), 20);
        RgbImage back = ImageDecoder.Load(folder.At("good.jpg"));
        double error = Photo.Pixels.Zip(back.Pixels, (a, b) => (double)Math.Abs(a - b)).Average();
        Assert.InRange(error, 0.01, 3);
        Assert.True(new FileInfo(folder.At("small.jpg")).Length < new FileInfo(folder.At("good.jpg")).Length / 2);
        Assert.Equal([0xFF, 0xD8], File.ReadAllBytes(folder.At("good.jpg"))[..2]);
    }

    [Fact]
    public void An_older_file_is_replaced_and_nothing_else_stays()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.At("photo.png"), "old");
        Photo.SavePng(folder.At("photo.png"));
        Assert.Equal(Photo.Width, ImageDecoder.Load(folder.At("photo.png")).Width);
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void A_failed_save_leaves_nothing()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.At("taken.png"));
        Assert.ThrowsAny<Exception>(() => Photo.SavePng(folder.At("taken.png")));
        Assert.Empty(Directory.GetFiles(folder.Path));
        Assert.Throws<DirectoryNotFoundException>(() => Photo.SavePng(folder.At("nowhere/photo.png")));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(101)]
    public void A_quality_out_of_range_is_refused(int quality) => Assert.Throws<ArgumentOutOfRangeException>(() => Photo.SaveJpeg("unused.jpg", quality));
}
