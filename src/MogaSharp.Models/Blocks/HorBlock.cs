using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>
/// The block of HorNet (arXiv 2207.14284, figure 2; official <c>hornet.py</c>, <c>Block</c>): g^n Conv, then an MLP, each after layer norm
/// and with layer scale and stochastic depth. Shape is kept.
/// </summary>
public sealed record HorBlock
{
    /// <summary>The spatial part.</summary>
    public GnConv Spatial { get; init; } = new();

    /// <summary>Hidden channels of the MLP as a multiple of the channels.</summary>
    public double MlpRatio { get; init; } = 4;

    /// <summary>The layer scales' initial value.</summary>
    public float InitValue { get; init; } = 1e-6f;

    /// <summary>Stochastic depth, 0 to below 1.</summary>
    public double DropPath { get; init; }

    /// <summary>Adds the block.</summary>
    /// <param name="s">The block's scope.</param>
    /// <param name="x">The feature map (N, C, H, W).</param>
    public Value Build(Scope s, Value x)
    {
        Value y = Spatial.Build(s["gnconv"], s.LayerNorm("norm1", x, 1e-6, isCounted: false));
        x = s.Residual(x, DropPath, s.ScaleFlat("gamma1", y, InitValue));
        y = s.Linear("pwconv1", s.LayerNorm("norm2", x, 1e-6), (int)(MlpRatio * x.Channels));
        y = s.Linear("pwconv2", s.Activate(ActivationKind.Gelu, y), x.Channels);
        return s.Residual(x, DropPath, s.ScaleFlat("gamma2", y, InitValue));
    }
}
