using MogaSharp.Graph;

namespace MogaSharp.Cpu.Planning;

/// <summary>How a matrix product's result is combined with another map.</summary>
internal enum CombineKind
{
    None,
    Multiply,
    AddScaled,
}

/// <summary>map * scale + shift per channel, added to a result; without keys the map as it is.</summary>
internal sealed record ShortcutTerm(Value Map, string? Scale = null, string? Shift = null);

/// <summary>act(conv or linear (norm (input)) + image bias + rank one) combined with another map.</summary>
internal sealed record MatrixPattern(Op Main, Value Input, ActivationKind[] Activation, string Scope)
{
    public LayerNorm? Norm { get; init; }

    public Value? ImageBias { get; init; }

    public Conv2d? RankOne { get; init; }

    public Value? RankOneFactor { get; init; }

    public CombineKind Combine { get; init; }

    /// <summary>The gate or shortcut that <see cref="Combine"/> speaks of.</summary>
    public ShortcutTerm? Other { get; init; }

    /// <summary>True for a product with bias and activation and nothing else.</summary>
    public bool IsPlain => ImageBias is null && RankOne is null && Combine == CombineKind.None;

    public string Describe() =>
        (Norm is null ? "" : "layer norm -> ")
        + (Main is Conv2d conv ? $"conv{conv.Kernel}x{conv.Kernel}" : "linear")
        + (ImageBias is null ? "" : " + image bias")
        + (RankOne is null ? "" : " + rank one")
        + string.Concat(Activation.Select(a => $" -> {a}"))
        + (
            Combine == CombineKind.None ? ""
            : Combine == CombineKind.Multiply ? " * gate"
            : " + shortcut"
        );
}

/// <summary>fc1 -> depthwise -> GELU -> fc2 with the rank-one part and shortcut.</summary>
internal sealed record ChannelAggregationPattern(Value Input, Conv2d Expand, Conv2d Depthwise, Conv2d Project, string Scope)
{
    public Conv2d? Decompose { get; init; }

    public Conv2d? RankOne { get; init; }

    public ShortcutTerm? Shortcut { get; init; }
}

/// <summary>project(act(gate(x)) * act(context(y))) with a shortcut; all three are 1x1 convolutions.</summary>
internal sealed record GatedProjectionPattern(
    Conv2d Gate,
    Value GateInput,
    Conv2d Context,
    Value ContextInput,
    ActivationKind[] Activation,
    Conv2d Project,
    string Scope
)
{
    public ShortcutTerm? Shortcut { get; init; }
}

/// <summary>A depthwise convolution and further ones of ranges of its channels, side by side.</summary>
internal sealed record MultiOrderPattern(Value Input, Conv2d Common, IReadOnlyList<(int Start, int Length, Conv2d? Conv)> Branches);

/// <summary>A depthwise convolution and an activation.</summary>
internal sealed record DepthwisePattern(ValueView Input, Conv2d Conv, ActivationKind? Activation);

/// <summary>A transposed convolution and an activation, or none.</summary>
internal sealed record TransposedPattern(Value Input, ConvTranspose2d Op, ActivationKind[] Activation, string Scope);

/// <summary>Group norm and an activation, or none.</summary>
internal sealed record GroupNormPattern(Value Input, GroupNorm Norm, ActivationKind? Activation);

/// <summary>A Fourier transform, a filter and the inverse transform.</summary>
internal sealed record GlobalFilterPattern(ValueView Input, SpectralFilter Filter);

/// <summary>A range of a value's channels where they lie.</summary>
internal readonly record struct ValueView(Value Value, int Channel);

/// <summary>fc2(act(fc1(norm(x)))) with a shortcut; both are 1x1 convolutions.</summary>
internal sealed record MlpPattern(Value Input, LayerNorm? Norm, Conv2d Expand, ActivationKind[] Activation, Conv2d Project, string Scope)
{
    public ShortcutTerm? Shortcut { get; init; }
}

/// <summary>project(... f(first * second) * factor ...) with a shortcut, all of 1x1 convolutions.</summary>
internal sealed record GatedChainPattern(
    ValueView First,
    ValueView Second,
    int Channels,
    IReadOnlyList<(Conv2d Conv, ValueView Factor)> Links,
    Conv2d Project,
    string Scope
)
{
    public ShortcutTerm? Shortcut { get; init; }
}

/// <summary>Scores, bias, mask, softmax and values; with a window, of the windows of a map.</summary>
internal sealed record AttentionPattern(
    ValueView Query,
    ValueView Key,
    ValueView Value,
    QueryKeyProduct Scores,
    int Depth,
    int ValueDepth,
    string Scope
)
{
    public RelativePositionBias? Bias { get; init; }

    public WindowMask? Mask { get; init; }

    public Value? MaskMap { get; init; }

    public WindowPartition? Windows { get; init; }
}
