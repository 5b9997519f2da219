using MogaSharp.Graph;

namespace MogaSharp.Testing;

/// <summary>A graph of one op, or of one and its input, for a feature map of any size with a multiple of 8 channels.</summary>
public sealed record OpCase(string Name, Func<Scope, Shape, KeyValuePair<string, Value>[]> Declare)
{
    /// <summary>The graph for inputs of a shape (N, C, H, W); fully connected layers take (N, C) of it.</summary>
    public ComputationGraph Build(Shape map)
    {
        var builder = new GraphBuilder();
        KeyValuePair<string, Value>[] outputs = Declare(builder.Root, map);
        return builder.Build(outputs);
    }

    /// <summary>Inputs by the fixtures' formula.</summary>
    public static Tensor[] Inputs(ComputationGraph graph) =>
        [.. graph.Inputs.Select(value => FormulaWeights.Input(value.Shape, ((Input)value.Op).Name))];
}

/// <summary>
/// The closed set in all its forms, for whoever runs graphs: forward against the reference, gradients, export, timing.
/// </summary>
public static class OpCases
{
    /// <summary>The map that values are compared on: odd, not square, and small enough for the plain loops.</summary>
    public static readonly Shape Small = new(2, 8, 6, 5);

    private static readonly OpCase[] Table =
    [
        One("convolution", (s, x) => s.Conv("conv", x, x.Channels / 2, 3, padding: 1)),
        One("convolution, strided", (s, x) => s.Conv("conv", x, x.Channels * 3 / 2, 3, stride: 2, padding: 1)),
        One("convolution, grouped and dilated", (s, x) => s.Conv("conv", x, x.Channels / 2, 3, padding: 2, dilation: 2, groups: 2)),
        One("convolution, depthwise", (s, x) => s.DepthwiseConv("conv", x, 5, dilation: 2)),
        One("convolution, depthwise 7x7", (s, x) => s.DepthwiseConv("conv", x, 7, dilation: 3)),
        One("convolution, pointwise without bias", (s, x) => s.Builder.Add("conv", new Conv2d(x.Channels, 3, 1, s.Weight("weight", new Shape(3, x.Channels, 1, 1)), null), x)),
        Flat("linear", (s, x) => s.Linear("head", x, 5)),
        Flat("linear, no bias", (s, x) => s.Builder.Add("head", new Linear(x.Channels, 5, s.Weight("weight", new Shape(5, x.Channels)), null), x)),
        One("batch norm", (s, x) => s.BatchNorm("norm", x, epsilon: 1e-3)),
        One("group norm, one group", (s, x) => s.GroupNorm("norm", x, 1)),
        One("group norm, four groups", (s, x) => s.GroupNorm("norm", x, 4, epsilon: 1e-3)),
        One("group norm, a group per channel", (s, x) => s.GroupNorm("norm", x, x.Channels)),
        One("gelu", (s, x) => s.Activate(ActivationKind.Gelu, x)),
        One("silu", (s, x) => s.Activate(ActivationKind.Silu, x)),
        One("relu", (s, x) => s.Activate(ActivationKind.Relu, x)),
        One("pooling, map", (s, x) => s.GlobalAveragePool(x)),
        One("pooling, features", (s, x) => s.SpatialMean(x)),
        One("sum of two inputs", (s, x) => x + s.Builder.Input("other", x.Shape)),
        One("difference, second broadcast", (s, x) => x - s.GlobalAveragePool(x)),
        One("product, first broadcast", (s, x) => s.Slice(x, 3, 1) * x),
        One("scale", (s, x) => s.Scale("scale", x, 1)),
        One("scale and shift, flat", (s, x) => s.Builder.Add("", new ChannelAffine(x.Channels, s.Weight("scale", new Shape(x.Channels)), s.Weight("shift", new Shape(x.Channels))), x)),
        One("shift", (s, x) => s.Builder.Add("", new ChannelAffine(x.Channels, null, s.Weight("shift", new Shape(1, x.Channels, 1, 1))), x)),
        One("neither scale nor shift", (s, x) => s.Builder.Add("", new ChannelAffine(x.Channels, null), x)),
        One("slice, first", (s, x) => s.Slice(x, 0, 3)),
        One("slice, last", (s, x) => s.Slice(x, x.Channels - 1, 1)),
        One("concat", (s, x) => s.Concat(x, s.Slice(x, 2, 3), x)),
        One("concat of one", (s, x) => s.Concat(x)),
        One("dropout", (s, x) => s.Dropout(0.5, x)),
        One("stochastic depth", (s, x) => s.DropPath(0.5, s.Activate(ActivationKind.Relu, x))),
        One("the input as output", (s, x) => x),
        new("one value as two outputs", (s, map) => Use<KeyValuePair<string, Value>[]>(s.Activate(ActivationKind.Relu, s.Map(map)), x => [new("a", x), new("b", x), new("c", s.Dropout(0.1, x))])),
        new("an output that is read on", (s, map) => Use<KeyValuePair<string, Value>[]>(s.Activate(ActivationKind.Silu, s.Map(map)), x => [new("late", x + x), new("early", x)])),
    ];

    /// <summary>The cases by name.</summary>
    public static IReadOnlyDictionary<string, OpCase> ByName { get; } = Table.ToDictionary(one => one.Name);

    /// <summary>The graphs on the small map by name.</summary>
    public static IReadOnlyDictionary<string, ComputationGraph> All { get; } = Table.ToDictionary(one => one.Name, one => one.Build(Small));

    private static Value Map(this Scope s, Shape map) => s.Builder.Input("input", map);

    private static string Weight(this Scope s, string name, Shape shape) =>
        s.Builder.Declare(new ParameterSpec(name, shape, ParameterKind.Parameter, Initializer.Ones));

    private static T Use<T>(Value x, Func<Value, T> function) => function(x);

    private static OpCase One(string name, Func<Scope, Value, Value> build) => new(name, (s, map) => [new("output", build(s, s.Map(map)))]);

    private static OpCase Flat(string name, Func<Scope, Value, Value> build) => new(name, (s, map) => [new("output", build(s, s.Map(new Shape(map[0], map[1]))))]);
}
