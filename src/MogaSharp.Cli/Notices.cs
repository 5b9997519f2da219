using System.Globalization;
using MogaSharp.Imaging;

namespace MogaSharp.Cli;

/// <summary>
/// What a command left out, guessed, converted with a loss or put into another order. Each thing is said once on stderr, with a count where there are
/// several, and stands in <c>--json</c>. Safe to use from many threads at once.
/// </summary>
internal sealed class Notices
{
    private readonly Lock _lock = new();
    private readonly List<string> _said = [];
    private readonly Dictionary<string, (Func<int, string> Describe, int Count, string First)> _counted = new(StringComparer.Ordinal);

    /// <summary>Everything that was said so far, in order; what is only counted is not among it before <see cref="Flush"/>.</summary>
    public IReadOnlyList<string> All
    {
        get
        {
            lock (_lock) return [.. _said];
        }
    }

    /// <summary>Says something at once, unless it was said before.</summary>
    /// <param name="message">A sentence without a full stop.</param>
    public void Add(string message)
    {
        lock (_lock)
        {
            if (_said.Contains(message)) return;
            _said.Add(message);
        }

        Console.Error.WriteLine(Output.Printable($"note: {message}"));
    }

    /// <summary>Says several things.</summary>
    public void AddRange(IEnumerable<string> messages)
    {
        foreach (string message in messages) Add(message);
    }

    /// <summary>Counts something that happens to many items; <see cref="Flush"/> says it once for all of them.</summary>
    /// <param name="kind">What tells it from other things.</param>
    /// <param name="item">The item: the first one is named.</param>
    /// <param name="describe">The sentence for a count, such as "3 images are transparent".</param>
    public void Count(string kind, string item, Func<int, string> describe)
    {
        lock (_lock) _counted[kind] = _counted.TryGetValue(kind, out var known) ? known with { Count = known.Count + 1 } : (describe, 1, item);
    }

    /// <summary>Counts what decoding an image lost.</summary>
    public void Count(ImageConversions conversions, string item)
    {
        foreach (ImageConversions flag in Enum.GetValues<ImageConversions>())
            if (flag != ImageConversions.None && conversions.HasFlag(flag)) Count($"image {flag}", item, count => Describe(flag, count));
    }

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

    /// <summary>What a conversion means for a number of images.</summary>
    public static string Describe(ImageConversions flag, int count)
    {
        string images = string.Create(CultureInfo.InvariantCulture, $"{count} image{(count == 1 ? "" : "s")}");
        return flag switch
        {
            ImageConversions.Opacity => $"{images} with transparent pixels: opacity was left out",
            ImageConversions.ExtraSamples => $"{images} with samples that are neither colors nor opacity: these were left out",
            ImageConversions.Depth => $"{images} of more than 8 bits a sample: cut to 8",
            ImageConversions.ColorSpace => $"{images} of another color space: converted to RGB",
            ImageConversions.Frames => $"{images} of several frames or pages: all but the first were left out",
            _ => throw new ArgumentOutOfRangeException(nameof(flag), flag, "One flag is described at a time."),
        };
    }
}
