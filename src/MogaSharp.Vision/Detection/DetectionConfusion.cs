using System.Collections.Immutable;

namespace MogaSharp.Vision;

/// <summary>
/// Which classes objects are taken for. An object belongs to the surest detection of its class that overlaps it enough; of what is then
/// left, detections and objects of different classes belong together. Objects that are not found are taken for the background, and
/// detections where nothing is are taken from it. Detections in a crowd of their class do not count.
/// </summary>
public sealed class DetectionConfusion
{
    private readonly int[] _counts;

    private DetectionConfusion(int classes)
    {
        Classes = classes;
        _counts = new int[(classes + 1) * (classes + 1)];
    }

    /// <summary>Classes; the background has this number.</summary>
    public int Classes { get; }

    /// <summary>How often a class is taken for another one.</summary>
    /// <param name="truth">The annotated class, or <see cref="Classes"/> for the background.</param>
    /// <param name="found">The class that was found, or <see cref="Classes"/> for the background.</param>
    public int this[int truth, int found] => _counts[Place(truth, found)];

    /// <summary>The mistakes, the most frequent first.</summary>
    /// <returns>The annotated and the found class, <see cref="Classes"/> for the background, and how often.</returns>
    public ImmutableArray<(int Truth, int Found, int Count)> Mistakes() =>
        [
            .. Enumerable
                .Range(0, _counts.Length)
                .Select(i => (Truth: i / (Classes + 1), Found: i % (Classes + 1), Count: _counts[i]))
                .Where(one => one.Truth != one.Found && one.Count > 0)
                .OrderByDescending(one => one.Count),
        ];

    internal static DetectionConfusion Of(IEnumerable<ImageOverlaps> images, int classes, double overlap)
    {
        var confusion = new DetectionConfusion(classes);
        foreach (ImageOverlaps image in images)
            confusion.Add(image, overlap);
        return confusion;
    }

    private void Add(ImageOverlaps image, double overlap)
    {
        int[] matches = image.Match(overlap);
        var taken = new bool[image.Objects.Length];
        foreach (int match in matches)
            if (match >= 0)
                taken[match] = true;
        // The surest first; those of a class are in this order already, those of all are not.
        int[] order = [.. Enumerable.Range(0, matches.Length).OrderByDescending(i => image.Detections[i].Score)];
        foreach (int i in order)
        {
            if (matches[i] == ImageOverlaps.InCrowd)
                continue;
            int match = matches[i] >= 0 ? matches[i] : image.Best(i, overlap, other => !taken[other]);
            if (match >= 0)
                taken[match] = true;
            _counts[Place(match >= 0 ? image.Objects[match].Label : Classes, image.Detections[i].Label)]++;
        }

        for (int i = 0; i < taken.Length; i++)
            if (!taken[i])
                _counts[Place(image.Objects[i].Label, Classes)]++;
    }

    private int Place(int truth, int found)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)truth, (uint)Classes, nameof(truth));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)found, (uint)Classes, nameof(found));
        return (truth * (Classes + 1)) + found;
    }
}
