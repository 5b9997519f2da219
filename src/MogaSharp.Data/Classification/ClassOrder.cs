namespace MogaSharp.Data;

/// <summary>The order of class folders, which is that of the classes where nothing else says it.</summary>
public enum ClassOrder
{
    /// <summary>As timm does: without regard to case, numbers by their value, so that <c>class2</c> comes before <c>class10</c>.</summary>
    Natural,

    /// <summary>As torchvision does: by the characters' codes, so that <c>class10</c> comes before <c>class2</c>, and <c>B</c> before
    /// <c>a</c>.</summary>
    Ordinal,
}

/// <summary>
/// timm's <c>natural_key</c>: a name is text, number, text, ... in turn, texts in lower case; keys are compared part by part. Names with
/// equal keys are told apart ordinally.
/// </summary>
internal sealed class NaturalClassOrder : IComparer<string>
{
    private NaturalClassOrder() { }

    public static NaturalClassOrder Instance { get; } = new();

    public static IComparer<string> Of(ClassOrder order) => order == ClassOrder.Natural ? Instance : StringComparer.Ordinal;

    public int Compare(string? x, string? y)
    {
        if (x is null || y is null)
            return string.CompareOrdinal(x, y);
        ReadOnlySpan<char> a = x.ToLowerInvariant(),
            b = y.ToLowerInvariant();
        while (!a.IsEmpty || !b.IsEmpty)
        {
            int order = Take(ref a, isNumber: false).SequenceCompareTo(Take(ref b, isNumber: false));
            if (order != 0)
                return order;
            // A key that ends comes before one that goes on.
            if (a.IsEmpty || b.IsEmpty)
            {
                if (a.IsEmpty && b.IsEmpty)
                    break;
                return a.IsEmpty ? -1 : 1;
            }
            ReadOnlySpan<char> first = Take(ref a, isNumber: true).TrimStart('0'),
                second = Take(ref b, isNumber: true).TrimStart('0');
            order = first.Length != second.Length ? first.Length - second.Length : first.SequenceCompareTo(second);
            if (order != 0)
                return order;
        }
        return string.CompareOrdinal(x, y);
    }

    private static ReadOnlySpan<char> Take(ref ReadOnlySpan<char> rest, bool isNumber)
    {
        int end = 0;
        while (end < rest.Length && char.IsAsciiDigit(rest[end]) == isNumber)
            end++;
        ReadOnlySpan<char> part = rest[..end];
        rest = rest[end..];
        return part;
    }
}
