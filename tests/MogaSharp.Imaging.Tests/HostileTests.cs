using System.Text;

namespace MogaSharp.Imaging.Tests;

/// <summary>Broken and hostile images: the one exception, or the right pixels; never anything else.</summary>
public sealed class HostileTests
{
    private static readonly ImageLimits Small = new() { MaxPixels = 1 << 20, MaxSide = 4096 };

    public static TheoryData<string> Files => [.. Fixtures.FormatFiles];

    [Theory]
    [MemberData(nameof(Files))]
    public void Truncated_images_are_refused_or_complete(string file)
    {
        byte[] data = Fixtures.Format(file);
        byte[] whole = ImageDecoder.Decode(data).Pixels;
        int refused = 0;
        // Densely through the headers, then at an odd stride that meets every alignment.
        for (int length = 0; length < data.Length; length += length < 150 ? 1 : 13)
        {
            try
            {
                byte[] pixels = ImageDecoder.Decode(data.AsSpan(0, length), limits: Small).Pixels;
                Assert.True(whole.AsSpan().SequenceEqual(pixels), $"{length} of {data.Length} bytes give other pixels");
            }
            catch (ImageFormatException)
            {
                refused++;
            }
        }
        Assert.True(refused >= 100, $"only {refused} beginnings were refused");
    }

    [Fact]
    public void A_photo_cut_in_the_middle_is_refused_with_its_name()
    {
        byte[] data = File.ReadAllBytes(Fixtures.At("rocket.jpg"));
        var refusal = Assert.Throws<ImageFormatException>(() => ImageDecoder.Decode(data.AsSpan(0, data.Length / 2), "half.jpg"));
        Assert.StartsWith("half.jpg: truncated or corrupt JPEG image (", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("half.jpg", refusal.ImageName);
    }

    [Theory]
    [InlineData("")]
    [InlineData("just a text")]
    [InlineData("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>")]
    [InlineData("<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>")]
    [InlineData("%PDF-1.4\n%")]
    [InlineData("P6\n1 1\n255\nabc")]
    [InlineData("#?RADIANCE\n")]
    [InlineData("%!PS-Adobe-3.0 EPSF-3.0\n")]
    [InlineData("RIFF....WAVE")]
    public void Other_files_are_refused(string content)
    {
        var refusal = Assert.Throws<ImageFormatException>(() => ImageDecoder.Decode(Encoding.ASCII.GetBytes(content), "thing"));
        Assert.Equal(content.Length == 0 ? "the file is empty" : "not a JPEG, PNG, WebP, BMP, TIFF or GIF image", refusal.Problem);
    }

    [Theory]
    [InlineData("\u00ff\u00d8\u00ff")]
    [InlineData("\u0089PNG\r\n\u001a\n")]
    [InlineData("RIFF\u0004\0\0\0WEBP")]
    [InlineData("BM")]
    [InlineData("II*\0")]
    [InlineData("GIF89a")]
    public void A_bare_signature_is_refused(string signature) =>
        Assert.Throws<ImageFormatException>(() => ImageDecoder.Decode(Encoding.Latin1.GetBytes(signature)));

    [Fact]
    public void A_directory_is_refused()
    {
        var refusal = Assert.Throws<ImageFormatException>(() => ImageDecoder.Load(Fixtures.At()));
        Assert.Equal("this is a directory", refusal.Problem);
    }

    [Fact]
    public void A_missing_file_is_an_io_error() => Assert.Throws<FileNotFoundException>(() => ImageDecoder.Load(Fixtures.At("missing.png")));

    [Theory]
    [InlineData(1, 500_000_000, "limit of a side")]
    [InlineData(500_000_000, 1, "limit of a side")]
    [InlineData(32768, 32768, "limit is 100000000 pixels")]
    [InlineData(0, 5, "impossible size")]
    [InlineData(0xFFFFFFFF, 0xFFFFFFFF, "limit of a side")]
    public void A_png_that_promises_too_much_is_refused(uint width, uint height, string problem) => AssertRefused(Bombs.Png(width, height), problem);

    [Theory]
    [InlineData(1, 500_000_000, "limit of a side")]
    [InlineData(32768, -32768, "limit is 100000000 pixels")]
    [InlineData(-5, 5, "impossible size")]
    [InlineData(5, int.MinValue, "limit of a side")]
    [InlineData(10000, 10000, "truncated at row 9999 of 10000")]
    public void A_bmp_that_promises_too_much_is_refused(int width, int height, string problem) => AssertRefused(Bombs.Bmp(width, height), problem);

    [Fact]
    public void A_gif_that_promises_too_much_is_refused() => AssertRefused(Bombs.Gif(65535, 65535), "limit of a side");

    [Theory]
    [InlineData(40000, 1, "limit of a side")]
    [InlineData(30000, 30000, "limit is 100000000 pixels")]
    public void A_tiff_that_promises_too_much_is_refused(int width, int height, string problem) => AssertRefused(Bombs.Tiff(width, height, 0), problem);

    [Theory]
    [InlineData(16384)]
    [InlineData(65520)]
    public void A_tiff_with_a_giant_tile_is_refused(int tile) => AssertRefused(Bombs.Tiff(64, 64, tile), $"a tile of {tile} pixels");

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

    [Fact]
    public void More_bytes_than_allowed_are_refused_before_they_are_read()
    {
        var limits = new ImageLimits { MaxBytes = 1000 };
        using var endless = new EndlessStream();
        var refusal = Assert.Throws<ImageFormatException>(() => ImageDecoder.Load(endless, "endless", limits));
        Assert.Contains("more bytes than the limit of 1000", refusal.Message, StringComparison.Ordinal);
        Assert.Throws<ImageFormatException>(() => ImageDecoder.Load(Fixtures.At("rocket.jpg"), limits));
        Assert.Throws<ImageFormatException>(() => ImageDecoder.Decode(new byte[1001], limits: limits));
    }

    private static void AssertRefused(byte[] data, string problem)
    {
        long before = GC.GetTotalAllocatedBytes(precise: true);
        long resident = Environment.WorkingSet;
        var refusal = Assert.Throws<ImageFormatException>(() => ImageDecoder.Decode(data, "bomb"));
        Assert.Contains(problem, refusal.Problem, StringComparison.Ordinal);
        Assert.InRange(Environment.WorkingSet - resident, long.MinValue, 64 << 20);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 64 << 20);
    }

    private sealed class EndlessStream : MemoryStream
    {
        public override bool CanSeek => false;

        public override int Read(Span<byte> buffer) => buffer.Length;
    }
}
