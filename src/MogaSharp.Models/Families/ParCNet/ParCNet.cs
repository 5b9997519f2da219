using System.Collections.Immutable;
using System.Numerics;
using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>
/// ParC-Net's options (official <c>edgeformer.py</c> and its configuration). Defaults: ParC-Net-S. Dropout is that before the last layer;
/// there is no stochastic depth.
/// </summary>
public sealed record ParCNetOptions : ClassifierOptions
{
    /// <inheritdoc/>
    public override string Family => "parcnet";

    /// <summary>Channels of the stem and of the five layers.</summary>
    public ImmutableArray<int> Dims { get; init; } = [16, 32, 64, 96, 128, 160];

    /// <summary>Inverted residual blocks of the first two layers.</summary>
    public ImmutableArray<int> LocalDepths { get; init; } = [1, 3];

    /// <summary>ParC blocks of the last three layers.</summary>
    public ImmutableArray<int> Depths { get; init; } = [2, 4, 3];

    /// <summary>Channels of the ParC blocks in the last three layers.</summary>
    public ImmutableArray<int> GlobalDims { get; init; } = [192, 256, 320];

    /// <summary>Taps of the circular convolutions' stored kernels in the last three layers: the sides of the maps for images of 256
    /// pixels.</summary>
    public ImmutableArray<int> KernelSizes { get; init; } = [32, 16, 8];

    /// <summary>Dropout after the ParC blocks' MLPs, 0 to below 1 (training only).</summary>
    public double BlockDropRate { get; init; } = 0.1;

    /// <inheritdoc/>
    public override string HeadName => "classifier.fc";

    /// <inheritdoc/>
    protected internal override void CheckLimits(Action<bool, string> require)
    {
        base.CheckLimits(require);
        RequireStages(require, [.. LocalDepths, .. Depths], Dims.Concat(GlobalDims).Select(c => (long)c));
        require(KernelSizes.All(size => size <= 1024), "kernels have at most 1024 taps");
    }

    /// <inheritdoc/>
    public override IBackbone CreateBackbone() => new ParCNet(this);

    /// <inheritdoc/>
    public override ClassifierHead CreateHead() =>
        new()
        {
            Pool = (net, map) => net.Dropout(DropRate, net.SpatialMean(ParCNet.Expand(net, map))),
            Name = HeadName,
            NumClasses = NumClasses,
        };

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require(Dims.Length == 6 && LocalDepths.Length == 2, "there are six dims and two local depths");
        Require(
            Depths.Length == 3 && GlobalDims.Length == 3 && KernelSizes.Length == 3,
            "depths, global dims and kernel sizes have an entry for each of the last three layers"
        );
        Require(
            Dims.Concat(KernelSizes).All(n => n > 0) && LocalDepths.Concat(Depths).All(n => n > 0),
            "dims, depths and kernel sizes are positive"
        );
        Require(GlobalDims.All(c => c >= 16 && c % 2 == 0), "global dims are even and 16 or more");
        Require(BlockDropRate is >= 0 and < 1, "drop rates lie from 0 to below 1");
    }
}

/// <summary>
/// ParC-Net (arXiv 2203.03952, ECCV 2022; official <c>edgeformer.py</c>). Parameter names are the official state-dict keys but for
/// <c>residual</c>, which lists the first block of <c>layer_5</c> a second time: it is left aside when official files are read.
/// </summary>
public sealed class ParCNet : IBackbone
{
    private const int Expansion = 4;

    private readonly ParCNetOptions _options;

    /// <summary>Validates the options.</summary>
    /// <exception cref="GraphException">The options describe no network.</exception>
    public ParCNet(ParCNetOptions options)
    {
        options.Validate();
        _options = options;
    }

    /// <inheritdoc/>
    public int InChannels => _options.InChannels;

    /// <inheritdoc/>
    /// <remarks>The outputs of <c>layer_2</c> to <c>layer_5</c>.</remarks>
    public ImmutableArray<FeatureInfo> Features =>
        [.. _options.Dims[2..].Select((channels, i) => new FeatureInfo(FeatureInfo.StageName(i), channels, 4 << i))];

    /// <inheritdoc/>
    public IReadOnlyList<Value> Build(Scope net, Value image)
    {
        net = net with { Initialization = ConvInitialization.FanOutOfAll };
        Value x = ConvNormAct(net["conv_1"], image, _options.Dims[0], kernel: 3, stride: 2);
        x = LocalLayer(net["layer_1"], x, layer: 0, stride: 1);
        x = LocalLayer(net["layer_2"], x, layer: 1, stride: 2);
        var stages = new List<Value> { x };
        for (int i = 0; i < _options.Depths.Length; i++)
        {
            x = GlobalLayer(net[$"layer_{i + 3}"], x, i);
            stages.Add(x);
        }

        return stages;
    }

    /// <summary>The head's first layer, which the official code counts to the network.</summary>
    internal static Value Expand(Scope net, Value x) =>
        ConvNormAct((net with { Initialization = ConvInitialization.FanOutOfAll })["conv_1x1_exp"], x, Math.Min(4 * x.Channels, 960));

    private Value LocalLayer(Scope s, Value x, int layer, int stride)
    {
        for (int i = 0; i < _options.LocalDepths[layer]; i++)
            x = InvertedResidual(s[i], x, _options.Dims[layer + 1], i == 0 ? stride : 1);
        return x;
    }

    // Paper, figure 4: half the size; then a local and a global part, whose result stands beside their input before the last convolution.
    private Value GlobalLayer(Scope s, Value x, int layer)
    {
        int channels = _options.Dims[layer + 3],
            wide = _options.GlobalDims[layer];
        x = InvertedResidual(s[0], x, channels, stride: 2);
        s = s[1];
        int groups = (int)BigInteger.GreatestCommonDivisor(wide, channels);
        Value y = ConvNormAct(s["dim_adaptive"][0], x, wide, kernel: 3, groups: groups);
        y = s["dim_adaptive"][1]["block"].Conv("conv", y, wide, kernel: 1, hasBias: false);
        Scope global = s["spatial_global_rep"];
        for (int i = 0; i < _options.Depths[layer]; i++)
            y = Block(layer, hasPositions: i == 0).Build(global[i], y);
        y = global.BatchNorm($"{_options.Depths[layer]}", y);
        y = ConvNormAct(s["channel_adaptive"], y, channels, groups: groups);
        return ConvNormAct(s["local_global_fusion"], s.Concat(y, x), channels, kernel: 3);
    }

    private ParCBlock Block(int layer, bool hasPositions) =>
        new()
        {
            KernelSize = _options.KernelSizes[layer],
            HasPositions = hasPositions,
            Drop = _options.BlockDropRate,
        };

    // MobileNetV2's block: wider by a 1x1 convolution, 3x3 depthwise, narrower again.
    private static Value InvertedResidual(Scope s, Value x, int channels, int stride)
    {
        Scope block = s["block"];
        int hidden = Divisible(Expansion * x.Channels);
        Value y = ConvNormAct(block["exp_1x1"], x, hidden);
        y = ConvNormAct(block["conv_3x3"], y, hidden, kernel: 3, stride, groups: hidden);
        y = ConvNormAct(block["red_1x1"], y, channels, isActive: false);
        return stride == 1 && x.Channels == channels ? s.Residual(x, 0, y) : y;
    }

    private static Value ConvNormAct(Scope s, Value x, int channels, int kernel = 1, int stride = 1, int groups = 1, bool isActive = true)
    {
        s = s["block"];
        Value y = s.BatchNorm("norm", s.Conv("conv", x, channels, kernel, stride, kernel / 2, groups: groups, hasBias: false));
        return isActive ? s.Activate(ActivationKind.Silu, y) : y;
    }

    // The nearest multiple of 8 that is not smaller by more than a tenth.
    private static int Divisible(int channels)
    {
        int rounded = Math.Max(8, (channels + 4) / 8 * 8);
        return rounded < 0.9 * channels ? rounded + 8 : rounded;
    }
}
