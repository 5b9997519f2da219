using System.Collections.Immutable;

namespace MogaSharp.Tasks;

/// <summary>
/// Interaction strength by order, over images. J is relative: its mean over the measured orders is 1, so it says nothing of how strong
/// interactions are, and its level depends on which orders are measured.
/// </summary>
public sealed record InteractionCurve
{
    /// <summary>The images that were measured.</summary>
    public required int Images { get; init; }

    /// <summary>The orders m.</summary>
    public required ImmutableArray<int> Orders { get; init; }

    /// <summary>m / (n - 2) of each order.</summary>
    public required ImmutableArray<double> Ratios { get; init; }

    /// <summary>The mean of |I(m)(i, j)| over pairs and images, of each order, before it is divided by the mean over the orders.</summary>
    public required ImmutableArray<double> Strength { get; init; }

    /// <summary>J(m) of each order.</summary>
    public required ImmutableArray<double> J { get; init; }

    /// <summary>The standard error of each J(m) from the spread of images; not a number for one image.</summary>
    public required ImmutableArray<double> StandardError { get; init; }

    /// <summary>What J(m) is with half of the contexts, the mean of both halves; empty where there are none. Where it differs from
    /// <see cref="J"/>, more contexts are needed.</summary>
    public required ImmutableArray<double> SplitHalf { get; init; }

    /// <summary>Makes the curve of images.</summary>
    /// <param name="images">One or more images, of the same grid and orders.</param>
    /// <param name="distance">Takes pairs whose <see cref="PatchPair.Distance"/> is at most this; null for all.</param>
    /// <exception cref="ArgumentException">There is no image, or their orders differ.</exception>
    public static InteractionCurve Of(IReadOnlyList<ImageInteractions> images, int? distance = null)
    {
        if (images.Count == 0)
            throw new ArgumentException("A curve needs an image.", nameof(images));
        ImageInteractions first = images[0];
        if (images.Any(image => image.Grid != first.Grid || !image.Orders.SequenceEqual(first.Orders)))
            throw new ArgumentException("The images were measured with different orders.", nameof(images));
        int orders = first.Orders.Length;
        double[][] strengths = [.. images.Select(image => Strengths(image, image.Interactions, distance))];
        double[] strength = Mean(strengths),
            j = Normalized(strength);
        // To first order, as of a ratio of two means over images.
        double scale = strength.Average(),
            count = images.Count;
        double[][] halves =
        [
            .. Enumerable
                .Range(0, images.Any(image => image.Halves.IsEmpty) ? 0 : 2)
                .Select(half => Normalized(Mean([.. images.Select(image => Strengths(image, image.Halves[half], distance))]))),
        ];
        return new()
        {
            Images = images.Count,
            Orders = first.Orders,
            Ratios = [.. first.Orders.Select(order => order / ((first.Grid * first.Grid) - 2.0))],
            Strength = [.. strength],
            J = [.. j],
            StandardError = [.. Enumerable.Range(0, orders).Select(Error)],
            SplitHalf = halves.Length == 0 ? [] : [.. Mean(halves)],
        };

        double Error(int order) =>
            count < 2
                ? double.NaN
                : Math.Sqrt(strengths.Sum(row => Math.Pow((row[order] - (j[order] * row.Average())) / scale, 2)) / (count * (count - 1)));
    }

    private static double[] Strengths(ImageInteractions image, ImmutableArray<ImmutableArray<double>> interactions, int? distance) =>
        [
            .. interactions.Select(row =>
                row.Where((_, pair) => distance is null || image.Pairs[pair].Distance(image.Grid) <= distance).Average(Math.Abs)
            ),
        ];

    private static double[] Mean(double[][] rows) =>
        [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Average(row => row[column]))];

    private static double[] Normalized(double[] strength)
    {
        double mean = strength.Average();
        return [.. strength.Select(one => one / mean)];
    }
}
