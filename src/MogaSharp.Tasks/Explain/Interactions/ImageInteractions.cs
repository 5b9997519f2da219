using System.Collections.Immutable;

namespace MogaSharp.Tasks;

/// <summary>The interactions of an image's pairs of patches.</summary>
public sealed record ImageInteractions
{
    /// <summary>Patches in a row and in a column.</summary>
    public required int Grid { get; init; }

    /// <summary>The orders.</summary>
    public required ImmutableArray<int> Orders { get; init; }

    /// <summary>The pairs.</summary>
    public required ImmutableArray<PatchPair> Pairs { get; init; }

    /// <summary>I(m)(i, j), the mean over contexts, by order and pair.</summary>
    public required ImmutableArray<ImmutableArray<double>> Interactions { get; init; }

    /// <summary>The same of the first, third, ... contexts and of the second, fourth, ...; empty where each order has all contexts, or
    /// one.</summary>
    public ImmutableArray<ImmutableArray<ImmutableArray<double>>> Halves { get; init; } = [];

    /// <summary>The values v of S + i + j, S + i, S + j and S, by order, pair and context; or of all sets of patches, where bit p of the
    /// place says whether patch p is in it. Empty where they were not kept.</summary>
    public ImmutableArray<double> Values { get; init; } = [];

    /// <summary>Masked images that went through the network.</summary>
    public int Passes { get; init; }

    /// <summary>The interactions of all pairs and orders, from the values of all sets of patches.</summary>
    /// <param name="side">Patches in a row and in a column, 2 to 4.</param>
    /// <param name="values">v of all 2^n sets; bit p of the place is patch p.</param>
    /// <exception cref="ArgumentException">There are not as many values.</exception>
    public static ImageInteractions OfAllSets(int side, ReadOnlySpan<double> values)
    {
        int patches = side * side;
        if (values.Length != 1 << patches)
            throw new ArgumentException($"There are {values.Length} values for {1 << patches} sets.", nameof(values));
        var pairs = ImmutableArray.CreateBuilder<PatchPair>();
        for (int i = 0; i < patches; i++)
        for (int j = i + 1; j < patches; j++)
            pairs.Add(new PatchPair(i, j));
        double[][] means = [.. Enumerable.Range(0, patches - 1).Select(_ => new double[pairs.Count])];
        int[] contexts = new int[patches - 1];
        for (int pair = 0; pair < pairs.Count; pair++)
        {
            int i = 1 << pairs[pair].First,
                j = 1 << pairs[pair].Second;
            Array.Clear(contexts);
            for (int set = 0; set < values.Length; set++)
            {
                if ((set & (i | j)) != 0)
                    continue;
                int order = System.Numerics.BitOperations.PopCount((uint)set);
                means[order][pair] += values[set | i | j] - values[set | i] - values[set | j] + values[set];
                contexts[order]++;
            }

            for (int order = 0; order < means.Length; order++)
                means[order][pair] /= contexts[order];
        }

        return new()
        {
            Grid = side,
            Orders = [.. Enumerable.Range(0, patches - 1)],
            Pairs = pairs.ToImmutable(),
            Interactions = [.. means.Select(row => row.ToImmutableArray())],
            Values = [.. values],
        };
    }
}
