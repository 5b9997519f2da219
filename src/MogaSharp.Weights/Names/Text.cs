namespace MogaSharp.Weights;

/// <summary>Short forms of what a file may make long.</summary>
internal static class Text
{
    private const int MaxName = 100;

    /// <summary>A name with its middle left out when it is long.</summary>
    public static string Clip(string name) => name.Length <= MaxName ? name : $"{name.AsSpan(0, 60)}...{name.AsSpan(name.Length - 30)}";

    /// <summary>The first few of several things, and how many more there are.</summary>
    public static string Sample<T>(IReadOnlyCollection<T> items, int most)
    {
        string first = string.Join(", ", items.Take(most).Select(item => Clip($"{item}")));
        return items.Count > most ? $"{first} and {items.Count - most} more" : first;
    }

    /// <summary>"1 tensor", "2 tensors".</summary>
    public static string Count(int count, string noun) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{count} {noun}{(count == 1 ? "" : "s")}");
}
