using System.Globalization;
using MogaSharp.Imaging;

namespace MogaSharp.Cli;

/// <summary>
/// What a command left out, guessed, converted with a loss or put into another order. Each thing is said once on stderr, with a count where
/// there are several, and stands in <c>--json</c>. Safe to use from many threads at once.
/// </summary>
internal sealed class Notices
{
    private static readonly (ImageConversions Flag, string Subject, string Done)[] Kinds =
    [
        (ImageConversions.Opacity, "with transparent pixels", "opacity left out"),
        (ImageConversions.ExtraSamples, "with samples that are neither colors nor opacity", "extra samples left out"),
        (ImageConversions.Depth, "of more than 8 bits a sample", "samples cut to 8 bits"),
        (ImageConversions.ColorSpace, "of another color space", "colors converted to RGB"),
        (ImageConversions.Guessed, "of CIELAB colors that are not stored as TIFF asks for", "what was meant was guessed"),
        (ImageConversions.Frames, "of several frames or pages", "all but the first left out"),
    ];

    private readonly Lock _lock = new();
    private readonly List<string> _said = [];
    private readonly Dictionary<string, (Func<int, string> Describe, int Count, string First)> _counted = new(StringComparer.Ordinal);

    /// <summary>What this run of the program left out, guessed or converted.</summary>
    public static Notices OfThisRun { get; } = new();

    /// <summary>Everything that was said so far, in order; what is only counted is not among it before <see cref="Flush"/>.</summary>
    public IReadOnlyList<string> All
    {
        get
        {
            lock (_lock)
                return [.. _said];
        }
    }

    /// <summary>The same for JSON, where nothing is written when there is nothing to say.</summary>
    public IReadOnlyList<string>? AllOrNull => All is { Count: > 0 } all ? all : null;

    /// <summary>Says something at once, unless it was said before.</summary>
    /// <param name="message">A sentence without a full stop.</param>
    public void Add(string message)
    {
        lock (_lock)
        {
            if (_said.Contains(message))
                return;
            _said.Add(message);
        }

        Console.Error.WriteLine(Output.Printable($"note: {message}"));
    }

    /// <summary>Says on stderr alone what helps people and is nothing about the data; not for JSON.</summary>
    /// <param name="message">A sentence without a full stop.</param>
    public static void Hint(string message) => Console.Error.WriteLine(Output.Printable($"note: {message}"));

    /// <summary>Says several things.</summary>
    public void AddRange(IEnumerable<string> messages)
    {
        foreach (string message in messages)
            Add(message);
    }

    /// <summary>Counts something that happens to many items; <see cref="Flush"/> says it once for all of them.</summary>
    /// <param name="kind">What tells it from other things.</param>
    /// <param name="item">The item: the first one is named.</param>
    /// <param name="describe">The sentence for a count, such as "3 images are transparent".</param>
    public void Count(string kind, string item, Func<int, string> describe)
    {
        lock (_lock)
            _counted[kind] = _counted.TryGetValue(kind, out var known) ? known with { Count = known.Count + 1 } : (describe, 1, item);
    }

    /// <summary>Counts what decoding an image lost.</summary>
    public void Count(ImageConversions conversions, string item)
    {
        foreach ((ImageConversions flag, string subject, string done) in Kinds)
            if (conversions.HasFlag(flag))
                Count(
                    $"image {flag}",
                    item,
                    count => $"{count.ToString("N0", CultureInfo.InvariantCulture)} image{(count == 1 ? "" : "s")} {subject}: {done}"
                );
    }

    /// <summary>What decoding one image lost.</summary>
    public static IEnumerable<string> Describe(ImageConversions conversions) =>
        Kinds.Where(kind => conversions.HasFlag(kind.Flag)).Select(kind => kind.Done);

    /// <summary>Says what was counted: at the end, and when a command is cancelled.</summary>
    public void Flush()
    {
        (Func<int, string> Describe, int Count, string First)[] counted;
        lock (_lock)
        {
            counted = [.. _counted.Values];
            _counted.Clear();
        }

        foreach (var (describe, count, first) in counted)
            Add(string.Create(CultureInfo.InvariantCulture, $"{describe(count)} ({(count > 1 ? "the first: " : "")}{first})"));
    }
}
