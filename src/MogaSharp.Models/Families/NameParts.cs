using System.Globalization;
using System.Text.RegularExpressions;

namespace MogaSharp.Models;

/// <summary>Steps that families share in reading and changing names of parameters.</summary>
internal static class NameParts
{
    /// <summary>The number that is a part of a name; null when that part is not there or is not a number.</summary>
    public static int? Number(this string[] parts, int index) =>
        index < parts.Length && int.TryParse(parts[index], NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;

    /// <summary>A name without what it begins with; the name itself when it begins otherwise.</summary>
    public static string Without(string name, string prefix) =>
        name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : name;

    /// <summary>A name with parts replaced, one after the other.</summary>
    public static string Replace(string name, params ReadOnlySpan<(string From, string To)> parts)
    {
        foreach ((string from, string to) in parts)
            name = name.Replace(from, to, StringComparison.Ordinal);
        return name;
    }
}

/// <summary>torchvision numbers stages and what lies between them in one list.</summary>
internal static partial class TorchvisionName
{
    /// <summary>The place in that list and what follows; null for names outside of it.</summary>
    public static (int Place, string Following)? Match(string name) =>
        Features().Match(name) is { Success: true } match
            ? (int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture), match.Groups[2].Value)
            : null;

    // Numbers of at most four digits match.
    [GeneratedRegex(@"^features\.([1-9]\d{0,3})\.(.*)$")]
    private static partial Regex Features();
}
