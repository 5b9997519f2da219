using System.Collections.Immutable;

namespace MogaSharp.Vision;

/// <summary>The boxes of an image that take part in a training step.</summary>
/// <param name="Positives">The places of boxes that shall find an object, ascending.</param>
/// <param name="PositiveTruths">For each of them the place of its object.</param>
/// <param name="Negatives">The places of boxes that are background, ascending.</param>
public sealed record BoxSample(ImmutableArray<int> Positives, ImmutableArray<int> PositiveTruths, ImmutableArray<int> Negatives)
{
    /// <summary>All of them.</summary>
    public int Count => Positives.Length + Negatives.Length;

    /// <summary>Equal when the same boxes are.</summary>
    public bool Equals(BoxSample? other) =>
        other is not null
        && Positives.AsSpan().SequenceEqual(other.Positives.AsSpan())
        && PositiveTruths.AsSpan().SequenceEqual(other.PositiveTruths.AsSpan())
        && Negatives.AsSpan().SequenceEqual(other.Negatives.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Positives.Length, Negatives.Length);

    /// <summary>Copies the boxes, first the positives and then the negatives.</summary>
    /// <param name="boxes">n x 4 numbers: the boxes that were sampled from.</param>
    /// <param name="truths">m x 4 numbers: the objects, when they were sampled from too; else none.</param>
    /// <param name="result"><see cref="Count"/> x 4 numbers, written.</param>
    public void CopyBoxes(ReadOnlySpan<float> boxes, ReadOnlySpan<float> truths, Span<float> result)
    {
        int at = 0;
        foreach (int place in Positives.AsSpan())
            Copy(boxes, truths, place * 4, result[(4 * at++)..]);
        foreach (int place in Negatives.AsSpan())
            Copy(boxes, truths, place * 4, result[(4 * at++)..]);
    }

    private static void Copy(ReadOnlySpan<float> boxes, ReadOnlySpan<float> truths, int from, Span<float> result) =>
        (from < truths.Length ? truths.Slice(from, 4) : boxes.Slice(from - truths.Length, 4)).CopyTo(result);
}

/// <summary>
/// Draws the boxes that take part in a training step, so that objects are not lost among background, by the rules of MMDetection's
/// <c>RandomSampler</c>.
/// </summary>
/// <param name="Number">Boxes that are drawn, if there are as many; <see cref="int.MaxValue"/> for all.</param>
/// <param name="PositiveFraction">The largest share of them that shall find an object, 0..1.</param>
public sealed record RandomSampler(int Number, double PositiveFraction)
{
    /// <summary>Half of 256 anchors of a region proposal network.</summary>
    public static RandomSampler RegionProposals { get; } = new(256, 0.5);

    /// <summary>A quarter of 512 regions of a second stage, to which the objects' own boxes are added.</summary>
    public static RandomSampler Regions { get; } = new(512, 0.25) { AddsTruths = true };

    /// <summary>Whether the boxes of the objects themselves are put before the others, as boxes that shall find them.</summary>
    public bool AddsTruths { get; init; }

    /// <summary>The most negatives for each positive, counted as 1 where there is none; below 0 for any number.</summary>
    public double MostNegativesPerPositive { get; init; } = -1;

    /// <summary>Draws.</summary>
    /// <param name="assigned">For each box what <see cref="MaxIoUAssigner.Assign"/> wrote.</param>
    /// <param name="truths">The number of objects.</param>
    /// <param name="next">The stream of random numbers: each evenly of 0 to one less than what it is called with. It is called once for
    /// each box drawn, positives first, and not at all where all are taken.</param>
    /// <returns>Places in <paramref name="assigned"/>; with <see cref="AddsTruths"/> places below <paramref name="truths"/> are those of
    /// the objects, and the boxes' own come after them.</returns>
    /// <exception cref="ArgumentException">A box is assigned to an object that there is not, or the stream gave a wrong number.</exception>
    public BoxSample Sample(ReadOnlySpan<int> assigned, int truths, Func<int, int> next)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(Number);
        ArgumentOutOfRangeException.ThrowIfNegative(truths);
        int added = AddsTruths ? truths : 0;
        var positives = new List<int>(Enumerable.Range(0, added));
        var negatives = new List<int>();
        for (int i = 0; i < assigned.Length; i++)
        {
            if (assigned[i] < MaxIoUAssigner.Ignored || assigned[i] > truths)
                throw new ArgumentException($"A box is assigned to {assigned[i]}, there are {truths} objects.", nameof(assigned));
            if (assigned[i] > MaxIoUAssigner.Background)
                positives.Add(added + i);
            else if (assigned[i] == MaxIoUAssigner.Background)
                negatives.Add(added + i);
        }

        Draw(positives, (int)(Number * PositiveFraction), next);
        int left = Number - positives.Count;
        if (MostNegativesPerPositive >= 0)
            left = (int)Math.Min(left, MostNegativesPerPositive * Math.Max(1, positives.Count));
        Draw(negatives, left, next);
        var of = ImmutableArray.CreateBuilder<int>(positives.Count);
        foreach (int place in positives)
            of.Add(place < added ? place : assigned[place - added] - 1);
        return new BoxSample([.. positives], of.ToImmutable(), [.. negatives]);
    }

    private static void Draw(List<int> places, int count, Func<int, int> next)
    {
        if (places.Count <= count)
            return;
        for (int i = 0; i < count; i++)
        {
            int range = places.Count - i,
                pick = next(range);
            if (pick < 0 || pick >= range)
                throw new ArgumentException($"The stream gave {pick} where a number below {range} was asked for.", nameof(next));
            (places[i], places[i + pick]) = (places[i + pick], places[i]);
        }

        places.RemoveRange(count, places.Count - count);
        places.Sort();
    }
}
