using System.Globalization;

namespace MogaSharp.Data;

/// <summary>What the numbers in the names of a video's frames say about its order: gaps, numbers that occur twice, several
/// series.</summary>
internal sealed record FrameNumbers
{
    // More digits than any counter or time stamp has.
    private const int MaxDigits = 18;
    private const int MaxNamed = 5;

    /// <summary>How many frames are missing between the first and the last.</summary>
    public long Missing { get; private init; }

    /// <summary>The numbers that are missing, or the places where some are; empty when none is.</summary>
    public string MissingNames { get; private init; } = "";

    /// <summary>How many numbers occur more than once.</summary>
    public int Repeated { get; private init; }

    /// <summary>Two files of one number; empty when there are none.</summary>
    public string RepeatedNames { get; private init; } = "";

    /// <summary>The patterns of the names, with # for the number, in the order of the frames.</summary>
    public IReadOnlyList<string> Patterns { get; private init; } = [];

    /// <summary>Whether the names say nothing that is worth a remark.</summary>
    public bool AreRegular => Missing == 0 && Repeated == 0 && Patterns.Count <= 1;

    /// <summary>Looks at the names of frames.</summary>
    /// <param name="files">The frames in their order.</param>
    public static FrameNumbers Of(IReadOnlyList<string> files)
    {
        var series = new Dictionary<string, List<(long Number, string Name)>>(StringComparer.Ordinal);
        foreach (string file in files)
        {
            string name = Path.GetFileName(file);
            (string pattern, string digits) = Split(Path.GetFileNameWithoutExtension(name));
            if (!series.TryGetValue(pattern, out var members))
                series[pattern] = members = [];
            members.Add((digits.Length == 0 ? -1 : long.Parse(digits, CultureInfo.InvariantCulture), name));
        }

        // Where nearly every name has a pattern of its own, such as with dates and times, the last number alone tells nothing.
        bool isCounted = series.Count <= Math.Max(1, files.Count / 2);
        if (!isCounted)
            return new FrameNumbers();
        var numbers = new FrameNumbers { Patterns = [.. series.Keys] };
        foreach (List<(long Number, string Name)> members in series.Values)
            numbers = numbers.With(members);
        return numbers;
    }

    private static (string Pattern, string Digits) Split(string stem)
    {
        int end = stem.Length;
        while (end > 0 && !char.IsAsciiDigit(stem[end - 1]))
            end--;
        int start = end;
        while (start > 0 && char.IsAsciiDigit(stem[start - 1]))
            start--;
        return end == start || end - start > MaxDigits ? (stem, "") : ($"{stem[..start]}#{stem[end..]}", stem[start..end]);
    }

    private FrameNumbers With(List<(long Number, string Name)> members)
    {
        IGrouping<long, (long Number, string Name)>[] byNumber =
        [
            .. members.Where(member => member.Number >= 0).GroupBy(member => member.Number).OrderBy(group => group.Key),
        ];
        IGrouping<long, (long Number, string Name)>[] repeated = [.. byNumber.Where(group => group.Count() > 1)];
        FrameNumbers numbers = this;
        if (repeated.Length > 0)
        {
            numbers = numbers with
            {
                Repeated = Repeated + repeated.Length,
                RepeatedNames =
                    RepeatedNames.Length > 0
                        ? RepeatedNames
                        : string.Join(" and ", repeated[0].Select(member => member.Name).Order(StringComparer.Ordinal).Take(2)),
            };
        }

        (long missing, string names) = Gaps([.. byNumber.Select(group => group.Key)], Width(members));
        return missing == 0
            ? numbers
            : numbers with
            {
                Missing = numbers.Missing + missing,
                MissingNames = numbers.MissingNames.Length > 0 ? numbers.MissingNames : names,
            };
    }

    // Numbers are written with leading zeros where the frames' own are.
    private static int Width(List<(long Number, string Name)> members)
    {
        int[] lengths =
        [
            .. members
                .Where(member => member.Number >= 0)
                .Select(member => Split(Path.GetFileNameWithoutExtension(member.Name)).Digits.Length)
                .Distinct()
                .Take(2),
        ];
        return lengths.Length == 1 ? lengths[0] : 1;
    }

    private static (long Count, string Names) Gaps(long[] numbers, int width)
    {
        if (numbers.Length < 3)
            return (0, "");
        long[] steps = [.. numbers.Zip(numbers.Skip(1), (a, b) => b - a)];
        long least = steps.Min();
        string Text(long number) => number.ToString(CultureInfo.InvariantCulture).PadLeft(width, '0');
        var names = new List<string>();
        long count = 0;
        if (steps.All(step => step % least == 0))
        {
            for (int i = 0; i < steps.Length; i++)
            {
                long inGap = (steps[i] / least) - 1;
                if (inGap == 0)
                    continue;
                count += inGap;
                long first = numbers[i] + least,
                    last = numbers[i + 1] - least;
                names.Add(
                    first == last ? Text(first)
                    : inGap == 2 ? $"{Text(first)}, {Text(last)}"
                    : $"{Text(first)} to {Text(last)}"
                );
            }
        }
        else
        {
            // Time stamps: steps of 33 and 34 are even enough, one of 67 has lost a frame.
            long middle = steps.Order().ElementAt(steps.Length / 2);
            for (int i = 0; i < steps.Length; i++)
            {
                long inGap = (long)Math.Round((double)steps[i] / middle, MidpointRounding.AwayFromZero) - 1;
                if (inGap <= 0)
                    continue;
                count += inGap;
                names.Add($"between {Text(numbers[i])} and {Text(numbers[i + 1])}");
            }
        }

        string more = names.Count > MaxNamed ? $" and in {names.Count - MaxNamed} more places" : "";
        return (count, string.Join(", ", names.Take(MaxNamed)) + more);
    }
}
