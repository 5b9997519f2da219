using System.Buffers.Binary;

namespace MogaSharp.Weights.Tests;

/// <summary>Ways to damage bytes.</summary>
internal static class Mutation
{
    private static readonly long[] Interesting =
    [
        0,
        1,
        -1,
        2,
        7,
        8,
        63,
        64,
        127,
        128,
        255,
        256,
        1 << 16,
        (1 << 16) - 1,
        int.MaxValue,
        int.MinValue,
        uint.MaxValue,
        1L << 32,
        1L << 40,
        long.MaxValue,
        long.MinValue,
    ];

    /// <summary>One to three kinds of damage, one after the other.</summary>
    public static byte[] Apply(Random random, byte[] source, byte[] other)
    {
        byte[] bytes = [.. source];
        for (int i = random.Next(1, 4); i > 0 && bytes.Length > 0; i--)
            bytes = ApplyOne(random, bytes, other);
        return bytes;
    }

    private static byte[] ApplyOne(Random random, byte[] bytes, byte[] other)
    {
        int at = Position(random, bytes.Length);
        int length = random.Next(1, Math.Min(64, bytes.Length - at) + 1);
        switch (random.Next(8))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 1:
                bytes[at] = (byte)random.Next(256);
                return bytes;
            case 2:
                return bytes[..at];
            case 3:
                return [.. bytes[..at], .. bytes[(at + length)..]];
            case 4:
                return [.. bytes[..at], .. bytes[at..(at + length)], .. bytes[at..]];
            case 5:
                int from = random.Next(other.Length);
                return [.. bytes[..at], .. other[from..Math.Min(other.Length, from + length)], .. bytes[(at + length)..]];
            case 6:
                Span<byte> number = stackalloc byte[8];
                BinaryPrimitives.WriteInt64LittleEndian(number, Interesting[random.Next(Interesting.Length)] + random.Next(-1, 2));
                number[..Math.Min(1 << random.Next(4), bytes.Length - at)].CopyTo(bytes.AsSpan(at));
                return bytes;
            default:
                return [.. bytes, .. other[random.Next(other.Length)..].Take(64)];
        }
    }

    /// <summary>Any place, but the ends, where the structure is, more often.</summary>
    private static int Position(Random random, int length) =>
        random.Next(3) switch
        {
            0 => random.Next(Math.Min(length, 512)),
            1 => length - 1 - random.Next(Math.Min(length, 512)),
            _ => random.Next(length),
        };
}
