using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Torch.Tests;

/// <summary>Regions of a pyramid with gradients: float32 runs on a kernel of the shim, float64 as a product with a sparse matrix.</summary>
public sealed class RoiAlignTests
{
    public static TheoryData<DType, bool> Ways =>
        new()
        {
            { DType.Float32, false },
            { DType.Float32, true },
            { DType.Float64, false },
        };

    [Theory]
    [MemberData(nameof(Ways))]
    public void Regions_and_their_gradient_are_those_of_the_official_code(DType type, bool channelsLast) =>
        Libtorch.WithoutLeaks(() =>
        {
            foreach (int size in RegionFixture.Sizes)
            {
                using TorchNetwork network = Libtorch.Network(
                    RegionFixture.Graph(size),
                    new() { Type = type, ChannelsLast = channelsLast }
                );
                TorchTensor map = TorchTensor.From(RegionFixture.Inputs[0]),
                    regions = TorchTensor.From(RegionFixture.Inputs[1]);
                map.RequiresGradient = true;
                TorchTensor output = network.Forward([map, regions], TorchForwardOptions.Train)["output"];
                Assert.InRange(RegionFixture.File.Difference($"out{size}", Floats(output)), 0, 2e-6);
                if (size != 7)
                    continue;
                (output * TorchTensor.From(RegionFixture.Read("out7.gradient_in")).To(type: output.DType)).Sum().Backward();
                float[] gradient = RegionFixture.File.Floats("out7.gradient_feature");
                Assert.InRange(
                    RegionFixture.File.Difference("out7.gradient_feature", Floats(map.Gradient()!)),
                    0,
                    1e-6 * gradient.Max(Math.Abs)
                );
            }
        });

    [Fact]
    public void Any_number_of_threads_gives_the_same_bits() =>
        Libtorch.WithoutLeaks(() =>
        {
            var builder = new GraphBuilder();
            Value[] maps = [.. new[] { 40, 20 }.Select((side, i) => builder.Input($"p{i}", new Shape(2, 70, side, side + 3)))];
            Value regions = builder.Input("regions", new Shape(90, 5));
            ComputationGraph graph = builder.Build(new GraphOutput("output", builder.Root.Add(new RoiAlign(7, 4, 40), [.. maps, regions])));
            using TorchNetwork network = Libtorch.Network(graph);
            int threads = TorchRuntime.Threads;
            try
            {
                float[][]? first = null;
                foreach (int count in new[] { 1, 2, 3 })
                {
                    TorchRuntime.Threads = count;
                    TorchTensor[] inputs = [.. OpCase.Inputs(graph).Select(input => TorchTensor.From(input))];
                    foreach (TorchTensor input in inputs)
                        input.RequiresGradient = true;
                    TorchTensor output = network.Forward(inputs, TorchForwardOptions.Train)["output"];
                    (output * output).Sum().Backward();
                    Assert.Null(inputs[2].Gradient());
                    float[][] results = [Floats(output), Floats(inputs[0].Gradient()!), Floats(inputs[1].Gradient()!)];
                    first ??= results;
                    Assert.Equal(first, results);
                }
            }
            finally
            {
                TorchRuntime.Threads = threads;
            }
        });

    [Fact]
    public void Autocast_cuts_in_float32() =>
        Libtorch.WithoutLeaks(() =>
        {
            var builder = new GraphBuilder();
            Value map = builder.Input("map", new Shape(1, 16, 9, 8)),
                lateral = builder.Root.Conv("lateral", map, 16, 1);
            Value regions = builder.Input("regions", new Shape(7, 5));
            ComputationGraph graph = builder.Build(new GraphOutput("output", builder.Root.RoiAlign([lateral], regions, 4)));
            using TorchNetwork network = Libtorch.Network(graph);
            TorchTensor[] inputs = [.. OpCase.Inputs(graph).Select(input => TorchTensor.From(input))];
            TorchTensor plain = network.Forward(inputs)["output"],
                low = network.Forward(inputs, TorchForwardOptions.Eval with { Autocast = DType.BFloat16 })["output"];
            Assert.Equal(DType.Float32, low.DType);
            Assert.InRange(Floats(plain).Zip(Floats(low), (a, b) => Math.Abs(a - b)).Max(), 0, 0.02f * Floats(plain).Max(Math.Abs));
        });

    [Fact]
    public void A_region_of_no_image_is_refused() =>
        Libtorch.WithoutLeaks(() =>
        {
            using TorchNetwork network = Libtorch.Network(RegionFixture.Graph(7));
            float[] regions = [.. RegionFixture.Inputs[1].Data];
            regions[5 * 3] = 2;
            TorchTensor[] inputs =
            [
                .. new[] { RegionFixture.Inputs[0], new(RegionFixture.Inputs[1].Shape, regions) }.Select(input => TorchTensor.From(input)),
            ];
            var refused = Assert.Throws<TorchException>(() => network.Forward(inputs));
            Assert.Contains("region 3 lies on image 2", refused.Message, StringComparison.OrdinalIgnoreCase);
        });

    private static float[] Floats(TorchTensor tensor) => tensor.ToTensor().Data;
}
