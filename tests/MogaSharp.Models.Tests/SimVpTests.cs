using System.Text.Json;
using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Models.Tests;

public sealed class SimVpTests
{
    public static TheoryData<string> Small => [.. SimVpFixture.SmallNames];

    public static TheoryData<string> All => [.. SimVpFixture.SmallNames, .. SimVpFixture.MovingMnistNames];

    public static TheoryData<TranslatorKind> Translators => [.. Enum.GetValues<TranslatorKind>()];

    [Fact]
    public void There_is_a_case_of_every_translator_in_both_sizes()
    {
        foreach (IReadOnlyList<string> names in new[] { SimVpFixture.SmallNames, SimVpFixture.MovingMnistNames })
            Assert.Equal(Enum.GetValues<TranslatorKind>(), names.Select(name => SimVpFixture.Load(name).Options.ModelType).Order());
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Names_order_shapes_and_formula_bits_are_the_official_ones(string name)
    {
        SimVpFixture official = SimVpFixture.Load(name);
        IReadOnlyList<ParameterSpec> specs = official.Build(ModelOutputs.Head).Parameters;
        IReadOnlyList<KeyValuePair<string, JsonElement>> expected = official.Names();
        Assert.Equal(expected.Select(entry => entry.Key), specs.Select(spec => spec.Name));
        WeightSet weights = official.Weights();
        foreach ((ParameterSpec spec, JsonElement entry) in specs.Zip(expected.Select(pair => pair.Value)))
        {
            Assert.Equal(new Shape([.. entry[0].EnumerateArray().Select(e => e.GetInt64())]), spec.Shape);
            string kind = FormulaWeights.Kind(spec);
            Assert.StartsWith(kind, entry[1].GetString());
            if (kind == "keep")
            {
                Assert.Equal((ParameterKind.Buffer, true), (spec.Kind, spec.IsOptional));
                Assert.Equal(entry[1].GetString() == "keep:int64", spec.Type == DType.Int64);
                continue;
            }

            float[] data = weights[spec.Name].Data;
            Assert.Equal(entry[2].GetString(), $"{BitConverter.SingleToInt32Bits(data[0]):x8}");
            Assert.Equal(entry[3].GetString(), $"{BitConverter.SingleToInt32Bits(data[^1]):x8}");
        }
    }

    [Theory]
    [MemberData(nameof(Small))]
    public void The_reference_interpreter_gives_the_official_outputs_of_every_module(string name)
    {
        SimVpFixture official = SimVpFixture.Load(name);
        IReadOnlyDictionary<string, ReferenceTensor> results = new ReferenceInterpreter(official.Build(), official.Weights()).Run(
            official.Input
        );
        IReadOnlyDictionary<string, string> outputs = official.Outputs;
        Assert.Equal(["enc.latent", "hid", "hid.enc.0", "hid.enc.1", "output"], outputs.Keys.Order(StringComparer.Ordinal));
        foreach ((string output, string fixture) in outputs)
        {
            Assert.Equal(official.Expected.StatedShape(fixture), results[output].Shape);
            // The reference is exact; what remains is the float32 noise of the official run.
            Assert.InRange(official.Expected.Difference(fixture, results[output].ToTensor().Data), 0, 2 * official.NoiseOf(fixture));
        }
    }

    [Theory]
    [MemberData(nameof(Translators))]
    public void Parameters_and_multiply_adds_of_the_moving_mnist_configurations_are_exact(TranslatorKind translator)
    {
        SimVpFixture official = SimVpFixture.Load($"mmnist_{translator.ToString().ToLowerInvariant()}_b1");
        JsonElement expected = JsonDocument
            .Parse(File.ReadAllText(Repository.Fixture("params_macs.json")))
            .RootElement.GetProperty("models")
            .EnumerateArray()
            .Single(entry => entry.GetProperty("model").GetString() == $"simvp_{translator.ToString().ToLowerInvariant()}");
        ComputationGraph graph = official.Build(ModelOutputs.Head);
        Cost cost = graph.TotalCost(official.InputShape);
        Assert.Equal(expected.GetProperty("params").GetInt64(), graph.ParameterCount);
        Assert.Equal(expected.GetProperty("conv").GetInt64(), cost.Convolution);
        Assert.Equal(expected.GetProperty("linear").GetInt64(), cost.Linear);
        Assert.Equal(expected.GetProperty("matmul").GetInt64(), cost.MatrixProduct);
        Assert.Equal(expected.GetProperty("norm").GetInt64(), cost.Normalization);
        Assert.Equal(expected.GetProperty("pool").GetInt64(), cost.Pooling);
        Assert.Equal(expected.GetProperty("macs_with_norm_pool").GetInt64(), cost.MultiplyAddsWithNormAndPool);
    }

    [Theory]
    [MemberData(nameof(Translators))]
    public void A_fresh_network_starts_as_the_official_one(TranslatorKind translator)
    {
        const int Networks = 8;
        string official = translator.ToString().ToLowerInvariant();
        ComputationGraph graph = SimVpFixture.Load($"small_{official}_b2").Build(ModelOutputs.Head);
        WeightSet[] fresh = [.. Enumerable.Range(0, Networks).Select(seed => WeightInitializer.Create(graph.Parameters, seed))];
        JsonElement starts = JsonDocument
            .Parse(File.ReadAllText(Repository.Fixture("simvp", "init.json")))
            .RootElement.GetProperty(official);
        Assert.Equal(
            graph.Parameters.Where(spec => spec.Kind == ParameterKind.Parameter).Select(spec => spec.Name),
            starts.EnumerateObject().Select(entry => entry.Name)
        );
        foreach (JsonProperty start in starts.EnumerateObject())
        {
            double[] values = [.. fresh.SelectMany(weights => weights[start.Name].Data).Select(x => (double)x)];
            Assert.Equal(start.Value[0].GetInt32() * Networks, values.Length);
            double deviation = start.Value[1].GetDouble(),
                largest = start.Value[2].GetDouble(),
                mean = values.Average();
            double ours = Math.Sqrt(values.Average(x => (x - mean) * (x - mean))),
                ourLargest = values.Max(Math.Abs);
            if (deviation < 1e-12)
            {
                Assert.All(values, x => Assert.Equal(largest, Math.Abs(x), 1e-6 * largest));
                continue;
            }

            // Both are estimates from as many numbers; six of their errors apart is chance once in a billion.
            Assert.True(Math.Abs((ours / deviation) - 1) < 6 / Math.Sqrt(values.Length), $"{start.Name}: {ours} instead of {deviation}");
            // A uniform distribution ends at sqrt 3 deviations; of so many normal numbers one is further out.
            if (values.Length > 300)
                Assert.True(
                    ourLargest / ours > 2.1 == largest / deviation > 2.1,
                    $"{start.Name}: largest {ourLargest} at deviation {ours}, officially {largest} at {deviation}"
                );
        }
    }

    [Fact]
    public void Stochastic_depth_falls_from_a_hundredth_to_the_rate()
    {
        double[] Rates(SimVpOptions options) =>
            [
                .. new SimVp(options)
                    .Build(new Shape(1, 10, 1, 64, 64))
                    .Values.Select(value => value.Op)
                    .OfType<DropPath>()
                    .Select(op => op.Rate),
            ];

        // linspace(1e-2, rate, blocks); every block has two branches, a rate of 0 no node.
        double[] off = [.. Enumerable.Range(0, 7).SelectMany(i => Enumerable.Repeat(0.01 * (7 - i) / 7, 2))];
        Assert.Equal(off, Rates(new() { NT = 8 }), (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal([0.01, 0.01, 0.055, 0.055, 0.1, 0.1], Rates(new() { NT = 3, DropPathRate = 0.1 }), (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal([0.01, 0.005], Rates(new() { NT = 3, ModelType = TranslatorKind.ConvNeXt }), (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Empty(
            Rates(
                new()
                {
                    NT = 3,
                    DropPathRate = 0.1,
                    ModelType = TranslatorKind.IncepU,
                }
            )
        );
    }

    [Theory]
    [MemberData(nameof(Translators))]
    public void Dropout_is_where_the_official_blocks_have_it(TranslatorKind translator)
    {
        ComputationGraph graph = new SimVp(
            new()
            {
                NT = 3,
                ModelType = translator,
                DropRate = 0.3,
            }
        ).Build(new Shape(1, 10, 1, 64, 64));
        int perBlock = translator switch
        {
            TranslatorKind.IncepU or TranslatorKind.ConvMixer or TranslatorKind.ConvNeXt or TranslatorKind.HorNet => 0,
            TranslatorKind.Vit or TranslatorKind.Swin => 3,
            TranslatorKind.Mlp => 4,
            _ => 2,
        };
        // UniFormer attends in the middle, with a dropout more.
        int expected = (3 * perBlock) + (translator == TranslatorKind.UniFormer ? 1 : 0);
        Assert.Equal(expected, graph.Values.Count(value => value.Op is Dropout { Rate: 0.3 }));
    }

    [Theory]
    [MemberData(nameof(Translators))]
    public void Other_batches_and_sizes_run_on_the_same_weights(TranslatorKind translator)
    {
        (SimVp model, WeightSet weights, Shape other) = BuiltFor32(translator);
        Assert.Equal(other, new ReferenceInterpreter(model.Build(other), weights).Run(FormulaWeights.Input(other))["output"].Shape);
    }

    // Swin's stored masks have the size that they were built for, but are not used.
    public static TheoryData<TranslatorKind> WithoutStoredSizes =>
        [.. Enum.GetValues<TranslatorKind>().Where(kind => kind != TranslatorKind.Swin)];

    [Theory]
    [MemberData(nameof(WithoutStoredSizes))]
    public void A_graph_holds_nothing_of_the_size_that_it_was_built_for(TranslatorKind translator)
    {
        (SimVp model, WeightSet weights, Shape other) = BuiltFor32(translator);
        Tensor input = FormulaWeights.Input(other);
        Assert.Equal(
            new ReferenceInterpreter(model.Build(other), weights).Run(input)["output"].Data,
            new ReferenceInterpreter(model.Build(new Shape(1, 2, 3, 32, 32)), weights).Run(input)["output"].Data
        );
    }

    // A model, weights for 32x32, and another shape of input.
    private static (SimVp Model, WeightSet Weights, Shape Other) BuiltFor32(TranslatorKind translator)
    {
        var options = new SimVpOptions
        {
            ModelType = translator,
            InShape = [2, 3, 32, 32],
            HidS = 4,
            HidT = 16,
            NT = 2,
            NS = 2,
        };
        var model = new SimVp(options);
        WeightSet weights = WeightInitializer.Create(model.Build(new Shape(1, 2, 3, 32, 32)).Parameters, 3);
        Shape other = translator == TranslatorKind.Mlp ? new(3, 2, 3, 32, 32) : new(3, 2, 3, 16, 48);
        return (model, weights, other);
    }

    [Theory]
    [InlineData(64, 4, 4)]
    [InlineData(56, 4, 7)]
    [InlineData(128, 4, 4)]
    [InlineData(512, 4, 8)]
    [InlineData(1024, 4, 8)]
    public void Swin_takes_the_official_windows(int side, int depth, int window)
    {
        ComputationGraph graph = new SimVp(
            new()
            {
                ModelType = TranslatorKind.Swin,
                InShape = [2, 1, side, side],
                NS = depth,
                NT = 3,
            }
        ).Build(new Shape(1, 2, 1, side, side));
        Assert.Equal(
            [(window, 0), (window, window / 2), (window, 0)],
            graph.Values.Select(value => value.Op).OfType<WindowPartition>().Select(op => (op.Window, op.Shift))
        );
        Assert.DoesNotContain(graph.Values, value => value.Op is WindowMask);
    }

    public static TheoryData<SimVpOptions, string> BadOptions =>
        new()
        {
            {
                new() { InShape = [10, 1, 64] },
                "in_shape is frames, channels, rows and columns"
            },
            {
                new() { InShape = [10, 0, 64, 64] },
                "each positive"
            },
            {
                new() { InShape = [10, 1, 62, 64] },
                "multiples of 4"
            },
            {
                new() { NS = 3 },
                "n_s is even"
            },
            {
                new() { NT = 1 },
                "n_t is 2 or more"
            },
            {
                new() { MlpRatio = 1 },
                "mlp_ratio above 1"
            },
            {
                new() { HidS = 5 },
                "hid_s is even"
            },
            {
                new() { HidT = 100, ModelType = TranslatorKind.Vit },
                "multiples of 8"
            },
            {
                new() { SpatioKernelDec = 4 },
                "odd sides"
            },
            {
                new() { DropRate = -0.1 },
                "drop rates"
            },
        };

    [Theory]
    [MemberData(nameof(BadOptions))]
    public void Options_that_describe_no_network_are_refused(SimVpOptions options, string rule) =>
        Assert.Contains(rule, Assert.Throws<GraphException>(() => new SimVp(options)).Message);

    [Theory]
    [InlineData(new long[] { 1, 1, 64, 64 }, "takes clips of shape (N, 10, 1, H, W), it got 1x1x64x64")]
    [InlineData(new long[] { 1, 9, 1, 64, 64 }, "takes clips of shape (N, 10, 1, H, W)")]
    [InlineData(new long[] { 1, 10, 3, 64, 64 }, "takes clips of shape (N, 10, 1, H, W)")]
    [InlineData(new long[] { 0, 10, 1, 64, 64 }, "takes clips of shape (N, 10, 1, H, W)")]
    [InlineData(new long[] { 1, 10, 1, 64, 66 }, "multiples of 4")]
    [InlineData(new long[] { 1, 10, 1, 32, 64 }, "MLP-Mixer's weights are for frames of 64x64")]
    public void Clips_that_do_not_fit_are_refused(long[] input, string message) =>
        Assert.Contains(
            message,
            Assert.Throws<GraphException>(() => new SimVp(new() { ModelType = TranslatorKind.Mlp }).Build(new Shape(input))).Message
        );
}
