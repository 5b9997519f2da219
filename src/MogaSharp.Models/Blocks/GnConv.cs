using System.Collections.Immutable;
using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>
/// Recursive gated convolution, g^n Conv (HorNet, arXiv 2207.14284, section 3.2; official <c>hornet.py</c>): features of n orders, each a
/// gate for the next. It takes the place of any convolution or attention that keeps the shape: <c>new GnConv { Order = 3 }.Build(scope,
/// x)</c>.
/// </summary>
public sealed record GnConv
{
    /// <summary>The order n, 1 to 5 in the paper; the lowest has C / 2^(n - 1) channels.</summary>
    public int Order { get; init; } = 5;

    /// <summary>What the result of the spatial operator is multiplied with, its bias included; 1/3 in HorNet.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>
    /// What mixes pixels, on all orders at once: C (2 - 2^(1 - n)) channels. A depthwise 7x7 convolution unless it is another one, such as
    /// <c>(s, x) => s.DepthwiseConv("dwconv", x, 5)</c> or a <see cref="GlobalLocalFilter"/>.
    /// </summary>
    public SpatialOperator Spatial { get; init; } = (s, x) => s.DepthwiseConv("dwconv", x, 7);

    /// <summary>The channels of each order, lowest first.</summary>
    /// <param name="channels">The channels of the input.</param>
    /// <exception cref="GraphException">The order is below 1, or too high for the channels.</exception>
    public ImmutableArray<int> Widths(int channels)
    {
        if (Order < 1 || Order > 30 || channels % (1 << (Order - 1)) != 0)
            throw new GraphException(
                $"g^nConv of order {Order} takes a multiple of 2^{Order - 1} channels and an order from 1, it got {channels}."
            );
        return [.. Enumerable.Range(0, Order).Select(i => channels >> (Order - 1 - i))];
    }

    /// <summary>Adds the module.</summary>
    /// <param name="s">The module's scope; parameters are <c>proj_in</c>, <c>dwconv</c>, <c>proj_out</c>, <c>pws.0</c> and so on.</param>
    /// <param name="x">The feature map (N, C, H, W); C is a multiple of 2^(n - 1).</param>
    /// <returns>A feature map of the same shape.</returns>
    /// <exception cref="GraphException">The channels do not fit the order, or the spatial operator changes the shape.</exception>
    public Value Build(Scope s, Value x)
    {
        ImmutableArray<int> widths = Widths(x.Channels);
        s.WithOrder("proj_in", "dwconv", "proj_out", "pws");
        Value fused = s.Conv("proj_in", x, 2 * x.Channels, kernel: 1);
        Value gates = s.Slice(fused, widths[0], widths.Sum());
        Value mixed = Spatial(s, gates);
        if (mixed.Shape != gates.Shape)
            throw new GraphException($"The spatial operator of g^nConv changes {gates.Shape} to {mixed.Shape}.");
        if (Scale != 1)
            mixed = s.Add(new ScalarMultiply(Scale), mixed);
        Value y = Multiply(s.Slice(fused, 0, widths[0]), Gate(0));
        for (int i = 1; i < Order; i++)
            y = Multiply(s["pws"].Conv(Name(i - 1), y, widths[i], kernel: 1), Gate(i));
        return s.Conv("proj_out", y, x.Channels, kernel: 1);

        Value Gate(int order) => s.Slice(mixed, widths.Take(order).Sum(), widths[order]);
        Value Multiply(Value a, Value b) => s.Add(new Binary(BinaryKind.Multiply), a, b);
        static string Name(int index) => index.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }
}

/// <summary>
/// HorNet's global-local filter (official <c>hornet.py</c>, <c>GlobalLocalFilter</c>): half of the channels by a depthwise 3x3 convolution,
/// half by a learnt filter of the spectrum, then interleaved; layer norms before and after. As the spatial operator of g^nConv: <c>Spatial
/// = new GlobalLocalFilter(14, 8).Build</c>.
/// </summary>
/// <param name="Height">Rows of the stored filter, most often those of the map.</param>
/// <param name="Width">Columns of the stored filter, most often half of the map's and one.</param>
public sealed record GlobalLocalFilter(int Height, int Width)
{
    /// <summary>Adds the module as <c>dwconv</c>.</summary>
    /// <param name="scope">The scope of the module that it is a part of.</param>
    /// <param name="x">The feature map (N, C, H, W), C even.</param>
    /// <exception cref="GraphException">The number of channels is odd.</exception>
    public Value Build(Scope scope, Value x)
    {
        if (x.Channels % 2 != 0)
            throw new GraphException($"The global-local filter takes an even number of channels, it got {x.Channels}.");
        Scope s = scope["dwconv"].WithOrder("dw", "pre_norm", "post_norm");
        int half = x.Channels / 2;
        Value y = s.LayerNorm("pre_norm", x, 1e-6, isCounted: false);
        Value local = s.DepthwiseConv("dw", s.Slice(y, 0, half), 3, hasBias: false);
        Value global = s.Slice(y, half, half);
        string filter = s.Declare("complex_weight", new Shape(half, Height, Width, 2), new Initializer.TruncatedNormal(0.02));
        Value spectrum = s.Add(new SpectralFilter(half, Height, Width, filter), s.Add(new RealFft2d(), global));
        global = s.Add(new InverseRealFft2d(), spectrum, global);
        y = s.Add(new ChannelShuffle(2), s.Concat(local, global));
        return s.LayerNorm("post_norm", y, 1e-6, isCounted: false);
    }
}
