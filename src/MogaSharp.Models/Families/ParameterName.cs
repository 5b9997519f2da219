using System.Globalization;

namespace MogaSharp.Models;

/// <summary>Numbers in the names of parameters.</summary>
internal static class ParameterName
{
    /// <summary>The number that is a part of a name; null when that part is not there or is not a number.</summary>
    public static int? Number(this string[] parts, int index) =>
        index < parts.Length && int.TryParse(parts[index], NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
