using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>
/// The block of ConvNeXt (arXiv 2201.03545, figure 4; timm 0.6, <c>convnext.py</c>): a depthwise convolution, layer norm, and an MLP of
/// four times the width, with layer scale and stochastic depth. Shape is kept.
/// </summary>
public sealed record ConvNeXtBlock
{
    /// <summary>Hidden channels as a multiple of the channels.</summary>
    public double MlpRatio { get; init; } = 4;

    /// <summary>The side of the depthwise kernel, odd.</summary>
    public int Kernel { get; init; } = 7;

    /// <summary>True for an MLP of 1x1 convolutions: the same function with weights of four dimensions.</summary>
    public bool ConvMlp { get; init; }

    /// <summary>The layer scale's initial value.</summary>
    public float InitValue { get; init; } = 1e-6f;

    /// <summary>Stochastic depth, 0 to below 1.</summary>
    public double DropPath { get; init; }

    /// <summary>Adds the block.</summary>
    /// <param name="s">The block's scope.</param>
    /// <param name="x">The feature map (N, C, H, W).</param>
    public Value Build(Scope s, Value x)
    {
        int hidden = (int)(MlpRatio * x.Channels);
        Value y = s.LayerNorm("norm", s.DepthwiseConv("conv_dw", x, Kernel), 1e-6);
        y = ConvMlp ? Mlp.Conv(s["mlp"], y, hidden) : Mlp.Linear(s["mlp"], y, hidden);
        return s.Residual(x, DropPath, s.ScaleFlat("gamma", y, InitValue));
    }
}
