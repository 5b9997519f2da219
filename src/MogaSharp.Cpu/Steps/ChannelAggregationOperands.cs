using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Planning;

namespace MogaSharp.Cpu.Steps;

/// <summary>The operands of a <see cref="ChannelAggregationStep{S, V}"/>.</summary>
internal sealed record ChannelAggregationOperands(
    Slot Input,
    PackedMatrix Expand,
    VectorConstant ExpandBias,
    PanelWeights Depthwise,
    VectorConstant DepthwiseBias,
    int Kernel,
    PackedMatrix Project,
    VectorConstant ProjectBias,
    Slot Output
)
{
    /// <summary>The weights of the per-pixel number t = GELU(d h + d0), and its column in the product; null without.</summary>
    public VectorConstant? Decompose { get; init; }

    /// <summary>d0.</summary>
    public float DecomposeBias { get; init; }

    /// <summary>What t is multiplied with.</summary>
    public VectorConstant? RankOneColumn { get; init; }

    /// <summary>What is added to the result; null without.</summary>
    public Shortcut? Shortcut { get; init; }

    /// <summary>Where each row's sum over its columns goes, for a pooling that follows: a map of width 1. Null without.</summary>
    public Slot? RowSums { get; init; }

    /// <summary>Where the parts' sums go when hidden channels are shared out (see <see cref="AggregationParts"/>); null when not.</summary>
    public Slot? Partial { get; init; }

    /// <summary>Parts of the hidden channels; 1 without <see cref="Partial"/>.</summary>
    public int Parts { get; init; } = 1;
}

/// <summary>
/// Small maps are shared out by hidden channels instead of rows: strips of few rows would compute much of fc1 twice, and every thread would
/// read all weights. Each part sums its share of fc2, and <see cref="AggregationSumStep{S, V}"/> adds the parts. The number of parts
/// depends on the map alone, so that neither threads nor the batch change the result's bits.
/// </summary>
internal static class AggregationParts
{
    private const int MaxPixels = 256,
        MinSlices = 4;

    /// <summary>Parts for a map, 1 to leave it to strips of rows.</summary>
    /// <param name="map">The block's map.</param>
    /// <param name="hidden">Hidden channels.</param>
    public static int Count(MapLayout map, int hidden)
    {
        // Counted in 64 channels whatever the vector width.
        int slices = hidden / 64;
        return map.Plane > MaxPixels || slices < MinSlices ? 1
            : slices < 16 ? 2
            : 4;
    }
}
