using MogaSharp.Graph;

namespace MogaSharp.Cpu.Passes;

/// <summary>The engine's passes in order. The result computes the same function with less work.</summary>
internal static class GraphOptimizer
{
    /// <summary>Passes that run once, in this order.</summary>
    public static IReadOnlyList<GraphPass> Once { get; } =
    [
        new LinearToPointwise(),
        new ConstantFactorToAffine(),
        new FoldFeatureDecomposition(),
        new FoldChannelAggregation(),
        new BatchNormToAffine(),
        new SplitLayerNorm(),
    ];

    /// <summary>Passes that run until none finds work; each moves affine maps towards convolutions, so they end.</summary>
    public static IReadOnlyList<GraphPass> ToTheEnd { get; } =
    [
        // First into the convolution before: afterwards the map's other readers may have gone past it.
        new FoldAffineIntoPreviousConv(),
        new FoldAffineIntoTransposedConv(),
        new MergeAffines(),
        new PoolBeforeAffine(),
        new FoldAffineIntoNextConv(),
        new DistributeAffineOverSum(),
        new MergeShortcuts(),
        new MergeSlices(),
        new WindowsNextToAttention(),
        new SizeFromSource(),
    ];

    /// <summary>Passes that run once at the end.</summary>
    public static IReadOnlyList<GraphPass> Last { get; } = [new AffineIntoLayerNorm()];

    /// <summary>Optimizes a graph for eval mode; the weights that come back are those that the new graph reads.</summary>
    public static (ComputationGraph Graph, WeightSet Weights) Run(ComputationGraph graph, WeightSet weights)
    {
        var rewriter = new GraphRewriter(graph.Lower(), weights);
        foreach (GraphPass pass in Once)
            rewriter.Apply(pass);
        // The end is reached when every pass in turn has found nothing.
        for (int next = 0, idle = 0; idle < ToTheEnd.Count; next = (next + 1) % ToTheEnd.Count)
            idle = rewriter.Apply(ToTheEnd[next]) ? 0 : idle + 1;
        foreach (GraphPass pass in Last)
            rewriter.Apply(pass);
        return rewriter.Finish();
    }
}
