using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>
/// The blocks of UniFormer (arXiv 2201.09450, figure 2; official <c>uniformer.py</c>): a depthwise convolution for the position, then the
/// mixing of pixels, locally by convolution or globally by attention, then an MLP. Shape is kept.
/// </summary>
public sealed record UniFormerBlock
{
    /// <summary>Heads of the attention; divides the channels.</summary>
    public int Heads { get; init; } = 8;

    /// <summary>Hidden channels of the MLP as a multiple of the channels.</summary>
    public double MlpRatio { get; init; } = 4;

    /// <summary>The initial value of the layer scales of <see cref="Attention"/>.</summary>
    public float InitValue { get; init; } = 1e-6f;

    /// <summary>Dropout in the MLP and after attention, 0 to below 1.</summary>
    public double Drop { get; init; }

    /// <summary>Stochastic depth, 0 to below 1.</summary>
    public double DropPath { get; init; }

    /// <summary>Adds the local block, <c>CBlock</c>.</summary>
    /// <param name="s">The block's scope.</param>
    /// <param name="x">The feature map (N, C, H, W).</param>
    public Value Convolution(Scope s, Value x)
    {
        s.WithOrder("pos_embed", "norm1", "conv1", "conv2", "attn");
        x = s.Residual(x, 0, s.DepthwiseConv("pos_embed", x, 3));
        Value y = s.Conv("conv1", s.BatchNorm("norm1", x), x.Channels, kernel: 1);
        y = s.Conv("conv2", s.DepthwiseConv("attn", y, 5), x.Channels, kernel: 1);
        x = s.Residual(x, DropPath, y);
        return s.Residual(x, DropPath, s.Dropout(Drop, Mlp.Conv(s["mlp"], s.BatchNorm("norm2", x), (int)(MlpRatio * x.Channels), Drop)));
    }

    /// <summary>Adds the global block, <c>SABlock</c>.</summary>
    /// <inheritdoc cref="Convolution"/>
    public Value Attention(Scope s, Value x)
    {
        x = s.Residual(x, 0, s.DepthwiseConv("pos_embed", x, 3));
        Value y = TransformerBlock.Attention(s["attn"], s.LayerNorm("norm1", x), Heads, Drop);
        x = s.Residual(x, DropPath, s.ScaleFlat("gamma_1", y, InitValue));
        y = Mlp.Linear(s["mlp"], s.LayerNorm("norm2", x), (int)(MlpRatio * x.Channels), Drop);
        return s.Residual(x, DropPath, s.ScaleFlat("gamma_2", y, InitValue));
    }
}
