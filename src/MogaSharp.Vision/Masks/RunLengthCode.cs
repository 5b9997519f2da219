using System.Buffers;
using System.Text;

namespace MogaSharp.Vision;

/// <summary>
/// COCO's compressed code of runs: five bits in a character, the lowest first, and a sixth that tells whether the number goes on. From the
/// fourth run on a number is the difference to the run before the last one.
/// </summary>
internal static class RunLengthCode
{
    private const int BitsOfCharacter = 5;
    private const char First = '0';

    /// <exception cref="FormatException">The code is damaged.</exception>
    public static uint[] Read(ReadOnlySpan<char> code)
    {
        // No number has less than a character.
        uint[] runs = ArrayPool<uint>.Shared.Rent(code.Length);
        try
        {
            int count = 0;
            for (int at = 0; at < code.Length; )
            {
                long number = ReadNumber(code, ref at);
                if (count > 2)
                    number += runs[count - 2];
                if (number is < 0 or > int.MaxValue)
                    throw new FormatException($"The code of the mask has a run of {number} pixels.");
                runs[count++] = (uint)number;
            }

            return runs[..count];
        }
        finally
        {
            ArrayPool<uint>.Shared.Return(runs);
        }
    }

    public static string Write(ReadOnlySpan<uint> runs)
    {
        var code = new StringBuilder();
        for (int i = 0; i < runs.Length; i++)
        {
            long number = i > 2 ? (long)runs[i] - runs[i - 2] : runs[i];
            for (bool goesOn = true; goesOn; )
            {
                int bits = (int)(number & 31);
                number >>= BitsOfCharacter;
                // The last character's highest bit is the sign.
                goesOn = number != ((bits & 16) != 0 ? -1 : 0);
                code.Append((char)(First + bits + (goesOn ? 32 : 0)));
            }
        }

        return code.ToString();
    }

    private static long ReadNumber(ReadOnlySpan<char> code, ref int at)
    {
        long number = 0;
        for (int shift = 0; ; shift += BitsOfCharacter)
        {
            if (at == code.Length)
                throw new FormatException("The code of the mask ends within a number.");
            int bits = code[at++] - First;
            if (bits is < 0 or > 63)
                throw new FormatException($"The code of the mask has the character U+{(int)code[at - 1]:X4}, which no code has.");
            // Seven characters hold any difference of runs.
            if (shift > 6 * BitsOfCharacter)
                throw new FormatException("The code of the mask has a number that is too large.");
            number |= (long)(bits & 31) << shift;
            if ((bits & 32) == 0)
                return (bits & 16) != 0 ? number | (-1L << (shift + BitsOfCharacter)) : number;
        }
    }
}
