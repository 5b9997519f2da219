using System.IO.Compression;
using System.Text;
using MogaSharp.Testing;
using NetVips;

namespace MogaSharp.Imaging.Tests;

/// <summary>
/// Numbers in PNG images. libvips and Pillow are the judges: of what they write, and of what they see in what is written.
/// </summary>
public sealed class IndexPngTests
{
    private static readonly FixtureFile Expected = Fixtures.Tensors("expected.safetensors");
    private static readonly byte[] Palette = [.. Enumerable.Range(0, 7 * 3).Select(i => (byte)(i * 37))];

    // Pillow spreads the numbers of few bits over all shades of gray.
    [Theory]
    [InlineData("grey1.png", 255, 1)]
    [InlineData("grey2.png", 85, 1)]
    [InlineData("grey4.png", 17, 1)]
    [InlineData("grey.png", 1, 1)]
    [InlineData("grey_key.png", 1, 1)]
    [InlineData("grey16.png", 1, 256)]
    public void Gray_samples_are_the_numbers(string name, int factor, int divisor)
    {
        IndexPng image = IndexPng.Decode(Fixtures.Format(name), name);
        Assert.Equal(Expected.SizeOf(name), (image.Height, image.Width));
        AssertPixels.Equal(
            Expected.Bytes(name),
            [.. image.Values.SelectMany(value => Enumerable.Repeat((byte)(value * factor / divisor), 3))]
        );
        if (divisor > 1)
            Assert.Contains(image.Values, value => value % divisor != 0);
    }

    [Theory]
    [InlineData("palette1.png")]
    [InlineData("palette2.png")]
    [InlineData("palette4.png")]
    [InlineData("palette8.png")]
    [InlineData("palette_alpha.png")]
    public void Places_in_a_palette_are_the_numbers(string name)
    {
        byte[] data = Fixtures.Format(name);
        IndexPng image = IndexPng.Decode(data, name);
        byte[] palette = data[(data.AsSpan().IndexOf("PLTE"u8) + 4)..];
        AssertPixels.Equal(Expected.Bytes(name), [.. image.Values.SelectMany(value => palette.AsSpan(value * 3, 3).ToArray())]);
    }

    [Theory]
    [InlineData(1, 1, 8, false)]
    [InlineData(1, 1, 8, true)]
    [InlineData(61, 43, 8, true)]
    [InlineData(61, 43, 8, false)]
    [InlineData(61, 43, 4, true)]
    [InlineData(61, 43, 2, true)]
    [InlineData(61, 43, 1, true)]
    [InlineData(3, 2, 1, true)]
    [InlineData(61, 43, 16, true)]
    [InlineData(5, 9, 16, false)]
    public void What_libvips_writes_is_read_with_every_filter_and_interlaced(int width, int height, int bits, bool isInterlaced)
    {
        var random = new Random(width + bits);
        ushort[] values =
        [
            .. Enumerable.Range(0, width * height).Select(i => (ushort)(random.Next(3) == 0 ? random.Next(1 << bits) : i % (1 << bits))),
        ];
        foreach (Enums.ForeignPngFilter filter in Enum.GetValues<Enums.ForeignPngFilter>())
        {
            byte[] png = Written(values, width, height, bits, isInterlaced, filter);
            Assert.Equal(isInterlaced ? 1 : 0, png[28]);
            IndexPng image = IndexPng.Decode(png);
            Assert.Equal((width, height), (image.Width, image.Height));
            Assert.Equal(values, image.Values);
        }
    }

    [Fact]
    public void What_is_written_has_the_numbers_and_for_others_the_colors()
    {
        using var folder = new TemporaryFolder();
        byte[] values = [.. Enumerable.Range(0, 83 * 29).Select(i => (byte)(i * i % 7))];
        IndexPng.Save(folder.File("map.png"), values, 83, 29, Palette);
        Assert.Equal(values.Select(value => (ushort)value), IndexPng.Load(folder.File("map.png")).Values);
        RgbImage seen = ImageDecoder.Load(folder.File("map.png"));
        Assert.Equal((83, 29), (seen.Width, seen.Height));
        AssertPixels.Equal([.. values.SelectMany(value => Palette.AsSpan(value * 3, 3).ToArray())], seen.Pixels);
        Assert.Equal(["map.png"], folder.FileNames);
    }

    [Fact]
    public void All_256_colors_can_be_used()
    {
        byte[] palette = [.. Enumerable.Range(0, 768).Select(i => (byte)(i / 3))],
            values = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
        Assert.Equal(values.Select(value => (ushort)value), IndexPng.Decode(IndexPng.Encode(values, 16, 16, palette)).Values);
    }

    [Fact]
    public void What_cannot_be_written_is_refused()
    {
        ArgumentException wrong = Assert.Throws<ArgumentException>(() => IndexPng.Encode([0, 1, 7], 3, 1, Palette));
        Assert.StartsWith("The number 7 has no color; there are 7.", wrong.Message);
        wrong = Assert.Throws<ArgumentException>(() => IndexPng.Encode([0, 1], 3, 1, Palette));
        Assert.StartsWith("3 x 1 pixels are not 2 numbers.", wrong.Message);
        wrong = Assert.Throws<ArgumentException>(() => IndexPng.Encode([0], 1, 1, Palette.AsSpan(1)));
        Assert.StartsWith("20 samples are not 1 to 256 colors.", wrong.Message);
        Assert.Throws<ArgumentException>(() => IndexPng.Encode([0], 1, 1, []));
    }

    [Theory]
    [InlineData("rgb.png", "The pixels are colors or have opacity; numbers are read from a palette or gray.")]
    [InlineData("rgba16.png", "The pixels are colors or have opacity; numbers are read from a palette or gray.")]
    [InlineData("grey_alpha.png", "The pixels are colors or have opacity; numbers are read from a palette or gray.")]
    [InlineData("1.bmp", "This is a Bmp image; numbers of pixels are read from PNG images.")]
    public void Images_of_other_kinds_are_refused(string name, string problem) => Assert.Equal(problem, ProblemOf(Fixtures.Format(name)));

    [Fact]
    public void Damaged_files_are_refused_with_the_reason()
    {
        byte[] png = IndexPng.Encode([0, 1, 2, 3, 4, 5], 3, 2, Palette);
        int pixels = png.AsSpan().IndexOf("IDAT"u8);
        Assert.Equal("The file is empty.", ProblemOf([]));
        Assert.StartsWith("This is not a JPEG, PNG,", ProblemOf([1, 2, 3]));
        for (int length = 8; length < png.Length; length++)
            Assert.Equal("The PNG image is truncated or corrupt (it is cut off).", ProblemOf(png[..length]));
        Assert.Equal("The PNG image is truncated or corrupt (the checksum of 'IDAT' is wrong).", ProblemOf(Changed(png, pixels + 7)));
        Assert.Equal("The PNG image is truncated or corrupt (its header is not one of PNG).", ProblemOf(WithHeader(png, 9, 5)));
        Assert.Equal("The PNG image is truncated or corrupt (its header is not one of PNG).", ProblemOf(WithHeader(png, 8, 16)));
        Assert.Equal("The PNG image is truncated or corrupt (its pixels are cut off).", ProblemOf(WithHeader(png, 7, 4)));
        Assert.Equal("The PNG image is truncated or corrupt (its pixels are missing).", ProblemOf(WithHeader(png, 6, 100)));
        Assert.Contains("the limit of a side is 32768", ProblemOf(WithHeader(png, 0, 100)), StringComparison.Ordinal);
        Assert.Equal("The PNG image is truncated or corrupt (there is no filter 5).", ProblemOf(WithPixels(png, [5, 0, 1, 2, 0, 3, 4, 5])));
        byte[] wrongSum = Packed([0, 0, 1, 2, 0, 3, 4, 5]);
        wrongSum[^1] ^= 1;
        Assert.Equal("The PNG image is truncated or corrupt (its pixels cannot be unpacked).", ProblemOf(WithChunk(png, "IDAT", wrongSum)));
        Assert.Equal(6, IndexPng.Decode(WithPixels(png, [1, 0, 1, 2, 4, 3, 4, 5])).Values.Length);
    }

    [Fact]
    public void Limits_are_kept()
    {
        var limits = new ImageLimits { MaxPixels = 5 };
        byte[] png = IndexPng.Encode([0, 1, 2, 3, 4, 5], 3, 2, Palette);
        Assert.Contains(
            "The image has 3 x 2 pixels; the limit is 5 pixels",
            Assert.Throws<ImageFormatException>(() => IndexPng.Decode(png, "map.png", limits)).Message,
            StringComparison.Ordinal
        );
        limits = new ImageLimits { MaxBytes = 20 };
        Assert.Throws<ImageFormatException>(() => IndexPng.Decode(png, "map.png", limits));
    }

    // The checksums of chunks are put right, since hardly a change would get past them.
    [Fact]
    public void Only_the_one_exception_escapes_from_changed_files()
    {
        var limits = new ImageLimits { MaxPixels = 1 << 20, MaxSide = 4096 };
        int rounds = Environment.GetEnvironmentVariable("MOGA_LONG_TESTS") == "1" ? 20_000 : 500,
            read = 0;
        var random = new Random(11);
        string[] files = ["grey1.png", "grey4.png", "grey.png", "grey16.png", "palette2.png", "palette8.png"];
        for (int round = 0; round < rounds; round++)
        {
            byte[] png = [.. Fixtures.Format(files[round % files.Length])];
            for (int change = random.Next(1, 5); change > 0; change--)
                png[random.Next(2) == 0 ? random.Next(8, 60) : random.Next(8, png.Length)] = (byte)random.Next(256);
            try
            {
                IndexPng image = IndexPng.Decode(WithChecksums(png), "map.png", limits);
                Assert.True(image.Width <= limits.MaxSide && image.Height <= limits.MaxSide);
                read++;
            }
            catch (ImageFormatException) { }
        }

        Assert.InRange(read, rounds / 50, rounds - 1);
    }

    private static byte[] Written(ushort[] values, int width, int height, int bits, bool isInterlaced, Enums.ForeignPngFilter filter)
    {
        // Spread over all shades of gray, so that the high bits of a byte are the same as the low ones.
        byte[] samples = [.. values.Select(value => (byte)(bits < 8 ? value * 255 / ((1 << bits) - 1) : value))];
        using Image image =
            bits == 16
                ? Image
                    .NewFromMemoryCopy<ushort>(values, width, height, 1, Enums.BandFormat.Ushort)
                    .Copy(interpretation: Enums.Interpretation.Grey16)
                : Image
                    .NewFromMemoryCopy<byte>(samples, width, height, 1, Enums.BandFormat.Uchar)
                    .Copy(interpretation: Enums.Interpretation.Bw);
        return image.PngsaveBuffer(interlace: isInterlaced, filter: filter, bitdepth: bits);
    }

    private static string ProblemOf(byte[] data) => Assert.Throws<ImageFormatException>(() => IndexPng.Decode(data, "map.png")).Problem;

    private static byte[] Changed(byte[] png, int at)
    {
        byte[] changed = [.. png];
        changed[at] ^= 0x10;
        return changed;
    }

    private static byte[] WithHeader(byte[] png, int at, byte value)
    {
        byte[] changed = [.. png];
        changed[16 + at] = value;
        return WithChecksums(changed);
    }

    private static byte[] WithPixels(byte[] png, byte[] rows) => WithChunk(png, "IDAT", Packed(rows));

    private static byte[] Packed(byte[] rows)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            zlib.Write(rows);
        return packed.ToArray();
    }

    private static byte[] WithChunk(byte[] png, string kind, byte[] content)
    {
        int start = png.AsSpan().IndexOf(Encoding.ASCII.GetBytes(kind)) - 4,
            length = (png[start + 2] << 8) | png[start + 3];
        return WithChecksums([
            .. png[..start],
            0,
            0,
            (byte)(content.Length >> 8),
            (byte)content.Length,
            .. Encoding.ASCII.GetBytes(kind),
            .. content,
            0,
            0,
            0,
            0,
            .. png[(start + 12 + length)..],
        ]);
    }

    private static byte[] WithChecksums(byte[] png)
    {
        for (long at = 8; at + 12 <= png.Length; )
        {
            long length = ((long)png[at] << 24) | ((long)png[at + 1] << 16) | ((long)png[at + 2] << 8) | png[at + 3];
            if (at + 12 + length > png.Length)
                break;
            uint sum = Crc(png.AsSpan((int)at + 4, (int)length + 4));
            for (int i = 0; i < 4; i++)
                png[at + 8 + length + i] = (byte)(sum >> (24 - (8 * i)));
            at += 12 + length;
        }

        return png;
    }

    // As the PNG specification has it, bit by bit.
    private static uint Crc(ReadOnlySpan<byte> data)
    {
        uint crc = ~0u;
        foreach (byte value in data)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ 0xEDB88320;
        }

        return ~crc;
    }
}
