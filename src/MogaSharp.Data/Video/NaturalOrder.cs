namespace MogaSharp.Data;

/// <summary>The order of numbered file names: runs of digits by their value, so that <c>frame2</c> comes before <c>frame10</c>; else
/// ordinal.</summary>
public sealed class NaturalOrder : IComparer<string>
{
    private NaturalOrder() { }

    /// <summary>The only one.</summary>
    public static NaturalOrder Instance { get; } = new();

    /// <inheritdoc/>
    public int Compare(string? x, string? y)
    {
        if (x is null || y is null)
            return string.CompareOrdinal(x, y);
        int i = 0,
            k = 0;
        while (i < x.Length && k < y.Length)
        {
            if (!char.IsAsciiDigit(x[i]) || !char.IsAsciiDigit(y[k]))
            {
                if (x[i] != y[k])
                    return x[i] - y[k];
                i++;
                k++;
                continue;
            }
            ReadOnlySpan<char> first = Digits(x, ref i),
                second = Digits(y, ref k);
            int order = first.Length != second.Length ? first.Length - second.Length : first.SequenceCompareTo(second);
            if (order != 0)
                return order;
        }
        // Names that differ only in leading zeros need an order too.
        int rest = (x.Length - i) - (y.Length - k);
        return rest != 0 ? rest : string.CompareOrdinal(x, y);
    }

    private static ReadOnlySpan<char> Digits(string text, ref int at)
    {
        int start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
            at++;
        return text.AsSpan(start, at - start).TrimStart('0');
    }
}
