using System.Text;

namespace MogaSharp.Imaging.Tests;

/// <summary>Broken and hostile images: the one exception, or the right pixels; never anything else.</summary>
[Collection(nameof(AloneCollection))]
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
        Assert.StartsWith("half.jpg: The Jpeg image is truncated or corrupt (", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("half.jpg", refusal.ImageName);
    }

    [Fact]
    public void Garbage_around_a_whole_jpeg_does_no_harm()
    {
        byte[] data = Fixtures.Format("yuv420.jpg"),
            whole = ImageDecoder.Decode(data).Pixels;
        int scan = data.AsSpan().IndexOf<byte>([0xFF, 0xDA]);
        AssertPixels.Equal(whole, ImageDecoder.Decode([.. data, 1, 2, 3]).Pixels);
        AssertPixels.Equal(whole, ImageDecoder.Decode([.. data[..scan], 1, 2, 3, .. data[scan..]]).Pixels);
    }

    [Theory]
    [InlineData("IHDR", 13)]
    [InlineData("IDAT", -1)]
    public void A_png_with_a_wrong_check_sum_is_refused(string kind, int length)
    {
        byte[] data = Fixtures.Format("rgb.png");
        int start = data.AsSpan().IndexOf(Encoding.ASCII.GetBytes(kind));
        int end = length < 0 ? data.AsSpan().IndexOf("IEND"u8) - 8 : start + 4 + length;
        data[end + 1] ^= 1;
        Assert.Contains("The Png image is truncated or corrupt", Refusal(data).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_tells_only_of_its_own_image()
    {
        byte[] data = Fixtures.Format("yuv420.jpg");
        int scan = data.AsSpan().IndexOf<byte>([0xFF, 0xDA]);
        ImageDecoder.Decode([.. data[..scan], 1, 2, 3, .. data[scan..]]);
        Assert.DoesNotContain("extraneous", Refusal(Fixtures.Format("raw.tif")[..300]).Problem, StringComparison.Ordinal);
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
        Assert.StartsWith(
            content.Length == 0 ? "The file is empty." : "This is not a JPEG, PNG, WebP, BMP, TIFF or GIF image",
            refusal.Problem,
            StringComparison.Ordinal
        );
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
        Assert.Equal("This is a directory.", refusal.Problem);
    }

    [Fact]
    public void A_missing_file_is_an_io_error() =>
        Assert.Throws<FileNotFoundException>(() => ImageDecoder.Load(Fixtures.At("missing.png")));

    [Fact]
    public void More_bytes_than_allowed_are_refused_before_they_are_read()
    {
        var limits = new ImageLimits { MaxBytes = 1000 };
        using var endless = new EndlessStream([0xFF, 0xD8, 0xFF, 0xE0]);
        var refusal = Assert.Throws<ImageFormatException>(() => ImageDecoder.Load(endless, "endless", limits));
        Assert.Contains("more bytes than the limit of 1000", refusal.Message, StringComparison.Ordinal);
        Assert.Throws<ImageFormatException>(() => ImageDecoder.Load(Fixtures.At("rocket.jpg"), limits));
        // What is no image is not read on, whatever the limit.
        using var zeros = new EndlessStream([]);
        refusal = Assert.Throws<ImageFormatException>(() =>
            ImageDecoder.Load(zeros, "zeros", new ImageLimits { MaxBytes = long.MaxValue })
        );
        Assert.StartsWith("zeros: This is not a JPEG", refusal.Message, StringComparison.Ordinal);
        Assert.Throws<ImageFormatException>(() => ImageDecoder.Decode(new byte[1001], limits: limits));
    }

    private static ImageFormatException Refusal(byte[] data) => Assert.Throws<ImageFormatException>(() => ImageDecoder.Decode(data));

    private sealed class EndlessStream(byte[] start) : MemoryStream
    {
        public override bool CanSeek => false;

        public override int Read(Span<byte> buffer)
        {
            start.CopyTo(buffer);
            return buffer.Length;
        }
    }
}
