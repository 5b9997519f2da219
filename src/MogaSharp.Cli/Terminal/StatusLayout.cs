using System.Globalization;
using System.Text;

namespace MogaSharp.Cli;

/// <summary>Fits what a <see cref="StatusLine"/> says into the width of the terminal.</summary>
internal static class StatusLayout
{
    private const string Gap = "  ";
    private const int ShortestBar = 12,
        LongestBar = 26;

    /// <summary>A text that is narrower than the terminal: a bar where there is room, and as many of the parts as fit.</summary>
    /// <param name="columns">The terminal's width.</param>
    /// <param name="share">How much of the bar is filled, from 0 to 1.</param>
    /// <param name="parts">The most important first. The first is shortened where not even the first two fit.</param>
    public static string Compose(int columns, double share, ReadOnlySpan<string> parts)
    {
        // A terminal may begin a new row when its last column is written.
        int room = Math.Max(0, columns - 1);
        List<string> all = [];
        foreach (string part in parts)
            if (part.Length > 0)
                all.Add(OneLine(part));
        if (all.Count == 0)
            return "";
        int second = all.Count > 1 ? Gap.Length + Width(all[1]) : 0;
        List<string> shown = [Shorten(all[0], room - second < 4 ? room : room - second)];
        int used = Width(shown[0]),
            reserved = room - used - second >= ShortestBar + Gap.Length ? ShortestBar + Gap.Length : 0;
        foreach (string part in all.Skip(1))
        {
            int more = Gap.Length + Width(part);
            if (used + more > room - reserved)
                break;
            shown.Add(part);
            used += more;
        }

        int bar = Math.Min(LongestBar, room - used - Gap.Length);
        if (bar >= ShortestBar)
            shown.Insert(0, Bar(share, bar));
        return string.Join(Gap, shown);
    }

    /// <summary>Columns that a text takes at most: letters of East Asia and symbols are counted as two.</summary>
    public static int Width(string text) =>
        text.EnumerateRunes()
            .Sum(rune =>
                Rune.GetUnicodeCategory(rune) switch
                {
                    UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format => 0,
                    _ => rune.Value < 0x370 ? 1 : 2,
                }
            );

    private static string Bar(double share, int width)
    {
        int cells = width - 2,
            filled = (int)(Math.Clamp(double.IsNaN(share) ? 0 : share, 0, 1) * cells);
        return $"[{new string('#', filled)}{new string('.', cells - filled)}]";
    }

    private static string OneLine(string text) => Output.Printable(text).Replace('\n', ' ');

    private static string Shorten(string text, int room)
    {
        const string Dots = "...";
        if (Width(text) <= room)
            return text;
        int left = room > Dots.Length ? room - Dots.Length : room;
        var kept = new StringBuilder();
        foreach (Rune rune in text.EnumerateRunes())
        {
            left -= Width(rune.ToString());
            if (left < 0)
                break;
            kept.Append(rune.ToString());
        }

        return room > Dots.Length ? $"{kept}{Dots}" : kept.ToString();
    }
}
