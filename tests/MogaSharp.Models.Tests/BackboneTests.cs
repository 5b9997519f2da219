using System.Text.Json;
using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Models.Tests;

/// <summary>ConvNeXt, HorNet, Swin Transformer and ParC-Net against what their official code gives.</summary>
public sealed class BackboneTests
{
    public static TheoryData<string> Networks => [.. NetworkFixture.OnePerModel];

    // The double-precision loops take about a second per billion multiply-adds; the fast engines' tests do the large ones.
    public static TheoryData<string> CasesForTheReference => [.. NetworkFixture.Small];

    [Theory]
    [MemberData(nameof(Networks))]
    public void Names_order_shapes_and_formula_bits_are_the_official_ones(string name)
    {
        NetworkFixture official = NetworkFixture.Load(name);
        IReadOnlyList<ParameterSpec> specs = official.Build().Parameters;
        using JsonDocument list = JsonDocument.Parse(File.ReadAllText(official.NamesFile));
        // ParC-Net's official code lists one block twice.
        Assert.Equal(
            list.RootElement.EnumerateObject()
                .Select(entry => entry.Name)
                .Where(key => !key.StartsWith("residual.", StringComparison.Ordinal)),
            specs.Select(spec => spec.Name)
        );
        WeightSet weights = official.Weights();
        foreach (ParameterSpec spec in specs)
        {
            JsonElement entry = list.RootElement.GetProperty(spec.Name);
            Assert.Equal(new Shape([.. entry[0].EnumerateArray().Select(e => e.GetInt64())]), spec.Shape);
            string kind = FormulaWeights.Kind(spec);
            Assert.StartsWith(kind, entry[1].GetString());
            if (kind == "keep")
            {
                Assert.Equal(ParameterSpec.IsInteger(spec.Name) ? "keep:int64" : "keep:float32", entry[1].GetString());
                continue;
            }

            float[] data = weights[spec.Name].Data;
            Assert.Equal(entry[2].GetString(), $"{BitConverter.SingleToInt32Bits(data[0]):x8}");
            Assert.Equal(entry[3].GetString(), $"{BitConverter.SingleToInt32Bits(data[^1]):x8}");
        }
    }

    [Theory]
    [MemberData(nameof(CasesForTheReference))]
    public void The_reference_interpreter_gives_the_official_outputs(string name)
    {
        NetworkFixture official = NetworkFixture.Load(name);
        var reference = new ReferenceInterpreter(official.Build(), official.Weights());
        foreach ((string output, ReferenceTensor tensor) in reference.Run(official.Input))
        {
            Tensor result = official.AsStated(output, tensor.ToTensor());
            Assert.Equal(official.Expected.StatedShape(output), result.Shape);
            // The reference is exact; what remains is the float32 noise of the official run.
            Assert.InRange(
                official.Difference(output, result),
                0,
                official.Expected.Metadata.ContainsKey(output + ".f32_noise") ? 2 * official.Expected.Noise(output) : 1e-5
            );
        }
    }

    public static TheoryData<string> Counted => [.. Counts().Select(entry => entry.GetProperty("model").GetString()!)];

    [Theory]
    [MemberData(nameof(Counted))]
    public void Parameters_and_multiply_adds_are_exact(string model)
    {
        JsonElement expected = Counts().Single(entry => entry.GetProperty("model").GetString() == model);
        var input = new Shape([1, .. expected.GetProperty("input").EnumerateArray().Select(e => e.GetInt64())]);
        ComputationGraph graph = ModelCatalogue.Official.Find(model).CreateDefinition().Build(input);
        Cost cost = graph.TotalCost(input);
        Assert.Equal(expected.GetProperty("params").GetInt64(), graph.ParameterCount);
        Assert.Equal(expected.GetProperty("conv").GetInt64(), cost.Convolution);
        Assert.Equal(expected.GetProperty("linear").GetInt64(), cost.Linear);
        Assert.Equal(expected.GetProperty("matmul").GetInt64(), cost.MatrixProduct);
        Assert.Equal(expected.GetProperty("norm").GetInt64(), cost.Normalization);
        Assert.Equal(expected.GetProperty("pool").GetInt64(), cost.Pooling);
        Assert.Equal(expected.GetProperty("macs").GetInt64(), cost.MultiplyAdds);
        Assert.Equal(expected.GetProperty("macs_with_norm_pool").GetInt64(), cost.MultiplyAddsWithNormAndPool);
    }

    [Theory]
    [InlineData("parcnet_s_96_b2")]
    [InlineData("parcnet_s_256_b1")]
    [InlineData("hornet_large_gf_224_b1")]
    public void Networks_without_an_entry_there_have_the_counts_of_their_official_code(string name)
    {
        NetworkFixture official = NetworkFixture.Load(name);
        Shape input = official.InputShape.With(0, 1);
        ComputationGraph graph = official.Options.CreateDefinition().Build(input);
        Cost cost = graph.TotalCost(input);
        Assert.Equal(official.Expected.Metadata["param_count"], $"{graph.ParameterCount}");
        Assert.Equal(official.Expected.Metadata["conv_macs"], $"{cost.Convolution}");
        Assert.Equal(official.Expected.Metadata["linear_macs"], $"{cost.Linear}");
    }

    [Theory]
    [InlineData("convnext_tiny", "1x96x56x56 1x192x28x28 1x384x14x14 1x768x7x7")]
    [InlineData("hornet_small_gf", "1x96x56x56 1x192x28x28 1x384x14x14 1x768x7x7")]
    [InlineData("swin_base_patch4_window7_224", "1x128x56x56 1x256x28x28 1x512x14x14 1x1024x7x7")]
    public void Stage_features_have_strides_4_to_32(string model, string shapes)
    {
        ComputationGraph graph = ModelCatalogue
            .Official.Find(model)
            .CreateDefinition()
            .Build(new Shape(1, 3, 224, 224), ModelOutputs.Stages);
        Assert.Equal(shapes, string.Join(' ', graph.Outputs.Select(output => output.Value.Shape)));
        Assert.Equal(["stage1", "stage2", "stage3", "stage4"], graph.Outputs.Select(output => output.Name));
    }

    [Theory]
    [InlineData("convnext_tiny", 768)]
    [InlineData("hornet_tiny_7x7", 512)]
    [InlineData("swin_tiny_patch4_window7_224", 768)]
    public void Without_classes_there_is_no_head(string model, int channels)
    {
        ClassifierOptions options = (ClassifierOptions)ModelCatalogue.Official.Find(model).Options with { NumClasses = 0 };
        ComputationGraph graph = options.CreateDefinition().Build(new Shape(1, 3, 224, 224), ModelOutputs.All);
        Assert.DoesNotContain(graph.Parameters, spec => spec.Name.StartsWith(options.HeadName + ".", StringComparison.Ordinal));
        Assert.Equal(("features", new Shape(1, channels)), (graph.Outputs[0].Name, graph.Outputs[0].Value.Shape));
    }

    [Theory]
    [InlineData("convnext_tiny", 18)]
    [InlineData("hornet_tiny_7x7", 50)]
    [InlineData("swin_tiny_patch4_window7_224", 24)]
    public void Drop_path_grows_linearly_over_the_depth(string model, int nodes)
    {
        ClassifierOptions options = (ClassifierOptions)ModelCatalogue.Official.Find(model).Options with { DropPathRate = 0.4 };
        double[] rates =
        [
            .. options
                .CreateDefinition()
                .Build(new Shape(1, 3, 224, 224))
                .Values.Select(value => value.Op)
                .OfType<DropPath>()
                .Select(op => op.Rate),
        ];
        // The first block has rate 0 and no node.
        int perBlock = model == "convnext_tiny" ? 1 : 2;
        Assert.Equal(nodes - perBlock, rates.Length);
        for (int i = 0; i < rates.Length; i++)
            Assert.Equal(0.4 * ((i / perBlock) + 1) / ((nodes / perBlock) - 1), rates[i], 12);
    }

    private static List<JsonElement> Counts() =>
        [
            .. JsonDocument
                .Parse(File.ReadAllText(Repository.Fixture("params_macs.json")))
                .RootElement.GetProperty("models")
                .EnumerateArray()
                .Where(e => e.GetProperty("family").GetString() is "hornet" or "timm"),
        ];
}
