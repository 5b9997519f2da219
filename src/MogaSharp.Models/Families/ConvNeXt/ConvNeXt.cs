using System.Collections.Immutable;
using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>ConvNeXt's options (timm 0.6, <c>convnext.py</c>). Defaults: ConvNeXt-T. Dropout is that before the last layer.</summary>
public sealed record ConvNeXtOptions : ClassifierOptions
{
    /// <inheritdoc/>
    public override string Family => "convnext";

    /// <summary>Channels of each stage.</summary>
    public ImmutableArray<int> Dims { get; init; } = [96, 192, 384, 768];

    /// <summary>Blocks of each stage.</summary>
    public ImmutableArray<int> Depths { get; init; } = [3, 3, 9, 3];

    /// <summary>The side of the depthwise kernels, odd.</summary>
    public int Kernel { get; init; } = 7;

    /// <summary>True for MLPs of 1x1 convolutions (timm's <c>conv_mlp</c>): the same function with weights of four dimensions.</summary>
    public bool ConvMlp { get; init; }

    /// <summary>The layer scales' initial value.</summary>
    public float InitValue { get; init; } = 1e-6f;

    /// <summary>Factor on the fresh head's weights.</summary>
    public double HeadInitScale { get; init; } = 1;

    /// <inheritdoc/>
    public override string HeadName => "head.fc";

    /// <inheritdoc/>
    protected internal override void CheckLimits(Action<bool, string> require)
    {
        base.CheckLimits(require);
        RequireStages(require, Depths, Dims.Select(c => (long)c));
        require(Kernel <= 255, "the kernel's side is at most 255");
    }

    /// <inheritdoc/>
    public override IBackbone CreateBackbone() => new ConvNeXt(this);

    /// <inheritdoc/>
    public override ClassifierHead CreateHead() =>
        new()
        {
            // Pooling comes before the norm; the mean of the one pixel left makes (N, C) of (N, C, 1, 1).
            Pool = (net, map) =>
                net.Dropout(DropRate, net.SpatialMean(net["head"].LayerNorm("norm", net.GlobalAveragePool(map), ConvNeXt.Epsilon))),
            Name = HeadName,
            NumClasses = NumClasses,
            InitialScale = HeadInitScale,
        };

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require(Depths.Length > 0 && Dims.Length == Depths.Length, "dims and depths have one entry per stage");
        Require(Dims.All(c => c > 0) && Depths.All(d => d >= 0), "dims are positive and depths not negative");
        Require(Kernel > 0 && Kernel % 2 == 1, "the kernel's side is odd");
    }
}

/// <summary>
/// ConvNeXt (arXiv 2201.03545; timm 0.6.13, <c>convnext.py</c>). Parameter names are timm's state-dict keys; the official files of
/// facebookresearch/ConvNeXt, which have other names, are renamed when they are read.
/// </summary>
public sealed class ConvNeXt : IBackbone
{
    private readonly ConvNeXtOptions _options;

    /// <summary>Validates the options.</summary>
    /// <exception cref="GraphException">The options describe no network.</exception>
    public ConvNeXt(ConvNeXtOptions options)
    {
        options.Validate();
        _options = options;
    }

    /// <inheritdoc/>
    public int InChannels => _options.InChannels;

    /// <inheritdoc/>
    public ImmutableArray<FeatureInfo> Features =>
        [.. _options.Depths.Select((_, i) => new FeatureInfo(FeatureInfo.StageName(i), _options.Dims[i], 4 << i))];

    /// <inheritdoc/>
    public IReadOnlyList<Value> Build(Scope net, Value image)
    {
        net = net with { Initialization = ConvInitialization.Truncated };
        Value x = net["stem"].Conv("0", image, _options.Dims[0], kernel: 4, stride: 4);
        x = net["stem"].LayerNorm("1", x, Epsilon);
        double[] dropPath = _options.DropPathRates(_options.Depths.Sum());
        int block = 0;
        var stages = new List<Value>();
        for (int i = 0; i < _options.Depths.Length; i++)
        {
            Scope stage = net["stages"][i];
            if (i > 0)
                x = Downsample(stage["downsample"], x, _options.Dims[i]);
            for (int j = 0; j < _options.Depths[i]; j++)
                x = Block(dropPath[block++]).Build(stage["blocks"][j], x);
            stages.Add(x);
        }

        return stages;
    }

    internal const double Epsilon = 1e-6;

    private ConvNeXtBlock Block(double dropPath) =>
        new()
        {
            Kernel = _options.Kernel,
            ConvMlp = _options.ConvMlp,
            InitValue = _options.InitValue,
            DropPath = dropPath,
        };

    // A stage that keeps the channels halves the size all the same.
    private static Value Downsample(Scope s, Value x, int channels) =>
        s.Conv("1", s.LayerNorm("0", x, Epsilon), channels, kernel: 2, stride: 2);
}
