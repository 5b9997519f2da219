namespace MogaSharp.Imaging.Tests;

public sealed class RgbImageTests
{
    [Fact]
    public void Pixels_of_every_layout_become_rgb()
    {
        Assert.Equal([7, 7, 7, 9, 9, 9], RgbImage.FromPixels([7, 9], 2, 1, PixelLayout.Gray).Pixels);
        Assert.Equal([1, 2, 3, 4, 5, 6], RgbImage.FromPixels([1, 2, 3, 4, 5, 6], 2, 1, PixelLayout.Rgb).Pixels);
        Assert.Equal([3, 2, 1, 6, 5, 4], RgbImage.FromPixels([1, 2, 3, 4, 5, 6], 2, 1, PixelLayout.Bgr).Pixels);
        Assert.Equal([1, 2, 3], RgbImage.FromPixels([1, 2, 3, 255], 1, 1, PixelLayout.Rgba).Pixels);
        Assert.Equal([3, 2, 1], RgbImage.FromPixels([1, 2, 3, 255], 1, 1, PixelLayout.Bgra).Pixels);
        // Opacity is left out, as by Pillow.
        Assert.Equal([1, 2, 3], RgbImage.FromPixels([1, 2, 3, 0], 1, 1, PixelLayout.Rgba).Pixels);
        Assert.Equal([3, 2, 1], RgbImage.FromPixels([1, 2, 3, 127], 1, 1, PixelLayout.Bgra).Pixels);
    }

    [Fact]
    public void Gaps_between_rows_are_left_out()
    {
        byte[] pixels = [1, 2, 3, 99, 4, 5, 6];
        RgbImage image = RgbImage.FromPixels(pixels, 1, 2, PixelLayout.Rgb, stride: 4);
        Assert.Equal([1, 2, 3, 4, 5, 6], image.Pixels);
        Assert.Equal([4, 5, 6], image.Row(1).ToArray());
    }

    [Fact]
    public void Wrong_buffers_are_refused()
    {
        Assert.Contains(
            "need 12 bytes, not 11",
            Assert.Throws<ArgumentException>(() => new RgbImage(2, 2, new byte[11])).Message,
            StringComparison.Ordinal
        );
        var tooShort = Assert.Throws<ArgumentException>(() => RgbImage.FromPixels(new byte[15], 2, 2, PixelLayout.Rgba));
        Assert.Contains("2 x 2 Rgba pixels need 16 bytes, not 15", tooShort.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => RgbImage.FromPixels(new byte[99], 2, 2, PixelLayout.Rgb, stride: 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => RgbImage.FromPixels(new byte[99], 0, 2, PixelLayout.Rgb));
        Assert.Throws<ArgumentOutOfRangeException>(() => RgbImage.FromPixels(new byte[99], 2, 2, (PixelLayout)9));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RgbImage(1, 1, new byte[3]).Resize(0, 1));
    }

    // The offsets are torchvision's int(round((extent - crop) / 2.0)), where Python rounds halves to even.
    [Theory]
    [InlineData(10, 4, 3)]
    [InlineData(11, 4, 4)]
    [InlineData(9, 4, 2)]
    [InlineData(13, 4, 4)]
    [InlineData(248, 224, 12)]
    [InlineData(373, 224, 74)]
    [InlineData(5, 5, 0)]
    public void A_crop_starts_where_torchvision_starts_it(int extent, int crop, int offset)
    {
        var image = new RgbImage(extent, 1, [.. Enumerable.Range(0, extent).SelectMany(x => new[] { (byte)x, (byte)(x >> 8), (byte)0 })]);
        RgbImage cut = image.CenterCrop(crop, 1);
        Assert.Equal(offset, cut.Pixels[0] + (cut.Pixels[1] << 8));
        Assert.Equal(crop, cut.Width);
    }

    [Fact]
    public void A_crop_larger_than_the_image_is_surrounded_by_black()
    {
        var image = new RgbImage(1, 3, [1, 1, 1, 2, 2, 2, 3, 3, 3]);
        RgbImage crop = image.CenterCrop(4, 1);
        // Three columns are missing: one is put left, two right.
        Assert.Equal([0, 0, 0, 2, 2, 2, 0, 0, 0, 0, 0, 0], crop.Pixels);
    }
}
