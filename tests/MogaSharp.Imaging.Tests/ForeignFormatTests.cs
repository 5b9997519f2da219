using System.Text;

namespace MogaSharp.Imaging.Tests;

/// <summary>Files that are not decoded are named by what they are.</summary>
public sealed class ForeignFormatTests
{
    private const string Known = "This is not a JPEG, PNG, WebP, BMP, TIFF or GIF image";

    [Theory]
    [InlineData("\0\0\0\u0018ftypheic\0\0\0\0", "a HEIC or HEIF image; convert it to PNG or JPEG")]
    [InlineData("\0\0\0\u0018ftypmif1\0\0\0\0", "a HEIC or HEIF image; convert it to PNG or JPEG")]
    [InlineData("\0\0\0\u001cftypavif\0\0\0\0", "an AVIF image; convert it to PNG or JPEG")]
    [InlineData("\0\0\0\u0018ftypcrx \0\0\0\0", "a raw photo (CR3); convert it to PNG or JPEG")]
    [InlineData("\0\0\0\u0018ftypmp42\0\0\0\0", "an MP4 video; save its frames as PNG images")]
    [InlineData("\0\0\0\u0014ftypqt  \0\0\0\0", "a QuickTime video; save its frames as PNG images")]
    [InlineData("RIFF\0\0\0\0AVI LIST", "an AVI video; save its frames as PNG images")]
    [InlineData("\u001aE\u00df\u00a3", "a Matroska or WebM video; save its frames as PNG images")]
    [InlineData("\u008aMNG\r\n\u001a\n", "an MNG animation; save its frames as PNG images")]
    [InlineData("\u00ff\u000a\u0012\u0034", "a JPEG XL image; convert it to PNG or JPEG")]
    [InlineData("\0\0\0\u000cjP  \r\n\u0087\n", "a JPEG 2000 image; convert it to PNG or JPEG")]
    [InlineData("<?xml version='1.0'?>\n<!-- c -->\n<svg width='9'/>", "an SVG drawing; convert it to PNG or JPEG")]
    [InlineData("%PDF-1.7", "a PDF document; convert it to PNG or JPEG")]
    [InlineData("8BPS\0\u0001", "a Photoshop document; convert it to PNG or JPEG")]
    [InlineData("P5 3 3 255\n", "a PNM (PBM, PGM, PPM, PAM or PFM) image; convert it to PNG or JPEG")]
    [InlineData("\0\0\u0001\0\u0001\0", "an icon (ICO); convert it to PNG or JPEG")]
    [InlineData("v/1\u0001\u0002\0\0\0", "an OpenEXR image; convert it to PNG or JPEG")]
    [InlineData("DDS |\0\0\0", "a DDS texture; convert it to PNG or JPEG")]
    [InlineData("qoif\0\0", "a QOI image; convert it to PNG or JPEG")]
    [InlineData("FUJIFILMCCD-RAW 0201", "a raw photo (RAF); convert it to PNG or JPEG")]
    [InlineData("II+\0\u0008\0", "a BigTIFF image; save it as a classic TIFF, PNG or JPEG")]
    [InlineData("PK\u0003\u0004....", "a ZIP archive; unpack it and name the images inside")]
    [InlineData("\u001f\u008b\u0008\0", "a gzip archive; unpack it and name the images inside")]
    [InlineData("  <!DOCTYPE html><html>", "an HTML page; download the image itself")]
    [InlineData("{\"error\": 1}", "a JSON text; download the image itself")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid", "a Git LFS pointer to the file; 'git lfs pull' fetches it")]
    public void A_known_file_is_named_with_what_to_do(string start, string rest)
    {
        byte[] data = Encoding.Latin1.GetBytes(start);
        Assert.Equal($"{Known}, but {rest}.", Problem(data));
        using var stream = new MemoryStream([.. data, .. Enumerable.Repeat((byte)32, 200_000)]);
        Assert.StartsWith(
            $"x: {Known}, but {rest}",
            Assert.Throws<ImageFormatException>(() => ImageDecoder.Load(stream, "x")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_tga_image_is_known_by_its_end() =>
        Assert.Equal(
            $"{Known}, but a TGA image; convert it to PNG or JPEG.",
            Problem([0, 0, 2, 9, .. new byte[40], .. "TRUEVISION-XFILE.\0"u8])
        );

    [Theory]
    [InlineData("just a text")]
    [InlineData("\u0001\u0002\u0003\u0004")]
    [InlineData("P")]
    [InlineData("<")]
    [InlineData("\0")]
    public void An_unknown_file_gets_no_invented_name(string content) =>
        Assert.Equal($"{Known}.", Problem(Encoding.Latin1.GetBytes(content)));

    [Theory]
    [InlineData(0xC3, "a lossless JPEG image")]
    [InlineData(0xC5, "a hierarchical JPEG image")]
    [InlineData(0xF7, "a JPEG-LS image")]
    public void Rare_kinds_of_jpeg_are_named(int frame, string name)
    {
        byte[] data = Fixtures.Format("grey.jpg");
        data[data.AsSpan().IndexOf<byte>([0xFF, 0xC0]) + 1] = (byte)frame;
        Assert.Equal($"This is {name}, which is not decoded; convert it to PNG or a usual JPEG.", Problem(data));
    }

    [Fact]
    public void Raw_photos_in_the_form_of_tiff_are_named()
    {
        const string Raw = "This is a camera's raw photo (DNG, CR2, NEF or similar); develop it to JPEG or PNG.";
        Assert.Equal(Raw, Problem([.. "II*\0"u8, 16, 0, 0, 0, .. "CR\u0002\0"u8, .. new byte[60]]));
        Assert.Equal(Raw, Problem(Tiff((50706, 1, 0x0401))));
        Assert.Equal(Raw, Problem(Tiff((254, 4, 1), (330, 4, 999))));
        // A reduced image alone, or one with others within, is an image.
        Assert.NotEqual(Raw, Problem(Tiff((254, 4, 1))));
        Assert.NotEqual(Raw, Problem(Tiff((330, 4, 999))));
    }

    [Fact]
    public void Scans_do_not_hide_behind_a_marker_without_a_length()
    {
        byte[] data = Fixtures.Format("progressive.jpg");
        int scan = data.AsSpan().LastIndexOf<byte>([0xFF, 0xDA]);
        byte[] many = [.. Enumerable.Repeat(data[scan..^2], 200).SelectMany(bytes => bytes)];
        byte[] hidden = [.. data[..scan], 0xFF, 0x05, 0x7F, 0xF0, .. many, 0xFF, 0xD9];
        Assert.Equal("This is a JPEG image of more than 100 scans.", Problem(hidden));
    }

    private static byte[] Tiff(params (int Tag, int Type, int Value)[] entries)
    {
        IEnumerable<byte> Words(params int[] words) => words.SelectMany(word => new[] { (byte)word, (byte)(word >> 8) });
        return
        [
            .. "II*\0"u8,
            8,
            0,
            0,
            0,
            (byte)entries.Length,
            0,
            .. entries.SelectMany(e => Words(e.Tag, e.Type, 1, 0, e.Value, 0)),
            0,
            0,
            0,
            0,
        ];
    }

    private static string Problem(byte[] data) => Assert.Throws<ImageFormatException>(() => ImageDecoder.Decode(data)).Problem;
}
