using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>
/// The block of ConvMixer (arXiv 2201.09792, figure 2): a depthwise convolution with a shortcut, then a 1x1 convolution, each with GELU and
/// batch norm after it. Shape is kept.
/// </summary>
public sealed record ConvMixerBlock
{
    /// <summary>The side of the depthwise kernel, odd.</summary>
    public int Kernel { get; init; } = 9;

    /// <summary>Adds the block.</summary>
    /// <param name="s">The block's scope.</param>
    /// <param name="x">The feature map (N, C, H, W).</param>
    public Value Build(Scope s, Value x)
    {
        x = s.Residual(x, 0, s.BatchNorm("norm_1", s.Activate(ActivationKind.Gelu, s.DepthwiseConv("conv_dw", x, Kernel))));
        return s.BatchNorm("norm_2", s.Activate(ActivationKind.Gelu, s.Conv("conv_pw", x, x.Channels, kernel: 1)));
    }
}
