using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Microsoft.Win32.SafeHandles;

namespace MogaSharp.Data;

/// <summary>A file inside a tar archive.</summary>
/// <param name="Name">Its path.</param>
/// <param name="Offset">Where its bytes begin.</param>
/// <param name="Size">How many they are.</param>
/// <param name="Archive">The archive that it is in, from 0, where several were joined in one file.</param>
/// <param name="IsFile">False for a link or a special file, which has no bytes.</param>
internal readonly record struct TarFile(string Name, long Offset, long Size, int Archive = 0, bool IsFile = true);

/// <summary>
/// Lists the files of a tar archive by its headers (ustar, GNU and pax), without reading what the files hold. Everything that a
/// header says is checked before it is believed; a broken archive is refused as a whole.
/// </summary>
/// <remarks>
/// Of our own and not <see cref="System.Formats.Tar.TarReader"/>, which (in .NET 10) takes a missing end mark for an end, takes as much
/// memory for names and attributes as a header claims (2 GB for a file of 2 KB), stops at the first sparse member and at links and folders
/// with a size, and gives names in other encodings than UTF-8 the same text, so that one image would silently take another's place.
/// </remarks>
internal static class TarReader
{
    private const int BlockBytes = 512;
    private const int MaxNameBytes = 1 << 16;

    // Behind the end there are zeros up to a multiple of the block that tar writes at once; nobody means as many as these.
    private const long MaxZeros = 256L << 20;

    private static readonly (byte[] Magic, string Name, string Tool)[] Packed =
    [
        ([0x1F, 0x8B], "gzip", "gunzip"),
        ([.. "BZh"u8], "bzip2", "bunzip2"),
        ([0xFD, .. "7zXZ"u8], "xz", "unxz"),
        ([0x28, 0xB5, 0x2F, 0xFD], "zstd", "unzstd"),
        ([.. "PK"u8, 3, 4], "zip", "unzip"),
    ];

    /// <summary>
    /// Lists the files in their order, and links and special files among them. Where an archive ends and another one follows in the same
    /// file, as when they were joined, it goes on with that, as <c>tar --ignore-zeros</c> does.
    /// </summary>
    /// <param name="handle">The file.</param>
    /// <param name="path">Its name.</param>
    /// <param name="notes">Receives joined archives and of bytes that are none.</param>
    /// <exception cref="DatasetException">An archive is broken or truncated.</exception>
    public static IEnumerable<TarFile> List(SafeFileHandle handle, string path, DatasetNotes notes)
    {
        long length = RandomAccess.GetLength(handle),
            position = 0;
        byte[] block = new byte[BlockBytes];
        string? longName = null;
        long? longSize = null;
        int archive = 0;
        while (position < length)
        {
            long header = position;
            Read(handle, block, position, path);
            if (!block.AsSpan().ContainsAnyExcept((byte)0))
            {
                if (Next(handle, position, length, path, notes) is not { } next)
                    yield break;
                (position, longName, longSize) = (next, null, null);
                archive++;
                continue;
            }
            CheckSum(block, header, path);
            long size = Number(block.AsSpan(124, 12), header, path);
            position += BlockBytes;
            byte type = block[156];
            if (type is (byte)'L' or (byte)'x' or (byte)'g')
            {
                byte[] text = Text(handle, position, size, length, header, path);
                if (type == 'L')
                    longName = Decoded(text).TrimEnd('\0');
                if (type == 'x')
                    ReadAttributes(text, ref longName, ref longSize, header, path);
                position += Padded(size);
                continue;
            }
            bool isFile = type is (byte)'0' or 0 or (byte)'7';
            if (isFile)
                size = longSize ?? size;
            // Links and folders have no content, whatever the size field says.
            if (type is >= (byte)'1' and <= (byte)'6')
                size = 0;
            if (size > length - position)
                throw Bad(path, header, $"The file has {size} bytes, but only {length - position} are left; the archive is truncated.");
            // Links and sparse files; not folders, devices and pipes.
            if (isFile || type is (byte)'1' or (byte)'2' or (byte)'S')
                yield return new TarFile(longName ?? Name(block), position, size, archive, isFile);
            (longName, longSize) = (null, null);
            position += Padded(size);
        }
        // A download that was cut off between two files would else pass as a smaller data set.
        throw Bad(path, Math.Min(position, length), "The end mark is missing; the archive is truncated.");
    }

    /// <summary>Reads bytes of the archive.</summary>
    /// <exception cref="DatasetException">The archive ends before them.</exception>
    public static void Read(SafeFileHandle handle, Span<byte> block, long position, string path)
    {
        for (int read = 0; read < block.Length; )
        {
            int count = RandomAccess.Read(handle, block[read..], position + read);
            if (count == 0)
                throw Bad(path, position, "The archive is truncated.");
            read += count;
        }
    }

    // The place of the archive that follows the end mark; null when there is none.
    private static long? Next(SafeFileHandle handle, long end, long length, string path, DatasetNotes notes)
    {
        byte[] chunk = new byte[1 << 20];
        for (long position = end; position < length; position += chunk.Length)
        {
            if (position - end > MaxZeros)
            {
                notes.Count(
                    "zeros",
                    path,
                    count =>
                        $"{DatasetNotes.Some(count, "archive")} with more than {MaxZeros >> 20} MiB of zeros behind the end: the rest "
                        + "was not looked at"
                );
                return null;
            }
            Span<byte> read = chunk.AsSpan(0, (int)Math.Min(chunk.Length, length - position));
            Read(handle, read, position, path);
            if (read.IndexOfAnyExcept((byte)0) is not (>= 0 and var at))
                continue;
            long found = (position + at) / BlockBytes * BlockBytes;
            byte[] header = new byte[BlockBytes];
            if (length - found >= BlockBytes)
                Read(handle, header, found, path);
            if (length - found >= BlockBytes && IsHeader(header))
            {
                notes.Count(
                    "joined",
                    path,
                    count =>
                        DatasetNotes.Some(
                            count,
                            "archive follows another one in the same file, and was read too",
                            "archives follow another one in the same file, and were read too"
                        )
                );
                return found;
            }
            notes.Count(
                "behind",
                path,
                count =>
                    $"{DatasetNotes.Some(count, "archive is", "archives are")} followed by bytes that are no archive, which were left out"
            );
            return null;
        }
        return null;
    }

    private static bool IsHeader(ReadOnlySpan<byte> block) =>
        block.Slice(257, 5).SequenceEqual("ustar"u8) || IsSum(block, Octal(block.Slice(148, 8)));

    private static void CheckSum(ReadOnlySpan<byte> block, long position, string path)
    {
        foreach ((byte[] magic, string name, string tool) in Packed)
            if (position == 0 && block.StartsWith(magic))
                throw new DatasetException(
                    path,
                    $"It is packed with {name}; unpack it first ({tool}), as images are read from where they lie."
                );
        if (!IsSum(block, Octal(block.Slice(148, 8))))
            throw Bad(path, position, "This is not the header of a tar archive, or it is damaged (checksum).");
    }

    // -1 for what is not a number.
    private static long Octal(ReadOnlySpan<byte> field)
    {
        long value = 0;
        foreach (byte digit in field.Trim(" \0"u8))
        {
            if (digit is < (byte)'0' or > (byte)'7')
                return -1;
            value = (value << 3) | (uint)(digit - '0');
        }
        return value;
    }

    private static bool IsSum(ReadOnlySpan<byte> block, long stated)
    {
        long sum = 0,
            signedSum = 0;
        for (int i = 0; i < BlockBytes; i++)
        {
            byte value = i is >= 148 and < 156 ? (byte)' ' : block[i];
            sum += value;
            // Some old writers summed signed bytes.
            signedSum += (sbyte)value;
        }
        return stated == sum || stated == signedSum;
    }

    private static long Number(ReadOnlySpan<byte> field, long position, string path)
    {
        long value = 0;
        if ((field[0] & 0x80) != 0)
        {
            // GNU: base 256 where octal digits do not suffice.
            if ((field[0] & 0x40) != 0)
                throw Bad(path, position, "A number is negative.");
            for (int i = 0; i < field.Length; i++)
            {
                if (value > long.MaxValue >> 8)
                    throw Bad(path, position, "A number is too large.");
                value = (value << 8) | (byte)(i == 0 ? field[i] & 0x7F : field[i]);
            }
            return value;
        }
        return Octal(field) is >= 0 and var number ? number : throw Bad(path, position, "A number is not octal.");
    }

    private static byte[] Text(SafeFileHandle handle, long position, long size, long length, long header, string path)
    {
        if (size > MaxNameBytes)
            throw Bad(path, header, $"Names and attributes have {size} bytes; the limit is {MaxNameBytes}.");
        if (size > length - position)
            throw Bad(path, header, "The archive is truncated.");
        byte[] text = new byte[size];
        Read(handle, text, position, path);
        return text;
    }

    private static string Name(ReadOnlySpan<byte> block)
    {
        string name = Ended(block[..100]);
        string prefix = block.Slice(257, 6).SequenceEqual("ustar\0"u8) ? Ended(block.Slice(345, 155)) : "";
        return prefix.Length > 0 ? $"{prefix}/{name}" : name;
    }

    private static string Ended(ReadOnlySpan<byte> field) => Decoded(field.IndexOf((byte)0) is >= 0 and int end ? field[..end] : field);

    // Old archives have names in other encodings; any that gives different names different texts will do.
    private static string Decoded(ReadOnlySpan<byte> name) =>
        Utf8.IsValid(name) ? Encoding.UTF8.GetString(name) : Encoding.Latin1.GetString(name);

    /// <summary>Takes path and size from pax records: "length key=value\n", the length counting itself.</summary>
    private static void ReadAttributes(ReadOnlySpan<byte> text, ref string? name, ref long? size, long header, string path)
    {
        while (text.Length > 0)
        {
            int space = text.IndexOf((byte)' ');
            if (
                space < 1
                || !int.TryParse(text[..space], NumberStyles.None, CultureInfo.InvariantCulture, out int count)
                || count <= space + 1
                || count > text.Length
            )
                throw Bad(path, header, "The attributes are damaged.");
            string record = Decoded(text[(space + 1)..count]).TrimEnd('\n');
            text = text[count..];
            if (record.StartsWith("path=", StringComparison.Ordinal))
                name = record[5..];
            if (!record.StartsWith("size=", StringComparison.Ordinal))
                continue;
            if (!long.TryParse(record.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out long value))
                throw Bad(path, header, "The attributes are damaged.");
            size = value;
        }
    }

    private static long Padded(long size) => (size + BlockBytes - 1) / BlockBytes * BlockBytes;

    private static DatasetException Bad(string path, long position, string problem) => new(path, $"At byte {position}: {problem}");
}
