using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>
/// The block of VAN (arXiv 2202.09741, figure 4) and of SimVP's gated spatio-temporal attention, gSTA (arXiv 2211.12509, figure 5; official
/// <c>simvp_modules.py</c>, <c>GASubBlock</c>): attention by a decomposed 21x21 convolution, then an MLP with a depthwise convolution, each
/// after batch norm and with layer scale and stochastic depth. Shape is kept.
/// </summary>
public sealed record LargeKernelBlock
{
    /// <summary>False for VAN, whose large kernel multiplies its input; true for gSTA, where one half of its result gates the
    /// other.</summary>
    public bool IsGated { get; init; }

    /// <summary>Hidden channels of the MLP as a multiple of the channels.</summary>
    public double MlpRatio { get; init; } = 4;

    /// <summary>The layer scales' initial value.</summary>
    public float InitValue { get; init; } = 1e-2f;

    /// <summary>Dropout in the MLP, 0 to below 1.</summary>
    public double Drop { get; init; }

    /// <summary>Stochastic depth, 0 to below 1.</summary>
    public double DropPath { get; init; }

    /// <summary>Adds the block.</summary>
    /// <param name="s">The block's scope.</param>
    /// <param name="x">The feature map (N, C, H, W).</param>
    public Value Build(Scope s, Value x)
    {
        x = s.Residual(x, DropPath, s.ScaleFlat("layer_scale_1", Attention(s["attn"], s.BatchNorm("norm1", x)), InitValue));
        return s.Residual(x, DropPath, s.ScaleFlat("layer_scale_2", DepthwiseMlp(s["mlp"], s.BatchNorm("norm2", x)), InitValue));
    }

    // The shortcut is the block's input after the norm.
    private Value Attention(Scope s, Value x)
    {
        Value y = s.Activate(ActivationKind.Gelu, s.Conv("proj_1", x, x.Channels, kernel: 1));
        y = s.Conv("proj_2", LargeKernel(s["spatial_gating_unit"], y), x.Channels, kernel: 1);
        return s.Add(new Binary(BinaryKind.Add), y, x);
    }

    // 5x5 and a 7x7 of every third pixel see 23x23 pixels together.
    private Value LargeKernel(Scope s, Value x)
    {
        int c = x.Channels;
        Value y = s.DepthwiseConv("conv_spatial", s.DepthwiseConv("conv0", x, 5), 7, dilation: 3);
        if (!IsGated)
            return s.Add(new Binary(BinaryKind.Multiply), x, s.Conv("conv1", y, c, kernel: 1));
        y = s.Conv("conv1", y, 2 * c, kernel: 1);
        return s.Add(new Binary(BinaryKind.Multiply), s.Activate(ActivationKind.Sigmoid, s.Slice(y, c, c)), s.Slice(y, 0, c));
    }

    private Value DepthwiseMlp(Scope s, Value x)
    {
        Value h = s.Conv("fc1", x, (int)(MlpRatio * x.Channels), kernel: 1);
        h = s.Dropout(Drop, s.Activate(ActivationKind.Gelu, s["dwconv"].DepthwiseConv("dwconv", h, 3)));
        return s.Dropout(Drop, s.Conv("fc2", h, x.Channels, kernel: 1));
    }
}
