using System.Text;

namespace MogaSharp.Data.Tests;

/// <summary>JSON that was damaged in a few places.</summary>
internal static class ChangedJson
{
    public static byte[] Of(byte[] content, Random random)
    {
        ReadOnlySpan<string> pieces = ["{", "}", "[", "]", ",", "\"", "null", "-", "e", "99999999999", "\\ud800", "NaN", "\0", "ÿ"];
        List<byte> bytes = [.. content];
        for (int change = random.Next(1, 4); change > 0; change--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] = (byte)('0' + random.Next(10));
                    break;
                case 2:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(pieces[random.Next(pieces.Length)]));
                    break;
                default:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 30), bytes.Count - at));
                    break;
            }
        }

        return [.. bytes];
    }
}
