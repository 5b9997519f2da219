using System.Globalization;
using System.Text;

namespace MogaSharp.Data;

/// <summary>
/// Unicode's canonical decomposition (NFD), by which two spellings of the same text are equal: "é" as one character, as most systems write
/// it, and as "e" with a mark, as a Mac does. The runtime's own normalization does nothing in invariant mode, in which programs need no
/// ICU.
/// </summary>
internal static class CanonicalForm
{
    // Hangul syllables are computed (Unicode, section 3.12).
    private const int FirstSyllable = 0xAC00,
        Syllables = 11172,
        Leads = 0x1100,
        Vowels = 0x1161,
        Tails = 0x11A7,
        VowelCount = 21,
        TailCount = 28;

    // Longer texts are no names, and sorting their marks would take long.
    private const int MaxLength = 4096;

    private static readonly Lazy<(Dictionary<int, int[]> Parts, Dictionary<int, int> Marks)> Tables = new(Load);

    /// <summary>The canonical decomposition of a text.</summary>
    public static string Of(string text)
    {
        if (Ascii.IsValid(text) || text.Length > MaxLength)
            return text;
        (Dictionary<int, int[]> parts, Dictionary<int, int> marks) = Tables.Value;
        List<int> runes = [];
        foreach (Rune rune in text.EnumerateRunes())
        {
            int syllable = rune.Value - FirstSyllable;
            if (syllable is >= 0 and < Syllables)
            {
                runes.Add(Leads + (syllable / (VowelCount * TailCount)));
                runes.Add(Vowels + (syllable / TailCount % VowelCount));
                if (syllable % TailCount > 0)
                    runes.Add(Tails + (syllable % TailCount));
            }
            else if (parts.TryGetValue(rune.Value, out int[]? some))
                runes.AddRange(some);
            else
                runes.Add(rune.Value);
        }
        Reorder(runes, marks);
        var result = new StringBuilder(runes.Count);
        foreach (int rune in runes)
            result.Append(new Rune(rune).ToString());
        return result.ToString();
    }

    // Marks on the same letter stand in the order of their classes; those of one class keep theirs.
    private static void Reorder(List<int> runes, Dictionary<int, int> marks)
    {
        for (int i = 1; i < runes.Count; i++)
        {
            int mark = marks.GetValueOrDefault(runes[i]);
            for (int k = i; mark > 0 && k > 0 && marks.GetValueOrDefault(runes[k - 1]) > mark; k--)
                (runes[k - 1], runes[k]) = (runes[k], runes[k - 1]);
        }
    }

    private static (Dictionary<int, int[]> Parts, Dictionary<int, int> Marks) Load()
    {
        using Stream stream = typeof(CanonicalForm).Assembly.GetManifestResourceStream("MogaSharp.Data.canonical.txt")!;
        using var reader = new StreamReader(stream);
        reader.ReadLine();
        var parts = new Dictionary<int, int[]>();
        var marks = new Dictionary<int, int>();
        while (reader.ReadLine() is { Length: > 0 } line)
        {
            int[] codes = [.. line.Split(' ').Select(Hex)];
            parts.Add(codes[0], codes[1..]);
        }
        while (reader.ReadLine() is { } line)
        {
            string[] range = line.Split(' ');
            for (int code = Hex(range[0]); code <= Hex(range[1]); code++)
                marks.Add(code, int.Parse(range[2], CultureInfo.InvariantCulture));
        }
        return (parts, marks);

        static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
