using System.Collections.Immutable;

namespace MogaSharp.Vision;

/// <summary>The detections of an image and how much each of them overlaps each object, whatever their classes.</summary>
internal sealed class ImageOverlaps
{
    /// <summary>Detections that were matched with no object.</summary>
    public const int Free = -1;

    /// <summary>Detections in a crowd of their class, which count neither as right nor as wrong.</summary>
    public const int InCrowd = -2;

    private readonly AnnotatedObject[] _crowds;
    private readonly double[] _overlaps;
    private readonly double[] _inCrowds;

    /// <summary>Compares all.</summary>
    /// <param name="objects">The objects and crowds.</param>
    /// <param name="detections">The detections, those of one class by descending score.</param>
    /// <param name="comparison">What is compared.</param>
    public ImageOverlaps(ImmutableArray<AnnotatedObject> objects, Detection[] detections, CocoComparison comparison)
    {
        Objects = [.. objects.Where(one => !one.IsCrowd)];
        _crowds = [.. objects.Where(one => one.IsCrowd)];
        Detections = detections;
        _overlaps = CocoOverlaps.Between(Objects, detections, comparison);
        _inCrowds = CocoOverlaps.Between(_crowds, detections, comparison);
    }

    /// <summary>The objects without crowds.</summary>
    public AnnotatedObject[] Objects { get; }

    /// <summary>The detections.</summary>
    public Detection[] Detections { get; }

    /// <summary>How much a detection overlaps each of <see cref="Objects"/>, 0..1.</summary>
    public ReadOnlySpan<double> Of(int detection) => _overlaps.AsSpan(detection * Objects.Length, Objects.Length);

    /// <summary>Matches by COCO's rules: each detection takes the object of its class that it overlaps most of those left.</summary>
    /// <param name="least">The overlap that is needed.</param>
    /// <returns>For each detection the place of its object, <see cref="Free"/> or <see cref="InCrowd"/>.</returns>
    public int[] Match(double least)
    {
        int[] matches = new int[Detections.Length];
        var taken = new bool[Objects.Length];
        for (int i = 0; i < matches.Length; i++)
        {
            int label = Detections[i].Label,
                match = Best(i, least, other => !taken[other] && Objects[other].Label == label);
            if (match >= 0)
                taken[match] = true;
            matches[i] = match >= 0 || !IsInCrowd(i, least) ? match : InCrowd;
        }

        return matches;
    }

    /// <summary>The object that a detection overlaps most, the last one of equals.</summary>
    /// <param name="detection">The detection.</param>
    /// <param name="least">The overlap that is needed.</param>
    /// <param name="counts">Which objects count.</param>
    /// <returns>Its place, or <see cref="Free"/>.</returns>
    public int Best(int detection, double least, Func<int, bool> counts)
    {
        int best = Free;
        ReadOnlySpan<double> overlaps = Of(detection);
        for (int i = 0; i < overlaps.Length; i++)
            if (overlaps[i] >= (best < 0 ? Math.Min(least, CocoMatches.MostSimilarity) : overlaps[best]) && counts(i))
                best = i;
        return best;
    }

    private bool IsInCrowd(int detection, double least)
    {
        for (int i = 0; i < _crowds.Length; i++)
            if (_crowds[i].Label == Detections[detection].Label && _inCrowds[(detection * _crowds.Length) + i] >= least)
                return true;
        return false;
    }
}
