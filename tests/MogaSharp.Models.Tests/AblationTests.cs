using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Models.Tests;

/// <summary>MogaNet with parts taken away or replaced: what goes, what comes, by numbers counted by hand.</summary>
public sealed class AblationTests
{
    private const int Side = 224;

    // MogaNet-T: channels, hidden channels, side of the map and blocks of each stage.
    private static readonly (long C, long H, long Side, long Blocks)[] Tiny =
    [
        (32, 256, 56, 3),
        (64, 512, 28, 3),
        (128, 512, 14, 12),
        (256, 1024, 7, 2),
    ];

    public static TheoryData<string> Names => [.. MogaNetAblations.All.Select(ablation => ablation.Name)];

    [Fact]
    public void The_ablations_are_those_of_the_paper() =>
        Assert.Equal(
            ["full", "mlp", "mlp-se", "dwconv-7x7", "no-decomposition", "no-gate", "baseline"],
            MogaNetAblations.All.Select(ablation => ablation.Name)
        );

    // 5,197,332 parameters and 1,083,283,008 multiply-adds are the official network's; the rest is counted below by hand.
    [Theory]
    [InlineData("full", 5_197_332, 1_083_283_008)]
    [InlineData("mlp", 5_197_332 - 21_012, 1_083_283_008 - 4_917_248)]
    [InlineData("mlp-se", 5_197_332 - 21_012 + 789_392, 1_083_283_008 - 4_917_248 + 778_240)]
    [InlineData("dwconv-7x7", 5_197_332 - 25_112, 1_083_283_008 - 7_680_064)]
    [InlineData("no-decomposition", 5_197_332 - 2_336, 1_083_283_008)]
    [InlineData("no-gate", 5_197_332 - 345_376, 1_083_283_008 - 64_225_280)]
    [InlineData("baseline", 5_197_332 - 21_012 - 25_112 - 2_336 - 345_376, 1_083_283_008 - 4_917_248 - 7_680_064 - 64_225_280)]
    public void Parameters_and_multiply_adds_of_MogaNet_T(string name, long parameters, long multiplyAdds)
    {
        ComputationGraph graph = Build(name, new MogaNetOptions());
        Assert.Equal((parameters, multiplyAdds), (graph.ParameterCount, graph.TotalCost(new Shape(1, 3, Side, Side)).MultiplyAdds));
    }

    [Fact]
    public void The_numbers_follow_from_the_definition()
    {
        // decompose: a 1x1 convolution of H channels to one, with bias; sigma: H factors.
        Assert.Equal(21_012, Sum(s => (2 * s.H) + 1));
        Assert.Equal(4_917_248, Sum(s => s.H * s.Side * s.Side));
        // Squeeze and excitation: 1x1 convolutions of the means, H to H / 16 and back, with biases.
        Assert.Equal(789_392, Sum(s => (2 * s.H * s.H / 16) + (s.H / 16) + s.H));
        Assert.Equal(778_240, Sum(s => 2 * s.H * s.H / 16));
        // 5x5 on C, 5x5 on 3 C / 8, 7x7 on C / 2, with biases, against 7x7 on C.
        Assert.Equal(25_112, Sum(s => (26 * s.C) + (26 * 3 * s.C / 8) + (50 * s.C / 2) - (50 * s.C)));
        Assert.Equal(7_680_064, Sum(s => ((25 * s.C) + (25 * 3 * s.C / 8) + (49 * s.C / 2) - (49 * s.C)) * s.Side * s.Side));
        // The decomposition's factors; the gate's 1x1 convolution.
        Assert.Equal(2_336, Sum(s => s.C));
        Assert.Equal(345_376, Sum(s => (s.C * s.C) + s.C));
        Assert.Equal(64_225_280, Sum(s => s.C * s.C * s.Side * s.Side));

        static long Sum(Func<(long C, long H, long Side, long Blocks), long> perBlock) => Tiny.Sum(stage => stage.Blocks * perBlock(stage));
    }

    [Theory]
    [InlineData("mlp", "blocks1.0.mlp.decompose.weight blocks1.0.mlp.decompose.bias blocks1.0.mlp.sigma.scale", "")]
    [InlineData(
        "mlp-se",
        "blocks1.0.mlp.decompose.weight blocks1.0.mlp.decompose.bias blocks1.0.mlp.sigma.scale",
        "blocks1.0.mlp.se.fc1.weight blocks1.0.mlp.se.fc1.bias blocks1.0.mlp.se.fc2.weight blocks1.0.mlp.se.fc2.bias"
    )]
    [InlineData(
        "dwconv-7x7",
        "blocks1.0.attn.value.DW_conv1.weight blocks1.0.attn.value.DW_conv1.bias blocks1.0.attn.value.DW_conv2.weight "
            + "blocks1.0.attn.value.DW_conv2.bias",
        ""
    )]
    [InlineData("no-decomposition", "blocks1.0.attn.sigma.scale", "")]
    [InlineData("no-gate", "blocks1.0.attn.gate.weight blocks1.0.attn.gate.bias", "")]
    public void What_stays_keeps_its_official_name(string name, string gone, string come)
    {
        string[] whole = Keys("full"),
            less = Keys(name);
        Assert.Equal(
            gone.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal),
            whole.Except(less).Order(StringComparer.Ordinal)
        );
        Assert.Equal(
            come.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal),
            less.Except(whole).Order(StringComparer.Ordinal)
        );

        static string[] Keys(string name) =>
            [
                .. Build(name, new MogaNetOptions())
                    .Parameters.Select(spec => spec.Name)
                    .Where(key => key.StartsWith("blocks1.0.", StringComparison.Ordinal)),
            ];
    }

    // Each replaced part in turn by one that does nothing gives the whole network's result: sigma 0 for the decompositions.
    [Theory]
    [InlineData("mlp", "mlp.sigma.scale")]
    [InlineData("no-decomposition", "attn.sigma.scale")]
    public void Without_a_part_the_result_is_that_of_the_part_switched_off(string name, string factor)
    {
        MogaNetFixture official = MogaNetFixture.Load("custom_33x47_b3");
        WeightSet weights = official.Weights();
        WeightSet off = weights.With(
            weights
                .Names.Where(key => key.EndsWith(factor, StringComparison.Ordinal))
                .Select(key => KeyValuePair.Create(key, new Tensor(weights[key].Shape)))
        );
        double[] expected = new ReferenceInterpreter(official.Build(), off).Run(official.Input)["logits"].Data;
        double[] actual = new ReferenceInterpreter(
            Find(name).Change(official.Options).CreateDefinition().Build(official.InputShape),
            weights
        )
            .Run(official.Input)["logits"]
            .Data;
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 12);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_settings_in_a_card_are_the_change(string name)
    {
        MogaNetAblation ablation = Find(name);
        IEnumerable<string> options = ablation
            .Settings.Select(setting => setting.Split('='))
            .Select(pair => $", \"{pair[0]}\": {(bool.TryParse(pair[1], out _) ? pair[1] : $"\"{pair[1]}\"")}");
        ModelCard card = ModelCard.Parse(
            $$"""{ "name": "x", "options": { "arch": "small"{{string.Concat(options)}} }, "preprocess": { "width": 64, "height": 64 } }""",
            "test"
        );
        Assert.Equal(
            card.ToJson(),
            (card with { Options = ablation.Change(new MogaNetOptions { Arch = MogaNetArch.Parse("small") }) }).ToJson()
        );
    }

    private static MogaNetAblation Find(string name) => MogaNetAblations.All.Single(ablation => ablation.Name == name);

    private static ComputationGraph Build(string name, MogaNetOptions options) =>
        Find(name).Change(options).CreateDefinition().Build(new Shape(1, 3, Side, Side));
}
