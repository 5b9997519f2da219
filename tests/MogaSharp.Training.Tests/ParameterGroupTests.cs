using MogaSharp.Graph;
using MogaSharp.Models;

namespace MogaSharp.Training.Tests;

/// <summary>Weight decay, layer decay, frozen stages, and the moving average's decay.</summary>
public sealed class ParameterGroupTests
{
    private static readonly MogaNetOptions Options = new();

    private static readonly IReadOnlyList<ParameterSpec> Specs = new MogaNetOptions { Arch = MogaNetArch.Parse("tiny"), NumClasses = 7 }
        .CreateDefinition()
        .Build(new Shape(1, 3, 64, 64))
        .Parameters;

    [Fact]
    public void Vectors_and_biases_do_not_decay_and_layer_scales_do()
    {
        var groups = ParameterGroups.Create(Specs, Options, new TrainingRecipe { WeightDecay = 0.04 });
        Assert.Equal(["no_decay", "decay"], groups.Select(group => group.Name));
        Assert.Equal([0, 0.04], groups.Select(group => group.WeightDecay));
        Assert.All(groups, group => Assert.Equal(1, group.RateScale));
        Assert.Contains("head.bias", groups[0].Parameters);
        Assert.Contains("norm1.weight", groups[0].Parameters);
        Assert.Contains("head.weight", groups[1].Parameters);
        Assert.Contains("blocks1.0.layer_scale_1", groups[1].Parameters);
        Assert.Contains("blocks1.0.attn.sigma.scale", groups[1].Parameters);
        string[] names = [.. Specs.Where(spec => spec.Kind == ParameterKind.Parameter).Select(spec => spec.Name)];
        Assert.Equal(names.Order(StringComparer.Ordinal), groups.SelectMany(group => group.Parameters).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Names_can_be_kept_from_decay()
    {
        var groups = ParameterGroups.Create(Specs, Options, new TrainingRecipe { NoWeightDecay = ["scale"] });
        Assert.Contains("blocks1.0.layer_scale_1", groups[0].Parameters);
        Assert.DoesNotContain(groups[1].Parameters, name => name.Contains("scale", StringComparison.Ordinal));
    }

    // Tiny has 3 + 3 + 12 + 2 blocks: layer 0 is the stem, 1 to 20 the blocks, 21 the head.
    [Theory]
    [InlineData("patch_embed1.projection.0.weight", 21)]
    [InlineData("blocks1.0.attn.proj_1.weight", 20)]
    [InlineData("blocks1.2.attn.proj_1.weight", 18)]
    [InlineData("norm1.weight", 18)]
    [InlineData("patch_embed2.projection.weight", 17)]
    [InlineData("blocks2.0.mlp.fc1.weight", 17)]
    [InlineData("blocks3.11.mlp.fc1.weight", 3)]
    [InlineData("blocks4.1.mlp.fc2.weight", 1)]
    [InlineData("norm4.bias", 1)]
    [InlineData("head.weight", 0)]
    public void Layer_decay_lowers_the_rate_of_lower_layers(string name, int above)
    {
        var groups = ParameterGroups.Create(Specs, Options, new TrainingRecipe { LayerDecay = 0.75 });
        ParameterGroupSpec group = groups.Single(group => group.Parameters.Contains(name));
        Assert.Equal(Math.Pow(0.75, above), group.RateScale, 1e-15);
        Assert.Equal(
            name.EndsWith("bias", StringComparison.Ordinal) || name.StartsWith("norm", StringComparison.Ordinal) ? 0 : 0.05,
            group.WeightDecay
        );
        Assert.Equal($"layer_{21 - above}_{(group.WeightDecay == 0 ? "no_decay" : "decay")}", group.Name);
    }

    // ConvNeXt-T has 3 + 3 + 9 + 3 blocks, HorNet-T 2 + 3 + 18 + 2, Swin-T 2 + 2 + 6 + 2, ParC-Net-S 3 + 2 + 2 + 2: the stem is layer 0,
    // the head the last.
    [Theory]
    [InlineData("convnext_tiny", "stem.0.weight", 0, 1)]
    [InlineData("convnext_tiny", "stages.0.blocks.2.conv_dw.weight", 3, 1)]
    [InlineData("convnext_tiny", "stages.1.downsample.1.weight", 4, 2)]
    [InlineData("convnext_tiny", "stages.3.blocks.2.mlp.fc1.weight", 18, 4)]
    [InlineData("convnext_tiny", "head.norm.weight", 19, 0)]
    [InlineData("hornet_tiny_gf", "downsample_layers.0.0.weight", 0, 1)]
    [InlineData("hornet_tiny_gf", "stages.2.17.gnconv.pws.0.weight", 23, 3)]
    [InlineData("hornet_tiny_gf", "downsample_layers.3.1.weight", 24, 4)]
    [InlineData("hornet_tiny_gf", "norm.weight", 26, 0)]
    [InlineData("swin_t", "patch_embed.proj.weight", 0, 1)]
    [InlineData("swin_t", "layers.0.blocks.1.attn.qkv.weight", 2, 1)]
    [InlineData("swin_t", "layers.0.downsample.reduction.weight", 3, 2)]
    [InlineData("swin_t", "layers.3.blocks.1.mlp.fc2.weight", 12, 4)]
    [InlineData("swin_t", "norm.weight", 13, 0)]
    [InlineData("parcnet_s", "conv_1.block.conv.weight", 0, 1)]
    [InlineData("parcnet_s", "layer_1.0.block.exp_1x1.block.conv.weight", 0, 1)]
    [InlineData("parcnet_s", "layer_2.2.block.red_1x1.block.conv.weight", 3, 1)]
    [InlineData("parcnet_s", "layer_5.1.spatial_global_rep.0.meta_kernel_1_H", 9, 4)]
    [InlineData("parcnet_s", "classifier.fc.weight", 10, 0)]
    public void Other_networks_names_tell_layer_and_stage(string model, string name, int layer, int stage)
    {
        ModelCard card = ModelCatalogue.Official.Find(model);
        IReadOnlyList<ParameterSpec> specs = card.CreateDefinition().Build(card.InputShape()).Parameters;
        var groups = ParameterGroups.Create(specs, card.Options, new TrainingRecipe { LayerDecay = 0.5 });
        Assert.StartsWith($"layer_{layer}_", groups.Single(group => group.Parameters.Contains(name)).Name, StringComparison.Ordinal);
        for (int frozen = 0; frozen <= 4; frozen++)
            Assert.Equal(
                stage >= 1 && stage <= frozen,
                ParameterGroups.IsFrozen(name, card.Options, new TrainingRecipe { FrozenStages = frozen })
            );
    }

    [Fact]
    public void Swin_s_position_biases_do_not_decay_and_neither_do_vectors()
    {
        ModelCard card = ModelCatalogue.Official.Find("swin_t");
        var groups = ParameterGroups.Create(
            card.CreateDefinition().Build(card.InputShape()).Parameters,
            card.Options,
            RecipePresets.Find("swin-tiny")
        );
        Assert.Equal(["no_decay", "decay"], groups.Select(group => group.Name));
        Assert.Contains("layers.2.blocks.5.attn.relative_position_bias_table", groups[0].Parameters);
        Assert.DoesNotContain(
            groups[1].Parameters,
            name =>
                name.Contains("norm", StringComparison.Ordinal)
                || name.EndsWith("bias", StringComparison.Ordinal)
                || name.Contains("table", StringComparison.Ordinal)
        );
        Assert.DoesNotContain(
            groups.SelectMany(group => group.Parameters),
            name => name.Contains("index", StringComparison.Ordinal) || name.Contains("mask", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Frozen_stages_are_in_no_group()
    {
        var recipe = new TrainingRecipe { FrozenStages = 2 };
        string[] trained = [.. ParameterGroups.Create(Specs, Options, recipe).SelectMany(group => group.Parameters)];
        Assert.DoesNotContain(
            trained,
            name =>
                name.StartsWith("patch_embed1.", StringComparison.Ordinal)
                || name.StartsWith("blocks2.", StringComparison.Ordinal)
                || name.StartsWith("norm2.", StringComparison.Ordinal)
        );
        Assert.Contains("patch_embed3.projection.weight", trained);
        Assert.Contains("head.weight", trained);
        Assert.True(ParameterGroups.IsFrozen("blocks2.0.norm1.running_mean", Options, recipe));
        Assert.False(ParameterGroups.IsFrozen("norm3.running_mean", Options, recipe));
        Assert.False(ParameterGroups.IsFrozen("head.weight", Options, recipe));
    }

    [Fact]
    public void More_frozen_stages_than_there_are_is_an_error() =>
        Assert.Equal(
            "frozen_stages is 5, but the network has 4 stages.",
            Assert.Throws<RecipeException>(() => ParameterGroups.Create(Specs, Options, new TrainingRecipe { FrozenStages = 5 })).Message
        );

    [Fact]
    public void A_network_without_head_cannot_be_frozen_throughout()
    {
        var backbone = new MogaNetOptions { NumClasses = 0 }
            .CreateDefinition()
            .Build(new Shape(1, 3, 64, 64))
            .Parameters;
        Assert.Contains(
            "nothing is left to train",
            Assert
                .Throws<RecipeException>(() => ParameterGroups.Create(backbone, Options, new TrainingRecipe { FrozenStages = 4 }))
                .Message,
            StringComparison.Ordinal
        );
    }

    // timm 1.0, ModelEmaV3.get_decay with use_warmup: 1 - (1 + step / 1) ** (-2 / 3), step = max(0, update - 1).
    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0.3700394750525634)]
    [InlineData(11, 0.7978199917664258)]
    [InlineData(101, 0.9538909949722393)]
    [InlineData(100000000, 0.9999)]
    public void The_average_warms_up_as_in_timm(long update, double expected) =>
        Assert.Equal(expected, new EmaDecay(0.9999, true).At(update), 1e-12);

    [Fact]
    public void Without_warm_up_the_decay_is_constant() => Assert.Equal(0.99, new EmaDecay(0.99).At(1));
}
