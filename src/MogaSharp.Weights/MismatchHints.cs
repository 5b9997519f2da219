using System.Globalization;
using System.Text.RegularExpressions;

namespace MogaSharp.Weights;

/// <summary>Says what is likely behind differences between a file and a network, when there are many.</summary>
internal static partial class MismatchHints
{
    // Fewer differences speak for themselves.
    private const int Few = 4;

    /// <summary>A sentence or two; null when nothing is likely.</summary>
    public static string? For(WeightMismatch mismatch)
    {
        if (mismatch.Missing.Count + mismatch.Unexpected.Count + mismatch.WrongShape.Count <= Few)
            return null;
        if (mismatch.Missing.Count == 0 && mismatch.Unexpected.Count == 0)
            return "The names are the network's, the shapes are not: likely another size of the same family, or other options; see "
                + "--model.";
        if (Deeper(mismatch) is { } deeper)
            return deeper;
        if (mismatch.Missing.Count > 0 && CommonPrefix(mismatch.Unexpected) is { Length: > 0 } prefix)
            return $"All unexpected names begin with '{Text.Clip(prefix)}'; without it they are not the network's either: likely "
                + "another network; see --model.";
        return mismatch.Unexpected.Count > Few && mismatch.Missing.Count > Few
            ? "Likely the weights of another network; see --model, and 'moga inspect' for what the file holds."
            : null;
    }

    /// <summary>Rows of blocks that are longer on one side than on the other.</summary>
    private static string? Deeper(WeightMismatch mismatch)
    {
        foreach ((IReadOnlyList<string> names, string side) in new[] { (mismatch.Unexpected, "more"), (mismatch.Missing, "fewer") })
        {
            var rows = names
                .Select(name => Numbered().Match(name))
                .Where(match => match.Success)
                .GroupBy(match => match.Groups[1].Value, match => int.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture))
                .ToList();
            IReadOnlyList<string> other = side == "more" ? mismatch.Missing : mismatch.Unexpected;
            // Blocks that both sides lack something of are not more or fewer blocks.
            if (rows.Find(row => row.Min() > 0 && !other.Any(name => name.StartsWith(row.Key, StringComparison.Ordinal))) is { } row)
                return $"The file has {side} blocks in '{Text.Clip(row.Key.TrimEnd('.'))}' than the network (number {row.Min()} on): "
                    + "likely another size of the same family; see --model.";
        }

        return null;
    }

    private static string CommonPrefix(IReadOnlyList<string> names)
    {
        if (names.Count == 0)
            return "";
        string first = names[0];
        int length = names.Min(name => first.AsSpan().CommonPrefixLength(name));
        return first[..(first.LastIndexOf('.', Math.Max(0, length - 1), Math.Max(0, length)) + 1)];
    }

    [GeneratedRegex(@"^((?:.*?\.)??[a-z_]+[0-9]*\.(?:blocks\.)?)(\d{1,4})\.")]
    private static partial Regex Numbered();
}
