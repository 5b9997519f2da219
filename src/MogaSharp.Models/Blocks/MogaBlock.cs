using System.Collections.Immutable;
using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>
/// The block of MogaNet (arXiv 2211.03295, figure 4; official <c>models/moganet.py</c>, <c>MogaBlock</c>): spatial aggregation, then
/// channel aggregation, each a residual branch with norm, layer scale and stochastic depth. Shape is kept.
/// </summary>
public sealed record MogaBlock
{
    private const float SigmaInitValue = 1e-5f;

    /// <summary>Hidden channels of the channel aggregation as a multiple of the channels.</summary>
    public double FfnRatio { get; init; } = 4;

    /// <summary>The norm before each branch.</summary>
    public NormKind Norm { get; init; } = NormKind.BatchNorm;

    /// <summary>Dilations of the 5x5, 5x5 and 7x7 depthwise convolutions.</summary>
    public ImmutableArray<int> Dilations { get; init; } = [1, 2, 3];

    /// <summary>The shares of the low, middle and high order in the channels.</summary>
    public ImmutableArray<int> ChannelSplit { get; init; } = [1, 3, 4];

    /// <summary>The activation of the spatial aggregation.</summary>
    public ActivationKind Activation { get; init; } = ActivationKind.Silu;

    /// <summary>How often the gate and the context are activated.</summary>
    public GateMode Gate { get; init; } = GateMode.Once;

    /// <summary>What mixes channels.</summary>
    public ChannelMixerKind ChannelMixer { get; init; } = ChannelMixerKind.Aggregation;

    /// <summary>The depthwise convolutions of the context branch.</summary>
    public ContextKind Context { get; init; } = ContextKind.MultiOrder;

    /// <summary>Whether feature decomposition stands before the branches of the spatial aggregation.</summary>
    public bool HasDecomposition { get; init; } = true;

    /// <summary>Whether a gate multiplies the context.</summary>
    public bool HasGate { get; init; } = true;

    /// <summary>The layer scales' initial value.</summary>
    public float InitValue { get; init; } = 1e-5f;

    /// <summary>Dropout in the channel aggregation, 0 to below 1.</summary>
    public double Drop { get; init; }

    /// <summary>Stochastic depth, 0 to below 1.</summary>
    public double DropPath { get; init; }

    /// <summary>The key of the decompositions' factor under each branch: <c>sigma.scale</c> in MogaNet, <c>sigma</c> in SimVP's copy of the
    /// block.</summary>
    public string Sigma { get; init; } = "sigma.scale";

    /// <summary>Adds the block.</summary>
    /// <param name="s">The block's scope.</param>
    /// <param name="x">The feature map (N, C, H, W); C is a multiple of the channel split's sum.</param>
    public Value Build(Scope s, Value x)
    {
        Value y = SpatialAggregation(s["attn"], s.Norm("norm1", x, Norm));
        x = s.Residual(x, DropPath, s.Scale("layer_scale_1", y, InitValue));
        y = ChannelAggregation(s["mlp"], s.Norm("norm2", x, Norm));
        x = s.Residual(x, DropPath, s.Scale("layer_scale_2", y, InitValue));
        return x;
    }

    // Multi-order gated aggregation. The shortcut is the block's input AFTER the norm, as in the official code.
    private Value SpatialAggregation(Scope s, Value x)
    {
        s.WithOrder("proj_1", "gate", "value", "proj_2", "sigma");
        Value y = s.Conv("proj_1", x, x.Channels, kernel: 1);
        if (HasDecomposition)
            y += Decomposed(s, y - s.GlobalAveragePool(y));
        y = s.Activate(Activation, y);
        Value? gate = HasGate ? s.Conv("gate", y, x.Channels, kernel: 1) : null;
        Value context = Context == ContextKind.MultiOrder ? MultiOrderContext(s["value"], y) : SingleOrderContext(s["value"], y);
        Value aggregated = gate is null ? Activated(s, context) : Activated(s, gate) * Activated(s, context);
        return s.Conv("proj_2", aggregated, x.Channels, kernel: 1) + x;
    }

    private static Value SingleOrderContext(Scope s, Value x) =>
        s.Conv("PW_conv", s.DepthwiseConv("DW_conv0", x, 7), x.Channels, kernel: 1);

    // 5x5 on all channels; then the middle share once more by a dilated 5x5 and the high share by a dilated 7x7.
    private Value MultiOrderContext(Scope s, Value x)
    {
        int sum = ChannelSplit.Sum();
        int middle = (int)((double)ChannelSplit[1] / sum * x.Channels);
        int high = (int)((double)ChannelSplit[2] / sum * x.Channels);
        int low = x.Channels - middle - high;
        Value x0 = s.DepthwiseConv("DW_conv0", x, 5, Dilations[0]);
        Value x1 = s.DepthwiseConv("DW_conv1", s.Slice(x0, low, middle), 5, Dilations[1]);
        Value x2 = s.DepthwiseConv("DW_conv2", s.Slice(x0, low + middle, high), 7, Dilations[2]);
        return s.Conv("PW_conv", s.Concat(s.Slice(x0, 0, low), x1, x2), x.Channels, kernel: 1);
    }

    private Value ChannelAggregation(Scope s, Value x)
    {
        s.WithOrder("fc1", "dwconv", "fc2", "decompose");
        Value h = s.Conv("fc1", x, (int)(x.Channels * FfnRatio), kernel: 1);
        h = s.Activate(ActivationKind.Gelu, s.DepthwiseConv("dwconv", h, 3));
        h = s.Dropout(Drop, h);
        h = ChannelMixer switch
        {
            ChannelMixerKind.Aggregation => h + Decomposed(s, h - s.Activate(ActivationKind.Gelu, s.Conv("decompose", h, 1, kernel: 1))),
            ChannelMixerKind.MlpWithSqueezeExcitation => h * SqueezeExcitation(s["se"], h),
            _ => h,
        };
        return s.Dropout(Drop, s.Conv("fc2", h, x.Channels, kernel: 1));
    }

    // A share for each channel from the means of all (Hu et al., 2018), by a sixteenth of them.
    private static Value SqueezeExcitation(Scope s, Value x)
    {
        Value y = s.Conv("fc1", s.GlobalAveragePool(x), Math.Max(1, x.Channels / 16), kernel: 1);
        return s.Activate(ActivationKind.Sigmoid, s.Conv("fc2", s.Activate(ActivationKind.Relu, y), x.Channels, kernel: 1));
    }

    // The module's own parameter, or that of a submodule.
    private Value Decomposed(Scope s, Value x) =>
        Sigma.Split('.') is [string module, string name] ? s[module].Scale(name, x, SigmaInitValue) : s.Scale(Sigma, x, SigmaInitValue);

    private Value Activated(Scope s, Value x)
    {
        x = s.Activate(Activation, x);
        return Gate == GateMode.Twice ? s.Activate(Activation, x) : x;
    }
}

/// <summary>The norms of MogaNet by their kind.</summary>
internal static class Norms
{
    /// <summary>Adds a norm.</summary>
    public static Value Norm(this Scope s, string name, Value x, NormKind kind) =>
        kind switch
        {
            NormKind.BatchNorm => s.BatchNorm(name, x),
            NormKind.GroupNorm => s.GroupNorm(name, x, groups: x.Channels),
            _ => throw new GraphException($"Unknown norm {kind}."),
        };
}
