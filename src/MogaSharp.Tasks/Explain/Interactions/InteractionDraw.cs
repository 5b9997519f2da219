using System.Collections.Immutable;

namespace MogaSharp.Tasks;

/// <summary>The pairs of patches of an image and the contexts in which they are looked at.</summary>
/// <param name="Orders">The orders.</param>
/// <param name="Pairs">The pairs.</param>
/// <param name="Contexts">By order and pair: sets of as many patches as the order says, without the pair.</param>
public sealed record InteractionDraw(
    ImmutableArray<int> Orders,
    ImmutableArray<PatchPair> Pairs,
    ImmutableArray<ImmutableArray<ImmutableArray<PatchMask>>> Contexts
)
{
    private const int Reach = 2;

    /// <summary>Draws pairs and contexts. The same seed draws the same, whatever the network is: so networks can be compared.</summary>
    /// <param name="options">The grid, how many, the seed.</param>
    /// <param name="image">The image's number, 0 or more.</param>
    /// <exception cref="ExplainException">The grid has fewer pairs, or no such order.</exception>
    public static InteractionDraw Create(InteractionOptions options, int image)
    {
        int patches = options.Grid * options.Grid;
        ImmutableArray<int> orders = CheckedOrders(options, patches);
        int seed = unchecked((1000 * image) + options.Seed);
        ImmutableArray<PatchPair> pairs = DrawPairs(options.Grid, options.Pairs, new Random(seed));
        return new(
            orders,
            pairs,
            [
                .. orders.Select(order =>
                {
                    var random = new Random(unchecked(seed + order + 1));
                    return pairs.Select(pair => DrawContexts(patches, pair, order, options.Contexts, random)).ToImmutableArray();
                }),
            ]
        );
    }

    /// <summary>The pairs of patches that are at most two rows and columns apart.</summary>
    /// <param name="side">Patches in a row and in a column.</param>
    public static int NeighborPairs(int side)
    {
        int count = 0;
        for (int dy = 0; dy <= Reach; dy++)
        for (int dx = dy == 0 ? 1 : -Reach; dx <= Reach; dx++)
            count += Math.Max(side - dy, 0) * Math.Max(side - Math.Abs(dx), 0);
        return count;
    }

    private static ImmutableArray<int> CheckedOrders(InteractionOptions options, int patches)
    {
        if (options.Orders.IsEmpty)
            return InteractionOptions.DefaultOrders(patches);
        foreach (int order in options.Orders)
            if (order < 0 || order > patches - 2)
                throw new ExplainException($"There is no order {order}; of {patches} patches there are 0 to {patches - 2}.");
        return options.Orders;
    }

    // The clamping makes pairs at the border likelier than others, as it does in the paper's procedure.
    private static ImmutableArray<PatchPair> DrawPairs(int side, int count, Random random)
    {
        if (count > NeighborPairs(side))
            throw new ExplainException($"A grid of {side}x{side} has {NeighborPairs(side)} pairs of neighbors, not {count}.");
        var pairs = ImmutableArray.CreateBuilder<PatchPair>(count);
        var taken = new HashSet<(int, int)>();
        while (pairs.Count < count)
        {
            int first = random.Next(side * side),
                row = Math.Clamp((first / side) + random.Next(-Reach, Reach + 1), 0, side - 1),
                column = Math.Clamp((first % side) + random.Next(-Reach, Reach + 1), 0, side - 1),
                second = (row * side) + column;
            if (first != second && taken.Add((Math.Min(first, second), Math.Max(first, second))))
                pairs.Add(new PatchPair(first, second));
        }

        return pairs.MoveToImmutable();
    }

    private static ImmutableArray<PatchMask> DrawContexts(int patches, PatchPair pair, int order, int count, Random random)
    {
        int[] others = [.. Enumerable.Range(0, patches).Where(patch => patch != pair.First && patch != pair.Second)];
        var contexts = ImmutableArray.CreateBuilder<PatchMask>(count);
        while (contexts.Count < count)
        {
            random.Shuffle(others);
            contexts.Add(PatchMask.Of(patches, others.AsSpan(0, order)));
        }

        return contexts.MoveToImmutable();
    }
}
