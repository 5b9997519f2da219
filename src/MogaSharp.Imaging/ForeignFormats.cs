using System.Text;

namespace MogaSharp.Imaging;

/// <summary>Names files that are not decoded by their first bytes, so that a message can say what a file is.</summary>
internal static class ForeignFormats
{
    /// <summary>The first bytes that are looked at, at most.</summary>
    public const int MaxBytes = 1024;

    private const string Known = "This is not a JPEG, PNG, WebP, BMP, TIFF or GIF image";
    private const string ConvertIt = "convert it to PNG or JPEG";
    private const string SaveFrames = "save its frames as PNG images";
    private const string Unpack = "unpack it and name the images inside";
    private const string Download = "download the image itself";

    private static readonly (int At, byte[] Magic, string Name)[] Signatures =
    [
        (0, [0xFF, 0x0A], "a JPEG XL image"),
        (0, [0, 0, 0, 12, .. "JXL \r\n"u8], "a JPEG XL image"),
        (0, [0, 0, 0, 12, .. "jP  \r\n"u8], "a JPEG 2000 image"),
        (0, [0xFF, 0x4F, 0xFF, 0x51], "a JPEG 2000 image"),
        (0, [0x8A, .. "MNG\r\n"u8], "an MNG animation"),
        (0, [0x8B, .. "JNG\r\n"u8], "a JNG image"),
        (0, [.. "8BPS"u8], "a Photoshop document"),
        (0, [0, 0, 1, 0], "an icon (ICO)"),
        (0, [0, 0, 2, 0], "a cursor (CUR)"),
        (0, [0x76, 0x2F, 0x31, 0x01], "an OpenEXR image"),
        (0, [.. "#?RADIANCE"u8], "a Radiance HDR image"),
        (0, [.. "#?RGBE"u8], "a Radiance HDR image"),
        (0, [.. "qoif"u8], "a QOI image"),
        (0, [.. "DDS "u8], "a DDS texture"),
        (0, [.. "gimp xcf"u8], "a GIMP document"),
        (0, [.. "icns"u8], "an Apple icon"),
        (0, [.. "BPG"u8, 0xFB], "a BPG image"),
        (0, [.. "II"u8, 0xBC], "a JPEG XR image"),
        (0, [.. "FUJIFILMCCD-RAW"u8], "a raw photo (RAF)"),
        (0, [.. "IIRO"u8], "a raw photo (ORF)"),
        (0, [.. "IIRS"u8], "a raw photo (ORF)"),
        (0, [.. "IIU\0"u8], "a raw photo (RW2)"),
        (0, [.. "MMOR"u8], "a raw photo (ORF)"),
        (0, [.. "II+\0"u8], "a BigTIFF image"),
        (0, [.. "MM\0+"u8], "a BigTIFF image"),
        (0, [.. "%PDF"u8], "a PDF document"),
        (0, [.. "%!PS"u8], "a PostScript document"),
        (0, [0xD7, 0xCD, 0xC6, 0x9A], "a Windows metafile"),
        (0, [0x1A, 0x45, 0xDF, 0xA3], "a Matroska or WebM video"),
        (0, [.. "FLV"u8], "a Flash video"),
        (0, [0, 0, 1, 0xBA], "an MPEG video"),
        (0, [0, 0, 1, 0xB3], "an MPEG video"),
        (8, [.. "AVI "u8], "an AVI video"),
        (8, [.. "WAVE"u8], "a WAV sound"),
        (0, [.. "OggS"u8], "an Ogg file"),
        (0, [.. "PK\u0003\u0004"u8], "a ZIP archive"),
        (0, [0x1F, 0x8B], "a gzip archive"),
        (0, [0x28, 0xB5, 0x2F, 0xFD], "a zstd archive"),
        (0, [0xFD, .. "7zXZ"u8], "an xz archive"),
        (0, [.. "BZh"u8], "a bzip2 archive"),
        (0, [.. "7z"u8, 0xBC, 0xAF], "a 7z archive"),
        (0, [.. "Rar!"u8], "a RAR archive"),
        (257, [.. "ustar"u8], "a tar archive"),
        (0, [0x93, .. "NUMPY"u8], "a NumPy array"),
        (0, [0x89, .. "HDF"u8], "an HDF5 file"),
        (0, [.. "FOVb"u8], "a raw photo (X3F)"),
        (0, [.. "SIMPLE  ="u8], "a FITS image"),
        (128, [.. "DICM"u8], "a DICOM image"),
    ];

    /// <summary>What a message says of a file that is not of a format that is decoded.</summary>
    /// <param name="data">The file; only its first <see cref="MaxBytes"/> and the last 26 bytes are looked at.</param>
    public static string Problem(ReadOnlySpan<byte> data)
    {
        if (data.StartsWith("version https://git-lfs"u8))
            return $"{Known}, but a Git LFS pointer to the file; 'git lfs pull' fetches it.";
        return Name(data) is { } name ? $"{Known}, but {name}; {Advice(name)}." : $"{Known}.";
    }

    private static string Advice(string name) =>
        name switch
        {
            "an HTML page" or "a JSON text" => Download,
            "a BigTIFF image" => "save it as a classic TIFF, PNG or JPEG",
            _ when name.EndsWith("video", StringComparison.Ordinal) || name.EndsWith("animation", StringComparison.Ordinal) => SaveFrames,
            _ when name.EndsWith("archive", StringComparison.Ordinal) => Unpack,
            _ when name.EndsWith("file", StringComparison.Ordinal) || name.EndsWith("sound", StringComparison.Ordinal) =>
                "only images are taken",
            _ => ConvertIt,
        };

    private static string? Name(ReadOnlySpan<byte> data)
    {
        ReadOnlySpan<byte> head = data[..Math.Min(data.Length, MaxBytes)];
        foreach ((int at, byte[] magic, string name) in Signatures)
            if (head.Length > at && head[at..].StartsWith(magic))
                return name;
        if (head.Length >= 12 && head[4..].StartsWith("ftyp"u8))
            return Brand(Encoding.Latin1.GetString(head.Slice(8, 4)));
        // Old QuickTime files begin with their content.
        if (head.Length >= 12 && (head[4..].StartsWith("moov"u8) || head[4..].StartsWith("mdat"u8)))
            return "a QuickTime video";
        if (IsPnm(head))
            return "a PNM (PBM, PGM, PPM, PAM or PFM) image";
        if (data.Length > 44 && data.EndsWith("TRUEVISION-XFILE.\0"u8))
            return "a TGA image";
        bool isText = !head[..Math.Min(head.Length, 64)].ContainsAnyExceptInRange((byte)9, (byte)126);
        return isText || head.StartsWith<byte>([0xEF, 0xBB, 0xBF]) ? Text(head) : null;
    }

    private static bool IsPnm(ReadOnlySpan<byte> head) =>
        head.Length > 2
        && head[0] == 'P'
        && (head[1] is (>= (byte)'1' and <= (byte)'7') or (byte)'F' or (byte)'f')
        && head[2] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t' or (byte)'#';

    private static string Brand(string brand) =>
        brand switch
        {
            "heic" or "heix" or "heim" or "heis" or "hevc" or "hevx" or "mif1" or "mif2" or "msf1" => "a HEIC or HEIF image",
            "avif" or "avis" => "an AVIF image",
            "jxl " => "a JPEG XL image",
            "jp2 " or "jpx " or "jph " => "a JPEG 2000 image",
            "crx " => "a raw photo (CR3)",
            "qt  " => "a QuickTime video",
            _ => "an MP4 video",
        };

    private static string? Text(ReadOnlySpan<byte> head)
    {
        string start = Encoding.UTF8.GetString(head).TrimStart('\uFEFF').TrimStart();
        bool Begins(string word) => start.StartsWith(word, StringComparison.OrdinalIgnoreCase);
        if (Begins("<!doctype html") || Begins("<html"))
            return "an HTML page";
        // What comes before the drawing may be a declaration, a document type or comments.
        if (Begins("<") && start.Contains("<svg", StringComparison.OrdinalIgnoreCase))
            return "an SVG drawing";
        if (Begins("<?xml"))
            return "an XML document";
        return start is ['{', ..] or ['[', ..] ? "a JSON text" : null;
    }
}
