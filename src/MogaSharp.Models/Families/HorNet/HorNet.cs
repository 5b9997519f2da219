using System.Collections.Immutable;
using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>HorNet's options (official <c>hornet.py</c>). Defaults: HorNet-T 7x7. There is no dropout.</summary>
public sealed record HorNetOptions : ClassifierOptions
{
    /// <inheritdoc/>
    public override string Family => "hornet";

    /// <summary>Channels of the first stage; each further one has twice as many.</summary>
    public int BaseDim { get; init; } = 64;

    /// <summary>Blocks of each stage.</summary>
    public ImmutableArray<int> Depths { get; init; } = [2, 3, 18, 2];

    /// <summary>The order of g^n Conv in each stage.</summary>
    public ImmutableArray<int> Orders { get; init; } = [2, 3, 4, 5];

    /// <summary>The size of the global filters of each stage (GF form); null for a depthwise 7x7 convolution there, empty for that
    /// everywhere.</summary>
    public ImmutableArray<GlobalLocalFilter?> Filters { get; init; } = [];

    /// <summary>The factor on the result of the spatial operator.</summary>
    public double Scale { get; init; } = 1.0 / 3;

    /// <summary>The layer scales' initial value.</summary>
    public float InitValue { get; init; } = 1e-6f;

    /// <summary>Factor on the fresh head's weights.</summary>
    public double HeadInitScale { get; init; } = 1;

    /// <inheritdoc/>
    protected internal override void CheckLimits(Action<bool, string> require)
    {
        base.CheckLimits(require);
        RequireStages(require, Depths, Depths.Select((_, i) => (long)BaseDim << i));
        require(Filters.All(filter => filter is null or { Height: <= 1024, Width: <= 1024 }), "filters have at most 1024 rows and columns");
    }

    /// <inheritdoc/>
    public override IBackbone CreateBackbone() => new HorNet(this);

    /// <inheritdoc/>
    public override ClassifierHead CreateHead() =>
        new()
        {
            Pool = (net, map) => net.LayerNorm("norm", net.SpatialMean(map), HorNet.Epsilon),
            Name = HeadName,
            NumClasses = NumClasses,
            InitialScale = HeadInitScale,
        };

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        int stages = Depths.Length;
        Require(
            stages > 0 && Orders.Length == stages && (Filters.IsEmpty || Filters.Length == stages),
            "depths, orders and filters have one entry per stage"
        );
        Require(BaseDim > 0 && stages <= 16 && Depths.All(d => d >= 0), "the base dim is positive and depths are not negative");
        Require(Orders.All(order => order is >= 1 and <= 16), "orders are 1 or more");
        for (int i = 0; i < stages; i++)
            Require(((long)BaseDim << i) % (1L << (Orders[i] - 1)) == 0, "the channels of every stage are multiples of 2^(order - 1)");
        Require(Filters.All(filter => filter is null or { Height: > 0, Width: > 0 }), "filters have at least one row and column");
    }
}

/// <summary>HorNet (arXiv 2207.14284; official <c>hornet.py</c>) with 7x7 convolutions or global filters (GF). Parameter names are the
/// official state-dict keys.</summary>
public sealed class HorNet : IBackbone
{
    private readonly HorNetOptions _options;

    /// <summary>Validates the options.</summary>
    /// <exception cref="GraphException">The options describe no network.</exception>
    public HorNet(HorNetOptions options)
    {
        options.Validate();
        _options = options;
    }

    /// <inheritdoc/>
    public int InChannels => _options.InChannels;

    /// <inheritdoc/>
    public ImmutableArray<FeatureInfo> Features =>
        [.. _options.Depths.Select((_, i) => new FeatureInfo(FeatureInfo.StageName(i), _options.BaseDim << i, 4 << i))];

    /// <inheritdoc/>
    public IReadOnlyList<Value> Build(Scope net, Value image)
    {
        net = net with { Initialization = ConvInitialization.Truncated };
        Value x = image;
        double[] dropPath = _options.DropPathRates(_options.Depths.Sum());
        int block = 0;
        var stages = new List<Value>();
        for (int i = 0; i < _options.Depths.Length; i++)
        {
            x = Downsample(net["downsample_layers"][i], x, i);
            for (int j = 0; j < _options.Depths[i]; j++)
                x = Block(i, dropPath[block++]).Build(net["stages"][i][j], x);
            stages.Add(x);
        }

        return stages;
    }

    internal const double Epsilon = 1e-6;

    private Value Downsample(Scope s, Value x, int stage) =>
        stage == 0
            ? s.LayerNorm("1", s.Conv("0", x, _options.BaseDim, kernel: 4, stride: 4), Epsilon, isCounted: false)
            : s.Conv("1", s.LayerNorm("0", x, Epsilon, isCounted: false), _options.BaseDim << stage, kernel: 2, stride: 2);

    private HorBlock Block(int stage, double dropPath)
    {
        var spatial = new GnConv { Order = _options.Orders[stage], Scale = _options.Scale };
        if (!_options.Filters.IsEmpty && _options.Filters[stage] is { } filter)
            spatial = spatial with { Spatial = filter.Build };
        return new()
        {
            Spatial = spatial,
            InitValue = _options.InitValue,
            DropPath = dropPath,
        };
    }
}
