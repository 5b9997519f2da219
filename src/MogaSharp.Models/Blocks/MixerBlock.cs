using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>
/// The block of MLP-Mixer (arXiv 2105.01601, figure 1; timm 0.6, <c>mlp_mixer.py</c>): an MLP over the pixels of each channel, then one
/// over the channels of each pixel, each after layer norm. Shape is kept; rows and columns are fixed by the weights.
/// </summary>
public sealed record MixerBlock
{
    /// <summary>Hidden features of the MLP over pixels as a multiple of the channels.</summary>
    public double TokenRatio { get; init; } = 0.5;

    /// <summary>Hidden channels of the MLP over channels as a multiple of the channels.</summary>
    public double ChannelRatio { get; init; } = 4;

    /// <summary>Dropout in the MLPs, 0 to below 1.</summary>
    public double Drop { get; init; }

    /// <summary>Stochastic depth, 0 to below 1.</summary>
    public double DropPath { get; init; }

    /// <summary>Adds the block.</summary>
    /// <param name="s">The block's scope.</param>
    /// <param name="x">The feature map (N, C, H, W).</param>
    public Value Build(Scope s, Value x)
    {
        Value tokens = s.Add(new TokensToChannels(), s.LayerNorm("norm1", x, 1e-6));
        tokens = Mlp.Linear(s["mlp_tokens"], tokens, (int)(TokenRatio * x.Channels), Drop);
        x = s.Residual(x, DropPath, s.Add(new ChannelsToTokens(), tokens, x));
        return s.Residual(
            x,
            DropPath,
            Mlp.Linear(s["mlp_channels"], s.LayerNorm("norm2", x, 1e-6), (int)(ChannelRatio * x.Channels), Drop)
        );
    }
}
