using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;

namespace MogaSharp.Weights.Tests;

/// <summary>The corpus holds the weights of two small networks: they fit the networks as this repository defines them.</summary>
public class NetworkTests
{
    private static readonly MogaNetArch Custom = new([8, 16, 24, 32], [1, 1, 2, 1], [8, 8, 4, 4]);
    private static readonly MogaNetArch Smaller = new([8, 8, 16, 16], [1, 1, 1, 1], [4, 4, 2, 2]);

    [Theory]
    [InlineData("b_state_dict.pth", true)]
    [InlineData("c_legacy.pth", true)]
    [InlineData("g_openmixup.pth", true)]
    [InlineData("b2_state_dict_protocol4.pth", false)]
    [InlineData("c2_legacy_nested.pth.tar", false)]
    [InlineData("d_model_module_prefix.pth", false)]
    [InlineData("e4_double.pth", false)]
    [InlineData("h_torch2_layout.pth", false)]
    public void Weights_bind_to_the_network_and_are_those_of_the_formula(string name, bool isCustom)
    {
        IReadOnlyList<ParameterSpec> specs = SpecsOf(isCustom ? Custom : Smaller);
        using Checkpoint checkpoint = Checkpoint.Open(Fixtures.PathOf(name));
        StateDict weights = StateDict.From(checkpoint);
        Assert.Equal(10, weights.InferClassCount());
        WeightSet bound = weights.Bind(specs);
        WeightSet formula = FormulaWeights.Create(specs);
        Assert.All(formula.Names, key => Assert.Equal(formula[key].Data, bound[key].Data));
    }

    [Fact]
    public void Weights_of_another_network_do_not_bind()
    {
        using Checkpoint checkpoint = Checkpoint.Open(Fixtures.PathOf("b_state_dict.pth"));
        var problem = Assert.Throws<WeightMismatchException>(() => StateDict.From(checkpoint).Bind(SpecsOf(Smaller)));
        Assert.Contains("0 missing, 36 unexpected, 137 of wrong shape", problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a.safetensors")]
    [InlineData("a.pth")]
    public void A_network_that_is_saved_binds_again(string name)
    {
        using var folder = new TemporaryFolder();
        IReadOnlyList<ParameterSpec> specs = SpecsOf(Custom);
        using Checkpoint original = Checkpoint.Open(Fixtures.PathOf("b_state_dict.pth"));
        WeightSet weights = StateDict.From(original).Bind(specs);
        if (name == "a.pth")
            CheckpointWriter.SavePyTorch(folder.File(name), StateDict.From(weights).Tensors);
        else
            CheckpointWriter.SaveSafetensors(folder.File(name), StateDict.From(weights).Tensors);

        using Checkpoint saved = Checkpoint.Open(folder.File(name));
        WeightSet again = StateDict.From(saved).Bind(specs);
        Assert.All(weights.Names, key => Assert.Equal(weights[key].Data, again[key].Data));
    }

    private static IReadOnlyList<ParameterSpec> SpecsOf(MogaNetArch arch) =>
        new MogaNetOptions { Arch = arch, NumClasses = 10 }
            .CreateDefinition()
            .Build(new Shape(1, 3, 64, 64))
            .Parameters;
}
