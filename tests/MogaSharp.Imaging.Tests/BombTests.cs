namespace MogaSharp.Imaging.Tests;

/// <summary>Small files that promise large images: refused at once, without the memory that they ask for.</summary>
[Collection(nameof(AloneCollection))]
public sealed class BombTests
{
    [Theory]
    [InlineData(1, 500_000_000, "limit of a side")]
    [InlineData(500_000_000, 1, "limit of a side")]
    [InlineData(32768, 32768, "limit is 178956970 pixels")]
    [InlineData(0, 5, "impossible size")]
    [InlineData(0xFFFFFFFF, 0xFFFFFFFF, "limit of a side")]
    public void A_png_that_promises_too_much_is_refused(uint width, uint height, string problem) =>
        AssertRefused(Bombs.Png(width, height), problem);

    [Theory]
    [InlineData(1, 500_000_000, "limit of a side")]
    [InlineData(32768, -32768, "limit is 178956970 pixels")]
    [InlineData(-5, 5, "impossible size")]
    [InlineData(5, int.MinValue, "limit of a side")]
    [InlineData(10000, 10000, "truncated at row 9999 of 10000")]
    public void A_bmp_that_promises_too_much_is_refused(int width, int height, string problem) =>
        AssertRefused(Bombs.Bmp(width, height), problem);

    [Fact]
    public void A_gif_that_promises_too_much_is_refused() => AssertRefused(Bombs.Gif(65535, 65535), "limit of a side");

    [Theory]
    [InlineData(40000, 1, "limit of a side")]
    [InlineData(30000, 30000, "limit is 178956970 pixels")]
    public void A_tiff_that_promises_too_much_is_refused(int width, int height, string problem) =>
        AssertRefused(Bombs.Tiff(width, height, 0), problem);

    [Theory]
    [InlineData(16384)]
    [InlineData(65520)]
    public void A_tiff_with_a_giant_tile_is_refused(int tile) => AssertRefused(Bombs.Tiff(64, 64, tile), $"A tile of {tile} pixels");

    [Fact]
    public void A_webp_that_promises_too_much_is_refused() => AssertRefused(Bombs.WebP(1 << 24, 1 << 24), "");

    [Fact]
    public void A_jpeg_that_promises_too_much_is_refused() => AssertRefused(Bombs.Jpeg(65000, 65000), "limit of a side");

    [Fact]
    public void A_jpeg_of_very_many_scans_is_refused()
    {
        byte[] data = Fixtures.Format("progressive.jpg");
        int scan = data.AsSpan().LastIndexOf<byte>([0xFF, 0xDA]);
        byte[] last = data[scan..^2];
        byte[] many = [.. data[..scan], .. Enumerable.Repeat(last, 200).SelectMany(bytes => bytes), 0xFF, 0xD9];
        AssertRefused(many, "more than 100 scans");
    }

    private static void AssertRefused(byte[] data, string problem)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        long resident = Environment.WorkingSet;
        var refusal = Assert.Throws<ImageFormatException>(() => ImageDecoder.Decode(data, "bomb"));
        Assert.Contains(problem, refusal.Problem, StringComparison.Ordinal);
        Assert.InRange(Environment.WorkingSet - resident, long.MinValue, 64 << 20);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 20);
    }
}
