using System.Buffers.Binary;
using System.IO.Compression;

namespace MogaSharp.Data;

/// <summary>An array of bytes in the idx format of MNIST, plain or compressed with gzip.</summary>
/// <param name="Extents">The extents, outermost first, each at least 1.</param>
/// <param name="Data">The elements.</param>
internal sealed record IdxFile(int[] Extents, byte[] Data)
{
    private const byte UnsignedBytes = 8;
    private const int MaxRank = 4;

    /// <summary>Reads a file. Never reads or allocates more than the header's promise, and that is checked against the limit.</summary>
    public static IdxFile Read(string path, long maxBytes)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            Span<byte> first = stackalloc byte[2];
            bool isCompressed = file.ReadAtLeast(first, 2, throwOnEndOfStream: false) == 2 && first is [0x1F, 0x8B];
            file.Position = 0;
            using Stream content = isCompressed ? new GZipStream(file, CompressionMode.Decompress) : file;
            return Read(content, path, maxBytes);
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException)
        {
            throw new DatasetException(
                path,
                exception is EndOfStreamException ? "The file is truncated." : "The compressed data is corrupt.",
                exception
            );
        }
    }

    private static IdxFile Read(Stream content, string path, long maxBytes)
    {
        Span<byte> word = stackalloc byte[4];
        content.ReadExactly(word);
        if (word[0] != 0 || word[1] != 0 || word[2] != UnsignedBytes || word[3] is 0 or > MaxRank)
            throw new DatasetException(path, $"This is not an idx file of bytes: it begins with 0x{Convert.ToHexString(word)}.");
        int[] extents = new int[word[3]];
        long size = 1;
        for (int i = 0; i < extents.Length; i++)
        {
            content.ReadExactly(word);
            extents[i] = BinaryPrimitives.ReadInt32BigEndian(word);
            if (extents[i] < 1)
                throw new DatasetException(path, $"Extent {i} is {(uint)extents[i]}.");
            // Four extents of 31 bits overflow 64; the limit stops the product long before.
            size = Math.Min(size, maxBytes + 1) * extents[i];
        }
        if (size > maxBytes)
            throw new DatasetException(path, $"The header promises {string.Join(" x ", extents)} bytes; the limit is {maxBytes}.");
        byte[] data = ReadGrowing(content, (int)size);
        if (content.ReadByte() >= 0)
            throw new DatasetException(path, $"There is more data than the {string.Join(" x ", extents)} bytes that the header promises.");
        return new IdxFile(extents, data);
    }

    // A false promise must not cost its memory: what is taken follows what was really read.
    private static byte[] ReadGrowing(Stream content, int size)
    {
        byte[] data = new byte[Math.Min(size, 1 << 20)];
        int read = 0;
        while (true)
        {
            content.ReadExactly(data, read, data.Length - read);
            read = data.Length;
            if (read == size)
                return data;
            Array.Resize(ref data, (int)Math.Min(size, read * 2L));
        }
    }
}
