using System.Buffers.Binary;
using System.IO.Compression;

namespace MogaSharp.Testing;

/// <summary>Makes idx files, right and wrong ones.</summary>
public static class IdxWriter
{
    public static byte[] Bytes(int[] extents, byte[] data, byte type = 8)
    {
        byte[] header = new byte[4 + (4 * extents.Length)];
        header[2] = type;
        header[3] = (byte)extents.Length;
        for (int i = 0; i < extents.Length; i++)
            BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4 + (4 * i)), extents[i]);
        return [.. header, .. data];
    }

    public static byte[] GZip(byte[] content)
    {
        using var buffer = new MemoryStream();
        using (var zip = new GZipStream(buffer, CompressionLevel.Fastest))
            zip.Write(content);
        return buffer.ToArray();
    }
}
