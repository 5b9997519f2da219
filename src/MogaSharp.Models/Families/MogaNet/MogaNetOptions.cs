using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>How the gate and the context are activated before they are multiplied.</summary>
public enum GateMode
{
    /// <summary>act(gate) * act(context): the official repository's default (<c>attn_force_fp32=False</c>).</summary>
    Once,

    /// <summary>
    /// act(act(gate)) * act(act(context)): what the official code computes with <c>attn_force_fp32=True</c>, whatever the
    /// precision. Most OpenMixup checkpoints were trained so and need it.
    /// </summary>
    Twice,
}

/// <summary>The normalization layers that the official constructor takes and that work.</summary>
public enum NormKind
{
    /// <summary>Batch normalization (also <c>SyncBN</c>, which is the same function and the same keys).</summary>
    BatchNorm,

    /// <summary>Group normalization with one channel per group.</summary>
    GroupNorm,
}

/// <summary>What mixes channels in a block; all but the first are for ablations (paper, section 5.4).</summary>
public enum ChannelMixerKind
{
    /// <summary>Channel aggregation: an MLP with a 3x3 depthwise convolution whose hidden features are reallocated.</summary>
    Aggregation,

    /// <summary>The MLP without reallocation.</summary>
    Mlp,

    /// <summary>The MLP with squeeze and excitation of the hidden features in place of the reallocation.</summary>
    MlpWithSqueezeExcitation,
}

/// <summary>The depthwise convolutions of a block's context branch; the second is for ablations (paper, section 5.4).</summary>
public enum ContextKind
{
    /// <summary>5x5 on all channels, then dilated 5x5 and 7x7 on shares of them.</summary>
    MultiOrder,

    /// <summary>One 7x7 on all channels.</summary>
    SingleOrder,
}

/// <summary>How a stage makes its feature map.</summary>
public enum PatchEmbedKind
{
    /// <summary>Two strided convolutions with an activation between: <c>ConvEmbed</c>, the first stage only.</summary>
    ConvEmbed,

    /// <summary>One strided convolution: <c>Conv</c>.</summary>
    Conv,
}

/// <summary>The sizes of a network: one entry per stage.</summary>
/// <param name="EmbedDims">Channels.</param>
/// <param name="Depths">Blocks.</param>
/// <param name="FfnRatios">Hidden channels of the channel aggregation block as a multiple of the stage's channels.</param>
public sealed record MogaNetArch(ImmutableArray<int> EmbedDims, ImmutableArray<int> Depths, ImmutableArray<double> FfnRatios)
{
    private static readonly (string[] Names, MogaNetArch Arch)[] Zoo =
    [
        (["x-tiny", "xt", "xtiny"], Make([32, 64, 96, 192], [3, 3, 10, 2])),
        (["tiny", "t"], Make([32, 64, 128, 256], [3, 3, 12, 2])),
        (["small", "s"], Make([64, 128, 320, 512], [2, 3, 12, 2])),
        (["base", "b"], Make([64, 160, 320, 512], [4, 6, 22, 3])),
        (["large", "l"], Make([64, 160, 320, 640], [4, 6, 44, 4])),
        (["x-large", "xl", "xlarge"], Make([96, 192, 480, 960], [6, 6, 44, 4])),
    ];

    /// <summary>The six official sizes by their long names, smallest first.</summary>
    public static ImmutableArray<string> Names { get; } = [.. Zoo.Select(entry => entry.Names[0])];

    /// <summary>An official size (paper, table A1) by any of its official aliases, in any case: <c>x-tiny</c>, <c>xt</c>, <c>xtiny</c> and
    /// so on.</summary>
    /// <exception cref="GraphException">No size has this name.</exception>
    public static MogaNetArch Parse(string name)
    {
        if (TryParse(name, out MogaNetArch? arch, out _))
            return arch;
        throw new GraphException($"No MogaNet size is called '{name}'; there are {string.Join(", ", Names)}.");
    }

    /// <summary>An official size by any of its aliases, and its long name.</summary>
    internal static bool TryParse(string name, [NotNullWhen(true)] out MogaNetArch? arch, [NotNullWhen(true)] out string? official)
    {
        (string[]? names, arch) = Array.Find(Zoo, entry => entry.Names.Contains(name, StringComparer.OrdinalIgnoreCase));
        official = names?[0];
        return arch is not null;
    }

    private static MogaNetArch Make(ImmutableArray<int> dims, ImmutableArray<int> depths) => new(dims, depths, [8, 8, 4, 4]);
}

/// <summary>
/// The options of the official constructor (<c>models/moganet.py</c>, class MogaNet) that change the function, with its defaults.
/// </summary>
public sealed record MogaNetOptions : ClassifierOptions
{
    /// <inheritdoc/>
    public override string Family => "moganet";

    /// <summary>Channels, depths and FFN ratios. Default: tiny.</summary>
    public MogaNetArch Arch { get; init; } = MogaNetArch.Parse("tiny");

    /// <summary>The layer scales' initial value.</summary>
    public float InitValue { get; init; } = 1e-5f;

    /// <summary>Factor on the fresh head's weights.</summary>
    public double HeadInitScale { get; init; } = 1;

    /// <summary>Kernel sides of the patch embeddings; the stride is side / 2 + 1.</summary>
    public ImmutableArray<int> PatchSizes { get; init; } = [3, 3, 3, 3];

    /// <summary>The norm that ends each stage.</summary>
    public NormKind StemNorm { get; init; } = NormKind.BatchNorm;

    /// <summary>The norm in patch embeddings and blocks.</summary>
    public NormKind ConvNorm { get; init; } = NormKind.BatchNorm;

    /// <summary>The patch embedding of each stage.</summary>
    public ImmutableArray<PatchEmbedKind> PatchEmbeds { get; init; } =
    [PatchEmbedKind.ConvEmbed, PatchEmbedKind.Conv, PatchEmbedKind.Conv, PatchEmbedKind.Conv];

    /// <summary>Dilations of the 5x5, 5x5 and 7x7 depthwise convolutions, each 1 to 3.</summary>
    public ImmutableArray<int> AttnDwDilation { get; init; } = [1, 2, 3];

    /// <summary>The shares of the low, middle and high order in the channels.</summary>
    public ImmutableArray<int> AttnChannelSplit { get; init; } = [1, 3, 4];

    /// <summary>The activation of the aggregation block.</summary>
    public ActivationKind AttnActivation { get; init; } = ActivationKind.Silu;

    /// <summary>False replaces the last stage's dilations by 1, 2, 1.</summary>
    public bool AttnFinalDilation { get; init; } = true;

    /// <summary>The official <c>attn_force_fp32</c> by what it does; see <see cref="GateMode"/>.</summary>
    public GateMode Gate { get; init; } = GateMode.Once;

    /// <summary>What mixes channels.</summary>
    public ChannelMixerKind ChannelMixer { get; init; } = ChannelMixerKind.Aggregation;

    /// <summary>The depthwise convolutions of the context branch.</summary>
    public ContextKind Context { get; init; } = ContextKind.MultiOrder;

    /// <summary>Whether feature decomposition stands before the branches of the spatial aggregation; false for ablations.</summary>
    public bool HasDecomposition { get; init; } = true;

    /// <summary>Whether a gate multiplies the context; false for ablations.</summary>
    public bool HasGate { get; init; } = true;

    /// <inheritdoc/>
    public override IBackbone CreateBackbone() => new MogaNet(this);

    /// <inheritdoc/>
    public override ClassifierHead CreateHead() =>
        new()
        {
            Pool = (net, map) => net.SpatialMean(map),
            Name = HeadName,
            NumClasses = NumClasses,
            InitialScale = HeadInitScale,
        };

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        int stages = Arch.Depths.Length;
        Require(
            stages > 0 && Arch.EmbedDims.Length == stages && Arch.FfnRatios.Length == stages,
            "embed dims, depths and FFN ratios have one entry per stage"
        );
        Require(
            Arch.EmbedDims.All(c => c > 0) && Arch.Depths.All(d => d >= 0) && Arch.FfnRatios.All(r => r > 0),
            "embed dims and FFN ratios are positive"
        );
        Require(PatchSizes.Length >= stages && PatchEmbeds.Length == stages, "patch sizes and patch embeddings have one entry per stage");
        Require(PatchSizes.All(p => p > 0), "patch sizes are positive");
        Require(PatchEmbeds[0] != PatchEmbedKind.ConvEmbed || PatchSizes[0] <= 3, "the first patch size is at most 3 with ConvEmbed");
        Require(AttnDwDilation.Length == 3 && AttnDwDilation.All(d => d is >= 1 and <= 3), "there are three dilations from 1 to 3");
        Require(AttnChannelSplit.Length == 3 && AttnChannelSplit.All(s => s > 0), "the channel split has three positive shares");
        Require(
            Arch.EmbedDims.All(c => c % AttnChannelSplit.Sum() == 0),
            $"the channels of every stage are multiples of the channel split's sum, {AttnChannelSplit.Sum()}"
        );
    }

    /// <inheritdoc/>
    protected internal override void CheckLimits(Action<bool, string> require)
    {
        base.CheckLimits(require);
        RequireStages(require, Arch.Depths, Arch.EmbedDims.Select(c => (long)c));
        require(Arch.FfnRatios.All(r => r <= 64), "FFN ratios are at most 64");
        require(
            PatchSizes.All(side => side <= 255) && AttnChannelSplit.All(share => share <= CardRules.MaxChannels),
            "patch sizes are at most 255"
        );
    }
}
