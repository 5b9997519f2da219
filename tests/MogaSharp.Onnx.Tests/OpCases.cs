using MogaSharp.Graph;

namespace MogaSharp.Onnx.Tests;

/// <summary>Graphs of one op, or of one and its input, that together use the closed set in all its forms.</summary>
internal static class OpCases
{
    private static readonly Shape Map = new(2, 8, 6, 5);

    public static IReadOnlyDictionary<string, ComputationGraph> All { get; } = new Dictionary<string, ComputationGraph>
    {
        ["convolution"] = One(s => s.Conv("conv", s.Input(), 4, 3, padding: 1)),
        ["convolution, strided"] = One(s => s.Conv("conv", s.Input(), 12, 3, stride: 2, padding: 1)),
        ["convolution, grouped and dilated"] = One(s => s.Conv("conv", s.Input(), 4, 3, padding: 2, dilation: 2, groups: 2)),
        ["convolution, depthwise"] = One(s => s.DepthwiseConv("conv", s.Input(), 5, dilation: 2)),
        ["convolution, no bias"] = One(s => s.Builder.Add("conv", new Conv2d(8, 3, 1, s.Declare("weight", new Shape(3, 8, 1, 1)), null), s.Input())),
        ["linear"] = One(s => s.Linear("head", s.Builder.Input("input", new Shape(3, 8)), 5)),
        ["linear, no bias"] = One(s => s.Builder.Add("head", new Linear(8, 5, s.Declare("weight", new Shape(5, 8)), null), s.Builder.Input("input", new Shape(3, 8)))),
        ["batch norm"] = One(s => s.BatchNorm("norm", s.Input(), epsilon: 1e-3)),
        ["group norm, one group"] = One(s => s.GroupNorm("norm", s.Input(), 1)),
        ["group norm, four groups"] = One(s => s.GroupNorm("norm", s.Input(), 4, epsilon: 1e-3)),
        ["group norm, a group per channel"] = One(s => s.GroupNorm("norm", s.Input(), 8)),
        ["gelu"] = One(s => s.Activate(ActivationKind.Gelu, s.Input())),
        ["silu"] = One(s => s.Activate(ActivationKind.Silu, s.Input())),
        ["relu"] = One(s => s.Activate(ActivationKind.Relu, s.Input())),
        ["pooling, map"] = One(s => s.GlobalAveragePool(s.Input())),
        ["pooling, features"] = One(s => s.SpatialMean(s.Input())),
        ["sum of two inputs"] = One(s => s.Input() + s.Input("other")),
        ["difference, second broadcast"] = One(s => Use(s.Input(), x => x - s.GlobalAveragePool(x))),
        ["product, first broadcast"] = One(s => Use(s.Input(), x => s.Slice(x, 3, 1) * x)),
        ["scale"] = One(s => s.Scale("scale", s.Input(), 1)),
        ["scale and shift, flat"] = One(s => s.Builder.Add("", new ChannelAffine(8, s.Declare("scale", new Shape(8)), s.Declare("shift", new Shape(8))), s.Input())),
        ["shift"] = One(s => s.Builder.Add("", new ChannelAffine(8, null, s.Declare("shift", new Shape(1, 8, 1, 1))), s.Input())),
        ["neither scale nor shift"] = One(s => s.Builder.Add("", new ChannelAffine(8, null), s.Input())),
        ["slice, first"] = One(s => s.Slice(s.Input(), 0, 3)),
        ["slice, last"] = One(s => s.Slice(s.Input(), 7, 1)),
        ["concat"] = One(s => Use(s.Input(), x => s.Concat(x, s.Slice(x, 2, 3), x))),
        ["concat of one"] = One(s => s.Concat(s.Input())),
        ["dropout"] = One(s => s.Dropout(0.5, s.Input())),
        ["stochastic depth"] = One(s => s.DropPath(0.5, s.Activate(ActivationKind.Relu, s.Input()))),
        ["the input as output"] = One(s => s.Input()),
        ["one value as two outputs"] = Outputs(s => Use<KeyValuePair<string, Value>[]>(s.Activate(ActivationKind.Relu, s.Input()), x => [new("a", x), new("b", x), new("c", s.Dropout(0.1, x))])),
        ["an output that is read on"] = Outputs(s => Use<KeyValuePair<string, Value>[]>(s.Activate(ActivationKind.Silu, s.Input()), x => [new("late", x + x), new("early", x)])),
    };

    private static Value Input(this Scope s, string name = "input") => s.Builder.Input(name, Map);

    private static string Declare(this Scope s, string name, Shape shape) =>
        s.Builder.Declare(new ParameterSpec(name, shape, ParameterKind.Parameter, Initializer.Ones));

    private static T Use<T>(Value x, Func<Value, T> function) => function(x);

    private static ComputationGraph One(Func<Scope, Value> build) => Outputs(s => [new("output", build(s))]);

    private static ComputationGraph Outputs(Func<Scope, KeyValuePair<string, Value>[]> build)
    {
        var builder = new GraphBuilder();
        KeyValuePair<string, Value>[] outputs = build(builder.Root);
        return builder.Build(outputs);
    }
}
