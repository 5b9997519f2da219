using System.Buffers.Binary;

namespace MogaSharp.Imaging.Native;

/// <summary>What the first directory of a TIFF file says about its samples. Reads nothing but that directory, and takes no more memory than
/// it names samples.</summary>
internal sealed record TiffHeader
{
    private const int EntryBytes = 12,
        MaxValues = 64,
        Short = 3,
        Long = 4;

    // Gray (0: white is zero), RGB, palette, CMYK, YCbCr, CIELAB.
    private const int Rgb = 2,
        Palette = 3,
        Cmyk = 5,
        YCbCr = 6,
        CieLab = 8;

    /// <summary>How samples become colors, by the numbers of TIFF 6.0.</summary>
    public int Photometric { get; private init; } = 1;

    /// <summary>Where the file says so, in two bytes.</summary>
    private int PhotometricAt { get; init; }

    /// <summary>Where the file says in four bytes where the next page begins; 0 where the directory is cut off before.</summary>
    private int NextDirectoryAt { get; init; }

    /// <summary>Samples of a pixel.</summary>
    public int Samples { get; private init; } = 1;

    /// <summary>Bits of the first sample.</summary>
    public int Bits { get; private init; } = 1;

    /// <summary>What the samples beyond the colors are: 0 unspecified, 1 opacity that colors are multiplied by, 2 opacity.</summary>
    public IReadOnlyList<int> ExtraSamples { get; private init; } = [];

    /// <summary>Which of the extra samples is opacity, from 0; -1 for none.</summary>
    public int Opacity => ExtraSamples.ToList().FindIndex(meaning => meaning is 1 or 2);

    /// <summary>The longer side of a tile; 0 for strips.</summary>
    public long TileSide { get; private init; }

    /// <summary>Whether the image is a smaller version of another one in the file.</summary>
    public bool IsReduced { get; private init; }

    /// <summary>Whether other images belong to this one.</summary>
    public bool HasOthersWithin { get; private init; }

    /// <summary>Whether the file is a digital negative.</summary>
    public bool IsDng { get; private init; }

    /// <summary>Whether colors are CIELAB.</summary>
    public bool IsLab => Photometric == CieLab;

    /// <summary>The samples that are colors; what follows them is opacity or something else.</summary>
    public int Colors =>
        Photometric switch
        {
            Rgb or YCbCr or CieLab => 3,
            Cmyk => 4,
            _ => 1,
        };

    /// <summary>Reads the first directory; what is cut off or senseless counts as not said, for the decoder says what is wrong with
    /// it.</summary>
    public static TiffHeader Read(ReadOnlySpan<byte> data)
    {
        var header = new TiffHeader();
        if (data.Length < 8)
            return header;
        bool isLittleEndian = data[0] == 'I';
        uint directory = UInt32(data, 4, isLittleEndian);
        if (directory + 2L > data.Length)
            return header;
        ReadOnlySpan<byte> entries = data[((int)directory + 2)..];
        int count = Math.Min((int)UInt16(data, (int)directory, isLittleEndian), entries.Length / EntryBytes);
        if ((count * EntryBytes) + 4 <= entries.Length)
            header = header with { NextDirectoryAt = (int)directory + 2 + (count * EntryBytes) };
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = entries.Slice(i * EntryBytes, EntryBytes);
            int tag = UInt16(entry, 0, isLittleEndian);
            // The version of DNG is four bytes.
            if (tag == 50706)
                header = header with { IsDng = true };
            if (
                tag is not (254 or 258 or 262 or 277 or 322 or 323 or 330 or 338)
                || Values(data, entry, isLittleEndian) is not { Count: > 0 } values
            )
                continue;
            header = tag switch
            {
                254 => header with { IsReduced = (values[0] & 1) != 0 },
                330 => header with { HasOthersWithin = true },
                258 => header with { Bits = (int)Math.Min(values[0], ushort.MaxValue) },
                262 => header with
                {
                    Photometric = (int)Math.Min(values[0], ushort.MaxValue),
                    PhotometricAt = LowBytesAt((int)directory + 2 + (i * EntryBytes), entry, isLittleEndian),
                },
                277 => header with { Samples = (int)Math.Min(values[0], ushort.MaxValue) },
                338 => header with { ExtraSamples = [.. values.Select(value => (int)Math.Min(value, ushort.MaxValue))] },
                _ => header with { TileSide = Math.Max(header.TileSide, values[0]) },
            };
        }

        return header;
    }

    /// <summary>Rejects what would be decoded to other colors than were meant, by its name.</summary>
    /// <exception cref="ImageFormatException">The image has such samples.</exception>
    public void Check(string name)
    {
        // What comes first in such a file is a small preview.
        if (IsDng || (IsReduced && HasOthersWithin))
            throw RawPhoto(name);
        string? kind = Photometric switch
        {
            0 or 1 or Rgb or Palette or Cmyk or YCbCr => null,
            CieLab when Bits == 8 => null,
            4 => "a transparency mask",
            CieLab => $"CIELAB with {Bits} bits a sample",
            9 => "ICC L*a*b*",
            10 => "ITU L*a*b*",
            32803 => "the raw mosaic of a camera (DNG)",
            32844 or 32845 => "LogLuv",
            34892 => "linear camera data (DNG)",
            _ => $"photometric interpretation {Photometric}",
        };
        if (kind is not null)
            throw new ImageFormatException(name, $"This is a TIFF image with colors as {kind}; save it as RGB.");
        if (Photometric is 0 or 1 && Samples > 2 && ExtraSamples.Count == 0)
            throw new ImageFormatException(
                name,
                $"This is a TIFF image of {Samples} samples a pixel that are not said to be colors; save three of them as RGB."
            );
    }

    /// <summary>
    /// The file as libvips reads it; null when it does as it is. What differs: CIELAB is called red, green and blue, which are handed out
    /// as they are, for libvips packs CIELAB in a form of its own that it refuses from 8.18 on. And a further page that would begin behind
    /// the end of the file is not mentioned, for it is not read.
    /// </summary>
    /// <param name="data">The file that the header is of.</param>
    public byte[]? Adapted(ReadOnlySpan<byte> data)
    {
        bool isLittleEndian = data[0] == 'I',
            losesPage = NextDirectoryAt > 0 && UInt32(data, NextDirectoryAt, isLittleEndian) >= data.Length;
        if (!IsLab && !losesPage)
            return null;
        byte[] copy = data.ToArray();
        if (losesPage)
            copy.AsSpan(NextDirectoryAt, 4).Clear();
        if (IsLab && isLittleEndian)
            BinaryPrimitives.WriteUInt16LittleEndian(copy.AsSpan(PhotometricAt), Rgb);
        else if (IsLab)
            BinaryPrimitives.WriteUInt16BigEndian(copy.AsSpan(PhotometricAt), Rgb);
        return copy;
    }

    /// <summary>The refusal of a camera's raw photo.</summary>
    public static ImageFormatException RawPhoto(string name) =>
        new(name, "This is a camera's raw photo (DNG, CR2, NEF or similar); develop it to JPEG or PNG.");

    private static List<long>? Values(ReadOnlySpan<byte> data, ReadOnlySpan<byte> entry, bool isLittleEndian)
    {
        int type = UInt16(entry, 2, isLittleEndian);
        long count = Math.Min(UInt32(entry, 4, isLittleEndian), MaxValues);
        if (type is not (Short or Long))
            return null;
        int size = type == Short ? 2 : 4;
        ReadOnlySpan<byte> place = entry[8..];
        if (count * size > 4)
        {
            uint offset = UInt32(entry, 8, isLittleEndian);
            if (offset + (count * size) > data.Length)
                return null;
            place = data[(int)offset..];
        }

        var values = new List<long>((int)count);
        for (int i = 0; i < count; i++)
            values.Add(type == Short ? UInt16(place, i * 2, isLittleEndian) : UInt32(place, i * 4, isLittleEndian));
        return values;
    }

    // A small number lies in the first bytes of its entry's value.
    private static int LowBytesAt(int entryAt, ReadOnlySpan<byte> entry, bool isLittleEndian) =>
        entryAt + 8 + (isLittleEndian || UInt16(entry, 2, isLittleEndian) == Short ? 0 : 2);

    private static ushort UInt16(ReadOnlySpan<byte> data, int at, bool isLittleEndian) =>
        isLittleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(data[at..]) : BinaryPrimitives.ReadUInt16BigEndian(data[at..]);

    private static uint UInt32(ReadOnlySpan<byte> data, int at, bool isLittleEndian) =>
        isLittleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(data[at..]) : BinaryPrimitives.ReadUInt32BigEndian(data[at..]);
}
