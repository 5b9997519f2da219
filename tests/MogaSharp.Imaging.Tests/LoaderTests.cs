using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using NetVips;

namespace MogaSharp.Imaging.Tests;

/// <summary>Which library decodes, and which of its loaders are open.</summary>
[Collection(nameof(AloneCollection))]
public sealed class LoaderTests
{
    private const string Svg = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>";

    /// <summary>Files that libvips has a loader for, or had in the system packages: the loader, how the file begins, how we name
    /// it.</summary>
    public static TheoryData<string, string, string> Foreign =>
        new()
        {
            { "svgload_buffer", Svg, "an SVG drawing" },
            { "pdfload_buffer", "%PDF-1.4\n%", "a PDF document" },
            { "magickload_buffer", "8BPS\0\u0001", "a Photoshop document" },
            { "vipsload_source", "\u00b6\u00a6\u00f2\u0008", "" },
            { "csvload_source", "1,2,3\n4,5,6\n", "" },
            { "matload", "MATLAB 5.0 MAT-file", "" },
            { "ppmload_buffer", "P6\n1 1\n255\nabc", "" },
            { "radload_buffer", "#?RADIANCE\n", "a Radiance HDR image" },
            { "heifload_buffer", "\0\0\0\u0018ftypheic", "a HEIC or HEIF image" },
            { "rawload", "raw", "" },
        };

    [Theory]
    [MemberData(nameof(Foreign))]
    public void Other_files_are_refused_before_libvips_sees_them(string loader, string content, string kind)
    {
        Assert.NotEmpty(loader);
        byte[] data = [.. Encoding.Latin1.GetBytes(content), .. Enumerable.Repeat((byte)32, 64)];
        var refusal = Assert.Throws<ImageFormatException>(() => ImageDecoder.Decode(data, "file"));
        Assert.StartsWith(
            "file: This is not a JPEG, PNG, WebP, BMP, TIFF or GIF image" + (kind.Length > 0 ? ", but " + kind : ""),
            refusal.Message,
            StringComparison.Ordinal
        );
        Assert.Null(refusal.InnerException);
    }

    [Theory]
    [MemberData(nameof(Foreign))]
    public void Their_loaders_are_blocked_for_the_whole_process(string loader, string content, string kind)
    {
        Assert.NotNull(kind);
        ImageDecoder.Decode(Fixtures.Format("rgb.png"));
        byte[] data = Encoding.Latin1.GetBytes(content);
        if (loader == "heifload_buffer")
            data = Avif();
        using Source source = Source.NewFromMemory(data);
        object input =
            loader.EndsWith("_buffer", StringComparison.Ordinal) ? data
            : loader.EndsWith("_source", StringComparison.Ordinal) ? source
            : Fixtures.At("rocket.jpg");
        object[] inputs = loader == "rawload" ? [input, 1, 1, 1] : [input];
        var failure = Assert.Throws<VipsException>(() => Operation.Call(loader, null, inputs));
        Assert.True(
            failure.Message.Contains("operation is blocked", StringComparison.Ordinal)
                || failure.Message.Contains("no such operation", StringComparison.Ordinal)
                || failure.Message.Contains($"class \"{loader}\" not found", StringComparison.Ordinal),
            failure.Message
        );
    }

    [Fact]
    public void Only_the_loaders_that_are_used_are_open()
    {
        ImageDecoder.Decode(Fixtures.Format("rgb.png"));
        string[] open =
        [
            .. NetVips
                .NetVips.GetOperations()
                .Where(name => name.EndsWith("load_source", StringComparison.Ordinal) && IsOpen(name))
                .Order(StringComparer.Ordinal),
        ];
        Assert.Equal(["gifload_source", "jpegload_source", "pngload_source", "tiffload_source", "webpload_source"], open);
    }

    [Fact]
    public async Task What_libvips_says_of_odd_files_stays_inside()
    {
        (string output, string errors) = await OwnProcess.RunAsync(typeof(InAProcessOfItsOwn));
        Assert.Contains("Total: 1, Errors: 0, Failed: 0, Skipped: 0", output, StringComparison.Ordinal);
        Assert.Empty(errors);
        Assert.DoesNotContain("VIPS-WARNING", output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_library_is_the_one_that_comes_along()
    {
        ImageDecoder.Decode(Fixtures.Format("rgb.png"));
        string[] libraries =
        [
            .. Process
                .GetCurrentProcess()
                .Modules.Cast<ProcessModule>()
                .Select(module => module.FileName)
                .Where(file => Path.GetFileName(file).StartsWith("libvips", StringComparison.Ordinal))
                .Distinct(),
        ];
        string library = Assert.Single(libraries);
        Assert.StartsWith(AppContext.BaseDirectory, library, StringComparison.Ordinal);
        Assert.True(NetVips.NetVips.AtLeastLibvips(8, 18));
    }

    private static bool IsOpen(string loader)
    {
        byte[] data = loader == "heifload_source" ? Avif() : [0];
        using Source source = Source.NewFromMemory(data);
        return !Assert
            .Throws<VipsException>(() => Operation.Call(loader, null, source))
            .Message.Contains("operation is blocked", StringComparison.Ordinal);
    }

    // This loader reads the header before it is told that it is blocked.
    private static byte[] Avif()
    {
        using Image black = Image.Black(64, 64, 3);
        return black.HeifsaveBuffer(compression: Enums.ForeignHeifCompression.Av1);
    }

    /// <summary>Explicit: this runs only in the process that the test above starts.</summary>
    public sealed class InAProcessOfItsOwn
    {
        [Fact(Explicit = true)]
        public void A_warning_is_not_printed()
        {
            byte[] data = WithOddProfile(Fixtures.Format("grey.png"));
            Assert.Equal(33, ImageDecoder.Decode(data).Width);
            var warnings = new List<string>();
            Log.SetLogHandler("VIPS", Enums.LogLevelFlags.Warning, (_, _, message) => warnings.Add(message));
            ImageDecoder.Decode(data);
            Assert.Contains(warnings, warning => warning.Contains("iCCP", StringComparison.Ordinal));
        }

        // A chunk for a color profile that holds none, behind the header.
        private static byte[] WithOddProfile(byte[] png)
        {
            byte[] chunk = [.. "iCCP"u8, (byte)'p', 0, 0, 1, 2, 3];
            byte[] length = new byte[4],
                sum = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(length, chunk.Length - 4);
            BinaryPrimitives.WriteUInt32BigEndian(sum, Crc(chunk));
            return [.. png[..33], .. length, .. chunk, .. sum, .. png[33..]];
        }

        private static uint Crc(byte[] data)
        {
            uint crc = uint.MaxValue;
            foreach (byte value in data)
            {
                crc ^= value;
                for (int bit = 0; bit < 8; bit++)
                    crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
            }

            return ~crc;
        }
    }
}
