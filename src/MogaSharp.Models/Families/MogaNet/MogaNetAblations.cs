using System.Collections.Immutable;

namespace MogaSharp.Models;

/// <summary>A MogaNet with something taken away or replaced.</summary>
/// <param name="Name">A short name, such as <c>no-gate</c>.</param>
/// <param name="Description">What is different, in a few words.</param>
/// <param name="Settings">The options that are different, as model cards and <c>moga train --model-set</c> name them.</param>
/// <param name="Change">Makes the options of the network from those of the whole one.</param>
public sealed record MogaNetAblation(
    string Name,
    string Description,
    ImmutableArray<string> Settings,
    Func<MogaNetOptions, MogaNetOptions> Change
);

/// <summary>
/// The ablations of MogaNet's parts (arXiv 2211.03295, section 5.4). The official code has no switches for them; layers that stay keep
/// their official names, so weights of the whole network fill what they have in common.
/// </summary>
public static class MogaNetAblations
{
    /// <summary>All, the whole network first.</summary>
    public static ImmutableArray<MogaNetAblation> All { get; } =
    [
        new("full", "the whole network", [], options => options),
        new(
            "mlp",
            "a plain MLP in place of channel aggregation",
            ["channel_mixer=mlp"],
            options => options with { ChannelMixer = ChannelMixerKind.Mlp }
        ),
        new(
            "mlp-se",
            "an MLP with squeeze and excitation in place of channel aggregation",
            ["channel_mixer=mlp_with_squeeze_excitation"],
            options => options with { ChannelMixer = ChannelMixerKind.MlpWithSqueezeExcitation }
        ),
        new(
            "dwconv-7x7",
            "one depthwise 7x7 convolution in place of the multi-order branch",
            ["context=single_order"],
            options => options with { Context = ContextKind.SingleOrder }
        ),
        new(
            "no-decomposition",
            "without feature decomposition",
            ["has_decomposition=false"],
            options => options with { HasDecomposition = false }
        ),
        new("no-gate", "without gating", ["has_gate=false"], options => options with { HasGate = false }),
        new(
            "baseline",
            "all of these: a plain MLP, one depthwise 7x7 convolution, neither decomposition nor gating",
            ["channel_mixer=mlp", "context=single_order", "has_decomposition=false", "has_gate=false"],
            options =>
                options with
                {
                    ChannelMixer = ChannelMixerKind.Mlp,
                    Context = ContextKind.SingleOrder,
                    HasDecomposition = false,
                    HasGate = false,
                }
        ),
    ];
}
