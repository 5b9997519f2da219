using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Torch.Tests;

/// <summary>What the engine computes on kernels of its own, as one step where there are several ops, against the same ops one by one in
/// double precision.</summary>
public sealed class FusedStepTests
{
    private static readonly (int Channels, int Height, int Width)[] Shapes = [(16, 1, 1), (48, 3, 5), (256, 4, 4), (384, 7, 3), (24, 5, 5)];

    private static readonly Dictionary<string, Func<Scope, Value, Value, Value>> Steps = new()
    {
        ["decompose channels"] = (s, _, y) => y + s.Scale("sigma", Rest(s, y), 0.5f),
        ["decompose images"] = (s, _, y) => y + s.Scale("sigma", y - s.GlobalAveragePool(y), 0.5f),
        ["gate"] = (s, _, y) =>
            s.Activate(ActivationKind.Silu, y)
            * s.Activate(ActivationKind.Silu, s.Conv("identity2", y, y.Channels, kernel: 1, groups: y.Channels, hasBias: false)),
        ["norm"] = (s, _, y) => s.GroupNorm("norm", y, y.Channels / 8),
        ["activated norm"] = (s, _, y) => s.Activate(ActivationKind.Silu, s.GroupNorm("norm", y, 2)),
        ["convolved norm"] = (s, _, y) =>
            s.Conv(
                "identity2",
                s.Activate(ActivationKind.Silu, s.GroupNorm("norm", y, 2)),
                y.Channels,
                kernel: 1,
                groups: y.Channels,
                hasBias: false
            ),
        ["pixel shuffle"] = (s, _, y) => s.Add(new PixelShuffle(2), y),
        ["branch"] = (s, x, y) => x + s.Scale("layer_scale", y, 0.5f),
    };

    public static TheoryData<string, int, int, int, int, bool> Cases =>
        new(
            from step in Steps.Keys
            from shape in Shapes
            from set in new[] { 1, 2, 3 }
            from brain in new[] { false, true }
            where !brain || (shape.Channels % 16 == 0 && shape.Height * shape.Width > 1) // elsewhere libtorch rounds the result of each op
            select (step, shape.Channels, shape.Height, shape.Width, set, brain)
        );

    [Theory]
    [MemberData(nameof(Cases))]
    public void Values_and_gradients_are_those_of_the_ops(string step, int channels, int height, int width, int set, bool brain) =>
        KernelCheck.AgreesWithDouble(Graph(step, new Shape(5, channels, height, width)), set, brain ? DType.BFloat16 : null, share: 5e-6);

    [Theory]
    [MemberData(nameof(Names))]
    public void Any_number_of_threads_gives_the_same_bits(string step)
    {
        foreach (DType? autocast in new DType?[] { null, DType.BFloat16 })
            KernelCheck.HasTheSameBitsOnAnyThreads(Graph(step, new Shape(19, 32, 9, 7)), autocast);
    }

    public static TheoryData<string> Names => new(Steps.Keys);

    // Values that something else reads are computed each on its own, with the same result.
    [Fact]
    public void A_value_within_that_is_an_output_is_given() =>
        Libtorch.WithoutLeaks(() =>
        {
            var shape = new Shape(2, 32, 3, 3);
            var builder = new GraphBuilder();
            Value h = KernelCheck.Typed(builder, shape),
                rest = Rest(builder.Root, h),
                y = h + builder.Root.Scale("sigma", rest, 0.5f);
            ComputationGraph both = builder.Build(new GraphOutput("output", y), new GraphOutput("rest", rest));
            using TorchNetwork seen = Libtorch.Network(both, new() { ChannelsLast = true }),
                hidden = Libtorch.Network(Graph("decompose channels", shape), new() { ChannelsLast = true });
            TorchTensor input = TorchTensor.From(FormulaWeights.Input(shape));
            TorchForward a = seen.Forward([input]),
                b = hidden.Forward([input]);
            Assert.Equal(shape, a["rest"].Shape);
            Assert.InRange(Libtorch.Difference(a["output"].ToArray<float>(), b["output"].ToArray<float>()), 0, 1e-6);
        });

    // Only what the convolution reads of a float32 map is rounded, as where the ops are computed one by one.
    [Fact]
    public void Autocast_leaves_a_float32_map_as_it_is() =>
        Libtorch.WithoutLeaks(() =>
        {
            var shape = new Shape(2, 32, 3, 5);
            var builder = new GraphBuilder();
            Value h = builder.Input("input", shape);
            ComputationGraph graph = builder.Build(new GraphOutput("output", h + builder.Root.Scale("sigma", Rest(builder.Root, h), 0.5f)));
            using TorchNetwork first = Libtorch.Network(graph),
                last = Libtorch.Network(graph, new() { ChannelsLast = true });
            TorchTensor input = TorchTensor.From(FormulaWeights.Input(shape));
            var options = new TorchForwardOptions { Training = true, Autocast = DType.BFloat16 };
            TorchTensor a = first.Forward([input], options)["output"],
                b = last.Forward([input], options)["output"];
            Assert.Equal(DType.Float32, b.DType);
            Assert.InRange(Libtorch.Difference(a.ToArray<float>(), b.ToArray<float>()), 0, 2e-2);
        });

    // The kernels and the ops one by one draw the same numbers, and whole images are dropped.
    [Fact]
    public void A_branch_is_dropped_as_drop_path_drops_it() =>
        Libtorch.WithoutLeaks(() =>
        {
            var shape = new Shape(64, 16, 2, 3);
            var builder = new GraphBuilder();
            Value x = builder.Input("input", shape);
            ComputationGraph graph = builder.Build(
                new GraphOutput("output", x + builder.Root.DropPath(0.4, builder.Root.Scale("layer_scale", x, 0.5f)))
            );
            using TorchNetwork first = Libtorch.Network(graph, new() { Seed = 5 }),
                last = Libtorch.Network(graph, new() { Seed = 5, ChannelsLast = true });
            TorchTensor input = TorchTensor.From(FormulaWeights.Input(shape));
            float[] values = input.ToArray<float>();
            for (int draw = 0; draw < 3; draw++)
            {
                float[] a = first.Forward([input], TorchForwardOptions.Train)["output"].ToArray<float>(),
                    b = last.Forward([input], TorchForwardOptions.Train)["output"].ToArray<float>();
                Assert.InRange(Libtorch.Difference(a, b), 0, 1e-6);
                int dropped = Enumerable.Range(0, 64).Count(n => a.AsSpan(n * 96, 96).SequenceEqual(values.AsSpan(n * 96, 96)));
                Assert.InRange(dropped, 12, 40);
            }

            Assert.InRange(
                Libtorch.Difference(first.Forward([input])["output"].ToArray<float>(), last.Forward([input])["output"].ToArray<float>()),
                0,
                1e-6
            );
        });

    private static ComputationGraph Graph(string step, Shape map)
    {
        var builder = new GraphBuilder();
        Value y = KernelCheck.Typed(builder, map);
        return builder.Build(new GraphOutput("output", Steps[step](builder.Root, y.Inputs[0], y)));
    }

    private static Value Rest(Scope s, Value h) => h - s.Activate(ActivationKind.Gelu, s.Conv("decompose", h, 1, kernel: 1));
}
