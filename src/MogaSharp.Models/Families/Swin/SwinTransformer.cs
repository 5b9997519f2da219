using System.Collections.Immutable;
using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>Swin Transformer's options (timm 0.6, <c>swin_transformer.py</c>). Defaults: Swin-T. Dropout is that of the MLPs and
/// projections.</summary>
public sealed record SwinOptions : ClassifierOptions
{
    /// <inheritdoc/>
    public override string Family => "swin";

    /// <summary>Channels of the first stage; each further one has twice as many.</summary>
    public int EmbedDim { get; init; } = 96;

    /// <summary>Blocks of each stage.</summary>
    public ImmutableArray<int> Depths { get; init; } = [2, 2, 6, 2];

    /// <summary>Heads of each stage.</summary>
    public ImmutableArray<int> Heads { get; init; } = [3, 6, 12, 24];

    /// <summary>The windows' side in pixels.</summary>
    public int Window { get; init; } = 7;

    /// <summary>Hidden channels of the MLPs as a multiple of the channels.</summary>
    public double MlpRatio { get; init; } = 4;

    /// <inheritdoc/>
    protected internal override void CheckLimits(Action<bool, string> require)
    {
        base.CheckLimits(require);
        RequireStages(require, Depths, Depths.Select((_, i) => (long)EmbedDim << i));
        require(MlpRatio <= 64, "the MLP ratio is at most 64");
    }

    /// <inheritdoc/>
    public override IBackbone CreateBackbone() => new SwinTransformer(this);

    /// <inheritdoc/>
    public override ClassifierHead CreateHead() =>
        new()
        {
            Pool = (net, map) => net.SpatialMean(net.LayerNorm("norm", map)),
            Name = HeadName,
            NumClasses = NumClasses,
        };

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        int stages = Depths.Length;
        Require(stages is > 0 and <= 16 && Heads.Length == stages, "depths and heads have one entry per stage");
        Require(
            EmbedDim > 0 && Depths.All(d => d >= 0) && MlpRatio > 0,
            "the embed dim and the MLP ratio are positive and depths not negative"
        );
        Require(Window is >= 1 and <= 255, "the window's side is 1 or more");
        for (int i = 0; i < stages; i++)
            Require(Heads[i] > 0 && ((long)EmbedDim << i) % Heads[i] == 0, "heads divide the channels of every stage");
    }
}

/// <summary>
/// Swin Transformer (arXiv 2103.14030; timm 0.6.13, <c>swin_transformer.py</c>). Parameter names are the official state-dict keys, the same
/// at Microsoft and in timm; tokens stay pixels of a map. A graph is for the sizes that windows of its build's size tile, as with timm's
/// <c>img_size</c>: sides that are multiples of 32 windows, such as 224 for windows of 7.
/// </summary>
public sealed class SwinTransformer : IBackbone
{
    private readonly SwinOptions _options;

    /// <summary>Validates the options.</summary>
    /// <exception cref="GraphException">The options describe no network.</exception>
    public SwinTransformer(SwinOptions options)
    {
        options.Validate();
        _options = options;
    }

    /// <inheritdoc/>
    public int InChannels => _options.InChannels;

    /// <inheritdoc/>
    /// <remarks>Each map is taken before the patches are merged, without the norms that dense tasks add.</remarks>
    public ImmutableArray<FeatureInfo> Features =>
        [.. _options.Depths.Select((_, i) => new FeatureInfo(FeatureInfo.StageName(i), _options.EmbedDim << i, 4 << i))];

    /// <inheritdoc/>
    public IReadOnlyList<Value> Build(Scope net, Value image)
    {
        net = net with { Initialization = ConvInitialization.Uniform };
        Value x = net["patch_embed"].Conv("proj", image, _options.EmbedDim, kernel: 4, stride: 4);
        x = net.Dropout(_options.DropRate, net["patch_embed"].LayerNorm("norm", x));
        double[] dropPath = _options.DropPathRates(_options.Depths.Sum());
        int block = 0;
        var stages = new List<Value>();
        for (int i = 0; i < _options.Depths.Length; i++)
        {
            Scope layer = net["layers"][i];
            for (int j = 0; j < _options.Depths[i]; j++)
                x = Block(i, isShifted: j % 2 == 1, dropPath[block++]).Build(layer["blocks"][j], x);
            stages.Add(x);
            if (i < _options.Depths.Length - 1)
                x = PatchMerging(layer["downsample"], x);
        }

        return stages;
    }

    private SwinBlock Block(int stage, bool isShifted, double dropPath) =>
        new()
        {
            Heads = _options.Heads[stage],
            Window = _options.Window,
            Shift = isShifted ? _options.Window / 2 : 0,
            MlpRatio = _options.MlpRatio,
            Drop = _options.DropRate,
            DropPath = dropPath,
        };

    // Section 3.1: the pixels of 2x2 blocks side by side, then half of the channels.
    private static Value PatchMerging(Scope s, Value x) =>
        s.Linear("reduction", s.LayerNorm("norm", s.Add(new PatchMerge(), x)), 2 * x.Channels, hasBias: false);
}
