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
                Assert.Equal(entry[1].GetString() == "keep:int64", ParameterSpec.IsInteger(spec.Name));
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
        IReadOnlyDictionary<string, ReferenceTensor> results = new ReferenceInterpreter(official.Build(), official.Weights()).Run(official.Input);
        IReadOnlyDictionary<string, string> outputs = official.Outputs;
        Assert.Equal(["enc.latent", "hid", "hid.enc.0", "hid.enc.1", "output"], outputs.Keys.Order(StringComparer.Ordinal));
        foreach ((string output, string fixture) in outputs)
        {
            Assert.Equal(official.Expected.StatedShape(fixture), results[output].Shape);
            // The reference is exact; what remains is the float32 noise of the official run, which is stated for the output only: values inside are larger.
            double noise = output == "output" ? 2 * official.Expected.Noise(output) : official.Tolerance;
            Assert.InRange(official.Expected.Difference(fixture, results[output].ToTensor().Data), 0, noise);
        }
    }

    [Theory]
    [MemberData(nameof(Translators))]
    public void Parameters_and_multiply_adds_of_the_moving_mnist_configurations_are_exact(TranslatorKind translator)
    {
        SimVpFixture official = SimVpFixture.Load($"mmnist_{translator.ToString().ToLowerInvariant()}_b1");
        JsonElement expected = JsonDocument.Parse(File.ReadAllText(Repository.Fixture("params_macs.json"))).RootElement.GetProperty("models").EnumerateArray()
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
}
