using System.Buffers.Binary;
using System.Text;

namespace MogaSharp.Imaging.Tests;

/// <summary>Small files whose headers promise large images.</summary>
internal static class Bombs
{
    public static byte[] Png(uint width, uint height)
    {
        byte[] head = new byte[17];
        Encoding.ASCII.GetBytes("IHDR").CopyTo(head, 0);
        BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(4), width);
        BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(8), height);
        head[12] = 8;
        head[13] = 2;
        return [0x89, .. "PNG\r\n\u001a\n"u8, 0, 0, 0, 13, .. head, 0, 0, 0, 0];
    }

    public static byte[] Bmp(int width, int height) =>
        [.. "BM"u8, .. Words(0, 0, 54, 40, width, height, 1 | (24 << 16), 0, 0, 0, 0, 0, 0), .. new byte[100]];

    public static byte[] Gif(int width, int height) =>
        [.. "GIF89a"u8, .. Words(width | (height << 16)), 0, 0, 0, 0x2C, .. Words(0, width | (height << 16)), 0, 2, 2, 0x4C, 1, 0, 0x3B];

    /// <summary>A TIFF with one strip, or one tile of the given size.</summary>
    public static byte[] Tiff(int width, int height, int tile)
    {
        (int Tag, int Value)[] layout =
            tile == 0 ? [(273, 8), (278, height), (279, 100)] : [(322, tile), (323, tile), (324, 8), (325, 100)];
        (int Tag, int Value)[] entries = [(256, width), (257, height), (258, 8), (259, 8), (262, 1), (277, 1), .. layout];
        byte[] directory = [.. entries.OrderBy(entry => entry.Tag).SelectMany(entry => Words(entry.Tag | (4 << 16), 1, entry.Value))];
        return [.. "II*\0"u8, .. Words(108), .. new byte[100], (byte)entries.Length, 0, .. directory, 0, 0, 0, 0];
    }

    public static byte[] WebP(int width, int height)
    {
        byte[] size = [.. Words(width - 1)[..3], .. Words(height - 1)[..3]];
        return [.. "RIFF"u8, .. Words(30), .. "WEBPVP8X"u8, .. Words(10, 2), .. size, .. "ANIM"u8, .. Words(6), .. new byte[6]];
    }

    public static byte[] Jpeg(int width, int height) =>
        [
            0xFF,
            0xD8,
            0xFF,
            0xC0,
            0,
            11,
            8,
            (byte)(height >> 8),
            (byte)height,
            (byte)(width >> 8),
            (byte)width,
            1,
            1,
            0x11,
            0,
            0xFF,
            0xDA,
            0,
            8,
            1,
            1,
            0,
            0,
            63,
            0,
            0,
            0xFF,
            0xD9,
        ];

    private static byte[] Words(params int[] words)
    {
        byte[] bytes = new byte[words.Length * 4];
        for (int i = 0; i < words.Length; i++)
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(i * 4), words[i]);
        return bytes;
    }
}
