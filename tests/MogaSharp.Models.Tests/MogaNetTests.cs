using System.Text.Json;
using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Models.Tests;

public sealed class MogaNetTests
{
    public static TheoryData<string> NameLists =>
        [.. Directory.GetFiles(Repository.Fixture("moganet"), "*.names.json").Select(Path.GetFileName).OfType<string>()];

    // The double-precision loops take about a second per billion multiply-adds; the fast engine's tests do the large ones.
    public static TheoryData<string> CasesForTheReference =>
        [.. MogaNetFixture.Names.Where(name => name.StartsWith("custom_", StringComparison.Ordinal) || name == "x-tiny_197x243_b1")];

    [Theory]
    [MemberData(nameof(NameLists))]
    public void Names_shapes_and_formula_bits_are_the_official_ones(string file)
    {
        string model = file[..^".names.json".Length];
        string fixture = MogaNetFixture.Names.First(name =>
            model == "custom" ? name == "custom_64_b2" : name == model || name.StartsWith(model + "_", StringComparison.Ordinal)
        );
        MogaNetFixture official = MogaNetFixture.Load(fixture);
        IReadOnlyList<ParameterSpec> specs = official.Build().Parameters;
        using JsonDocument list = JsonDocument.Parse(File.ReadAllText(Repository.Fixture("moganet", file)));
        Dictionary<string, JsonElement> expected = list.RootElement.EnumerateObject().ToDictionary(p => p.Name, p => p.Value);
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), specs.Select(spec => spec.Name).Order(StringComparer.Ordinal));
        WeightSet weights = official.Weights();
        foreach (ParameterSpec spec in specs)
        {
            JsonElement entry = expected[spec.Name];
            Assert.Equal(new Shape([.. entry[0].EnumerateArray().Select(e => e.GetInt64())]), spec.Shape);
            string kind = FormulaWeights.Kind(spec);
            Assert.StartsWith(kind, entry[1].GetString());
            if (kind == "keep")
                continue;
            float[] data = weights[spec.Name].Data;
            Assert.Equal(entry[2].GetString(), $"{BitConverter.SingleToInt32Bits(data[0]):x8}");
            Assert.Equal(entry[3].GetString(), $"{BitConverter.SingleToInt32Bits(data[^1]):x8}");
        }
    }

    [Theory]
    [MemberData(nameof(CasesForTheReference))]
    public void The_reference_interpreter_gives_the_official_outputs(string name)
    {
        MogaNetFixture official = MogaNetFixture.Load(name);
        var reference = new ReferenceInterpreter(official.Build(), official.Weights());
        foreach ((string output, ReferenceTensor tensor) in reference.Run(official.Input))
        {
            Assert.Equal(official.Expected.StatedShape(output), tensor.Shape);
            // The reference is exact; what remains is the float32 noise of the official run.
            Assert.InRange(official.Expected.Difference(output, tensor.ToTensor().Data), 0, 2 * official.Expected.Noise(output));
        }
    }

    [Fact]
    public void Every_module_of_the_first_block_agrees()
    {
        MogaNetFixture official = MogaNetFixture.Load("custom_64_b2");
        ComputationGraph graph = official.Build();
        ReferenceTensor[] results = new ReferenceInterpreter(graph, official.Weights()).RunAll(official.Input);
        int compared = 0;
        foreach (string name in official.Expected.Names.Where(name => name.StartsWith("module/", StringComparison.Ordinal)))
        {
            // Nodes with parameters of their own carry their module's name.
            string module = name["module/".Length..];
            if (
                graph.Values.SingleOrDefault(value =>
                    value.Op.Parameters is [string first, ..] && (first == module + ".weight" || first == module + ".scale")
                )
                is not { } value
            )
                continue;
            Assert.InRange(official.Expected.Difference(name, results[value.Index].ToTensor().Data), 0, 1e-5);
            compared++;
        }

        Assert.Equal(19, compared);
    }

    public static TheoryData<string, int> Sizes
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (JsonElement entry in Counted())
                data.Add(entry.GetProperty("model").GetString()!, entry.GetProperty("input")[1].GetInt32());
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Parameters_and_multiply_adds_are_exact(string model, int side)
    {
        JsonElement expected = Counted()
            .Single(e => e.GetProperty("model").GetString() == model && e.GetProperty("input")[1].GetInt32() == side);
        MogaNetOptions options =
            model == "custom" ? MogaNetFixture.Load("custom_64_b2").Options : new() { Arch = MogaNetArch.Parse(model) };
        ComputationGraph graph = options.CreateDefinition().Build(new Shape(1, 3, side, side));
        Cost cost = graph.TotalCost(new Shape(1, 3, side, side));
        Assert.Equal(expected.GetProperty("params").GetInt64(), graph.ParameterCount);
        Assert.Equal(expected.GetProperty("conv").GetInt64(), cost.Convolution);
        Assert.Equal(expected.GetProperty("linear").GetInt64(), cost.Linear);
        Assert.Equal(expected.GetProperty("norm").GetInt64(), cost.Normalization);
        Assert.Equal(expected.GetProperty("pool").GetInt64(), cost.Pooling);
        Assert.Equal(expected.GetProperty("macs").GetInt64(), cost.MultiplyAdds);
        Assert.Equal(expected.GetProperty("macs_with_norm_pool").GetInt64(), cost.MultiplyAddsWithNormAndPool);
    }

    [Theory]
    [InlineData("XT", "x-tiny")]
    [InlineData("xtiny", "x-tiny")]
    [InlineData("S", "small")]
    [InlineData("xlarge", "x-large")]
    public void Arch_aliases_are_the_official_ones(string alias, string name) =>
        Assert.Same(MogaNetArch.Parse(name), MogaNetArch.Parse(alias));

    [Fact]
    public void An_unknown_arch_names_the_known_ones() =>
        Assert.Contains(
            "x-tiny, tiny, small, base, large, x-large",
            Assert.Throws<GraphException>(() => MogaNetArch.Parse("nano")).Message
        );

    [Fact]
    public void Without_classes_the_output_is_the_pooled_feature()
    {
        MogaNetFixture official = MogaNetFixture.Load("custom_64_b2");
        ComputationGraph graph = (official.Options with { NumClasses = 0 }).CreateDefinition().Build(official.InputShape, ModelOutputs.All);
        Assert.DoesNotContain(graph.Parameters, spec => spec.Name.StartsWith("head", StringComparison.Ordinal));
        IReadOnlyDictionary<string, ReferenceTensor> results = new ReferenceInterpreter(graph, official.Weights()).Run(official.Input);
        float[] last = official.Expected.Floats("stage4");
        for (int c = 0; c < 32; c++)
            Assert.InRange(results["features"].Data[c] - last.AsSpan(c * 4, 4).ToArray().Average(), -5e-6, 5e-6);
    }

    [Fact]
    public void Drop_path_grows_linearly_over_the_depth()
    {
        ComputationGraph graph = new MogaNetOptions
        {
            Arch = MogaNetArch.Parse("xt"),
            DropPathRate = 0.17,
            DropRate = 0.5,
        }
            .CreateDefinition()
            .Build(new Shape(1, 3, 32, 32));
        double[] rates = [.. graph.Values.Select(value => value.Op).OfType<DropPath>().Select(op => op.Rate)];
        Assert.Equal(2 * 17, rates.Length);
        for (int i = 0; i < rates.Length; i++)
            Assert.Equal(0.01 * (1 + (i / 2)), rates[i], 12);
        Assert.Equal(2 * 18, graph.Values.Count(value => value.Op is Dropout { Rate: 0.5 }));
    }

    [Fact]
    public void Patch_sizes_and_embed_types_change_the_stem()
    {
        MogaNetOptions options = new()
        {
            Arch = MogaNetArch.Parse("xt"),
            PatchSizes = [7, 3, 2, 3],
            PatchEmbeds = [PatchEmbedKind.Conv, PatchEmbedKind.Conv, PatchEmbedKind.Conv, PatchEmbedKind.Conv],
        };
        ComputationGraph graph = options.CreateDefinition().Build(new Shape(1, 3, 64, 64), ModelOutputs.Stages);
        Assert.Equal(["1x32x16x16", "1x64x8x8", "1x96x5x5", "1x192x3x3"], graph.Outputs.Select(output => output.Value.Shape.ToString()));
        Assert.Contains(graph.Parameters, spec => spec.Name == "patch_embed1.projection.weight" && spec.Shape == new Shape(32, 3, 7, 7));
        Assert.Contains(graph.Parameters, spec => spec.Name == "patch_embed1.norm.running_var");
    }

    public static TheoryData<MogaNetOptions, string> BadOptions =>
        new()
        {
            {
                new() { Arch = new([30], [1], [4]), PatchEmbeds = [PatchEmbedKind.Conv] },
                "multiples of the channel split's sum, 8"
            },
            {
                new() { PatchSizes = [7, 3, 3, 3] },
                "at most 3 with ConvEmbed"
            },
            {
                new() { AttnDwDilation = [1, 2, 4] },
                "dilations from 1 to 3"
            },
            {
                new() { NumClasses = -1 },
                "classes not negative"
            },
            {
                new() { DropPathRate = 1 },
                "drop rates"
            },
            {
                new() { PatchEmbeds = [PatchEmbedKind.Conv] },
                "one entry per stage"
            },
        };

    [Theory]
    [MemberData(nameof(BadOptions))]
    public void Options_that_describe_no_network_are_refused(MogaNetOptions options, string rule) =>
        Assert.Contains(rule, Assert.Throws<GraphException>(() => options.CreateDefinition()).Message);

    [Fact]
    public void A_fresh_network_starts_as_the_official_one()
    {
        ComputationGraph graph = new MogaNetOptions
        {
            Arch = MogaNetArch.Parse("xt"),
            HeadInitScale = 0.5,
            InitValue = 1e-6f,
        }
            .CreateDefinition()
            .Build(new Shape(1, 3, 32, 32));
        WeightSet weights = WeightInitializer.Create(graph.Parameters, seed: 1);
        Assert.All(weights["blocks3.4.layer_scale_2"].Data, x => Assert.Equal(1e-6f, x));
        Assert.All(weights["blocks3.4.mlp.sigma.scale"].Data, x => Assert.Equal(1e-5f, x));
        Assert.All(weights["norm2.weight"].Data, x => Assert.Equal(1f, x));
        Assert.All(weights["blocks1.0.attn.proj_1.bias"].Data, x => Assert.Equal(0f, x));
        Assert.InRange(Deviation(weights["head.weight"]), 0.0099, 0.0101);
        Assert.InRange(Deviation(weights["blocks4.0.mlp.fc1.weight"]), 0.99 * Math.Sqrt(2.0 / 768), 1.01 * Math.Sqrt(2.0 / 768));
        // Depthwise: fan-out is the kernel area alone.
        Assert.InRange(Deviation(weights["blocks4.0.mlp.dwconv.weight"]), 0.97 * Math.Sqrt(2.0 / 9), 1.03 * Math.Sqrt(2.0 / 9));
        Assert.Equal(weights["head.weight"].Data, WeightInitializer.Create(graph.Parameters, seed: 1)["head.weight"].Data);

        static double Deviation(Tensor tensor) => Math.Sqrt(tensor.Data.Average(x => (double)x * x));
    }

    [Fact]
    public void A_picture_too_small_is_refused_by_name_of_the_side() =>
        Assert.Contains(
            "empty",
            Assert
                .Throws<GraphException>(() =>
                    new MogaNetOptions().CreateDefinition().Build(new Shape(1, 3, 8, 8)).InferShapes(new Shape(1, 3, 0, 8))
                )
                .Message
        );

    private static List<JsonElement> Counted() =>
        [
            .. JsonDocument
                .Parse(File.ReadAllText(Repository.Fixture("params_macs.json")))
                .RootElement.GetProperty("models")
                .EnumerateArray()
                .Where(e => e.GetProperty("family").GetString() == "moganet"),
        ];
}
