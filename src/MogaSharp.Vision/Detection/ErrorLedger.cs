using System.Runtime.InteropServices;

namespace MogaSharp.Vision;

/// <summary>All detections with what is wrong with them.</summary>
internal sealed class ErrorLedger(int classes, double foreground, double background)
{
    private readonly List<Entry> _entries = [];
    private readonly int[] _objects = new int[classes];
    private int _images;

    /// <summary>The detections that are right or wrong.</summary>
    public IReadOnlyList<Entry> Detections => _entries;

    /// <summary>For each class the objects that nothing would have found.</summary>
    public int[] Missed { get; } = new int[classes];

    /// <summary>Judges the detections of an image.</summary>
    public void Add(ImageOverlaps image)
    {
        int[] matches = image.Match(foreground);
        AnnotatedObject[] objects = image.Objects;
        var found = new bool[objects.Length];
        foreach (int match in matches)
            if (match >= 0)
                found[match] = true;
        // The surest error at each object is the one that could be corrected to be its detection.
        int[] surest = new int[objects.Length];
        Array.Fill(surest, -1);
        int first = _entries.Count;
        for (int i = 0; i < matches.Length; i++)
        {
            if (matches[i] == ImageOverlaps.InCrowd)
                continue;
            Detection detection = image.Detections[i];
            (DetectionErrorKind? kind, int target) = matches[i] >= 0 ? (null, ImageOverlaps.Free) : Judge(image, i);
            if (target >= 0 && found[target])
                target = -1;
            if (target >= 0 && (surest[target] < 0 || _entries[surest[target]].Score < detection.Score))
                surest[target] = _entries.Count;
            _entries.Add(new Entry(detection.Score, _images, i, detection.Label, kind, target));
        }

        for (int i = first; i < _entries.Count; i++)
            if (_entries[i].Corrected is >= 0 and int target)
                _entries[i] = _entries[i] with { Corrected = surest[target] == i ? objects[target].Label : -1 };
        for (int i = 0; i < objects.Length; i++)
        {
            _objects[objects[i].Label]++;
            if (!found[i] && surest[i] < 0)
                Missed[objects[i].Label]++;
        }

        _images++;
    }

    /// <summary>Puts the surest first, in COCO's order.</summary>
    public void Sort() =>
        _entries.Sort((one, other) => (other.Score, one.Image, one.Place).CompareTo((one.Score, other.Image, other.Place)));

    /// <summary>The mean precision of the classes when the errors of a kind are corrected, 0..1.</summary>
    public double AveragePrecision(DetectionErrorKind? corrected, int classes)
    {
        List<bool>[] outcomes = [.. Enumerable.Range(0, classes).Select(_ => new List<bool>())];
        foreach (Entry entry in _entries)
        {
            if (entry.Kind is null || entry.Kind != corrected)
                outcomes[entry.Label].Add(entry.Kind is null);
            else if (entry.Corrected >= 0)
                outcomes[entry.Corrected].Add(true);
        }

        double sum = 0;
        int count = 0;
        for (int label = 0; label < classes; label++)
        {
            int positives = _objects[label] - (corrected == DetectionErrorKind.Missed ? Missed[label] : 0);
            // Without the objects that were missed a class may have none left, but its wrong detections stay.
            if (_objects[label] == 0 || (positives == 0 && outcomes[label].Count == 0))
                continue;
            sum += positives == 0 ? 0 : CocoCurves.AveragePrecision(CollectionsMarshal.AsSpan(outcomes[label]), positives);
            count++;
        }

        return count == 0 ? double.NaN : sum / count;
    }

    private (DetectionErrorKind? Kind, int Target) Judge(ImageOverlaps image, int detection)
    {
        ReadOnlySpan<double> overlaps = image.Of(detection);
        int label = image.Detections[detection].Label,
            own = First(overlaps, other => image.Objects[other].Label == label),
            other = First(overlaps, other => image.Objects[other].Label != label);
        double ownOverlap = own < 0 ? 0 : overlaps[own],
            otherOverlap = other < 0 ? 0 : overlaps[other];
        if (own >= 0 && ownOverlap >= background && ownOverlap <= foreground)
            return (DetectionErrorKind.Place, own);
        if (other >= 0 && otherOverlap >= foreground)
            return (DetectionErrorKind.Class, other);
        // What overlaps an object of its class that much and was not matched with it came too late.
        if (own >= 0 && ownOverlap >= foreground)
            return (DetectionErrorKind.Duplicate, -1);
        return (Math.Max(ownOverlap, otherOverlap) <= background ? DetectionErrorKind.Background : DetectionErrorKind.Both, -1);
    }

    // The object of largest overlap, the first one of equals.
    private static int First(ReadOnlySpan<double> overlaps, Func<int, bool> counts)
    {
        int best = -1;
        for (int i = 0; i < overlaps.Length; i++)
            if (counts(i) && (best < 0 || overlaps[i] > overlaps[best]))
                best = i;
        return best;
    }

    /// <summary>A detection.</summary>
    /// <param name="Score">How sure it is.</param>
    /// <param name="Image">The place of its image.</param>
    /// <param name="Place">Its place in the image.</param>
    /// <param name="Label">Its class.</param>
    /// <param name="Kind">What is wrong with it; null for nothing.</param>
    /// <param name="Corrected">The class that it would be right for once corrected; -1 when a correction only takes it away.</param>
    internal readonly record struct Entry(double Score, int Image, int Place, int Label, DetectionErrorKind? Kind, int Corrected);
}
