using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>
/// The block of PoolFormer (arXiv 2111.11418, figure 2; official <c>poolformer.py</c>): a mean of neighbors less the pixel, then an MLP,
/// each after group norm of one group and with layer scale and stochastic depth. Shape is kept.
/// </summary>
public sealed record PoolFormerBlock
{
    /// <summary>The side of the pooling window, odd.</summary>
    public int Pool { get; init; } = 3;

    /// <summary>Hidden channels of the MLP as a multiple of the channels.</summary>
    public double MlpRatio { get; init; } = 4;

    /// <summary>The layer scales' initial value.</summary>
    public float InitValue { get; init; } = 1e-5f;

    /// <summary>Dropout in the MLP, 0 to below 1.</summary>
    public double Drop { get; init; }

    /// <summary>Stochastic depth, 0 to below 1.</summary>
    public double DropPath { get; init; }

    /// <summary>Adds the block.</summary>
    /// <param name="s">The block's scope.</param>
    /// <param name="x">The feature map (N, C, H, W).</param>
    public Value Build(Scope s, Value x)
    {
        Value y = s.GroupNorm("norm1", x, groups: 1);
        y = s["token_mixer"].Add(new AveragePool2d(Pool), y) - y;
        x = s.Residual(x, DropPath, s.ScaleFlat("layer_scale_1", y, InitValue));
        y = Mlp.Conv(s["mlp"], s.GroupNorm("norm2", x, groups: 1), (int)(MlpRatio * x.Channels), Drop);
        return s.Residual(x, DropPath, s.ScaleFlat("layer_scale_2", s.Dropout(Drop, y), InitValue));
    }
}
