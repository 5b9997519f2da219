using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace MogaSharp.Data;

/// <summary>A file inside a tar archive.</summary>
internal readonly record struct TarFile(string Name, long Offset, long Size);

/// <summary>
/// Lists the files of a tar archive by its headers (ustar, GNU and pax), without reading what the files hold. Everything that a
/// header says is checked before it is believed; a broken archive is refused as a whole.
/// </summary>
internal static class TarReader
{
    private const int BlockBytes = 512;
    private const int MaxNameBytes = 1 << 16;

    /// <summary>Lists the regular files in their order.</summary>
    /// <exception cref="DatasetException">The archive is broken or truncated.</exception>
    public static IEnumerable<TarFile> List(SafeFileHandle handle, string path)
    {
        long length = RandomAccess.GetLength(handle), position = 0;
        byte[] block = new byte[BlockBytes];
        string? longName = null;
        long? longSize = null;
        while (position < length)
        {
            long header = position;
            Read(handle, block, position, path);
            if (!block.AsSpan().ContainsAnyExcept((byte)0)) yield break;
            CheckSum(block, header, path);
            long size = Number(block.AsSpan(124, 12), header, path);
            position += BlockBytes;
            byte type = block[156];
            if (type is (byte)'L' or (byte)'x' or (byte)'g')
            {
                byte[] text = Text(handle, position, size, length, header, path);
                if (type == 'L') longName = Encoding.UTF8.GetString(text).TrimEnd('\0');
                if (type == 'x') ReadAttributes(text, ref longName, ref longSize, header, path);
                position += Padded(size);
                continue;
            }
            bool isFile = type is (byte)'0' or 0 or (byte)'7';
            if (isFile) size = longSize ?? size;
            // Links and folders have no content, whatever the size field says.
            if (type is >= (byte)'1' and <= (byte)'6') size = 0;
            if (size > length - position) throw Bad(path, header, $"the file has {size} bytes, but only {length - position} are left; the archive is truncated");
            if (isFile) yield return new TarFile(longName ?? Name(block), position, size);
            (longName, longSize) = (null, null);
            position += Padded(size);
        }
        // A download that was cut off between two files would else pass as a smaller data set.
        throw Bad(path, Math.Min(position, length), "the end mark is missing; the archive is truncated");
    }

    /// <summary>Reads bytes of the archive.</summary>
    /// <exception cref="DatasetException">The archive ends before them.</exception>
    public static void Read(SafeFileHandle handle, Span<byte> block, long position, string path)
    {
        for (int read = 0; read < block.Length;)
        {
            int count = RandomAccess.Read(handle, block[read..], position + read);
            if (count == 0) throw Bad(path, position, "the archive is truncated");
            read += count;
        }
    }

    private static void CheckSum(ReadOnlySpan<byte> block, long position, string path)
    {
        ReadOnlySpan<byte> field = block.Slice(148, 8);
        long stated = field.Trim(" \0"u8).ContainsAnyExceptInRange((byte)'0', (byte)'7') ? -1 : Number(field, position, path), sum = 0, signedSum = 0;
        for (int i = 0; i < BlockBytes; i++)
        {
            byte value = i is >= 148 and < 156 ? (byte)' ' : block[i];
            sum += value;
            // Some old writers summed signed bytes.
            signedSum += (sbyte)value;
        }
        if (stated != sum && stated != signedSum) throw Bad(path, position, "no header of a tar archive, or a damaged one (checksum)");
    }

    private static long Number(ReadOnlySpan<byte> field, long position, string path)
    {
        long value = 0;
        if ((field[0] & 0x80) != 0)
        {
            // GNU: base 256 where octal digits do not suffice.
            if ((field[0] & 0x40) != 0) throw Bad(path, position, "a negative number");
            for (int i = 0; i < field.Length; i++)
            {
                if (value > long.MaxValue >> 8) throw Bad(path, position, "a number is too large");
                value = (value << 8) | (byte)(i == 0 ? field[i] & 0x7F : field[i]);
            }
            return value;
        }
        foreach (byte digit in field.Trim(" \0"u8))
        {
            if (digit is < (byte)'0' or > (byte)'7') throw Bad(path, position, "a number is not octal");
            value = (value << 3) | (uint)(digit - '0');
        }
        return value;
    }

    private static byte[] Text(SafeFileHandle handle, long position, long size, long length, long header, string path)
    {
        if (size > MaxNameBytes) throw Bad(path, header, $"names and attributes of {size} bytes; the limit is {MaxNameBytes}");
        if (size > length - position) throw Bad(path, header, "the archive is truncated");
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

    private static string Ended(ReadOnlySpan<byte> field) => Encoding.UTF8.GetString(field.IndexOf((byte)0) is >= 0 and int end ? field[..end] : field);

    /// <summary>Takes path and size from pax records: "length key=value\n", the length counting itself.</summary>
    private static void ReadAttributes(ReadOnlySpan<byte> text, ref string? name, ref long? size, long header, string path)
    {
        while (text.Length > 0)
        {
            int space = text.IndexOf((byte)' ');
            if (space < 1 || !int.TryParse(text[..space], NumberStyles.None, CultureInfo.InvariantCulture, out int count) || count <= space + 1 || count > text.Length)
                throw Bad(path, header, "damaged attributes");
            string record = Encoding.UTF8.GetString(text[(space + 1)..count]).TrimEnd('\n');
            text = text[count..];
            if (record.StartsWith("path=", StringComparison.Ordinal)) name = record[5..];
            if (!record.StartsWith("size=", StringComparison.Ordinal)) continue;
            if (!long.TryParse(record.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out long value)) throw Bad(path, header, "damaged attributes");
            size = value;
        }
    }

    private static long Padded(long size) => (size + BlockBytes - 1) / BlockBytes * BlockBytes;

    private static DatasetException Bad(string path, long position, string problem) => new(path, $"at byte {position}: {problem}");
}
