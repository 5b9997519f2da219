using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Torch;
using MogaSharp.Vision;

namespace MogaSharp.Training.Tests;

/// <summary>Recipes, steps and evaluations of detectors.</summary>
public sealed class DetectionTaskTests
{
    private static readonly MogaNetOptions Backbone = new() { Arch = new MogaNetArch([8, 8, 16, 16], [1, 1, 1, 1], [4, 4, 2, 2]) };

    private static readonly MaskRcnnOptions Small = new()
    {
        Backbone = Backbone,
        NumClasses = 3,
        NeckChannels = 8,
        ProposalChannels = 8,
        BoxFeatures = 16,
        MaskConvs = 1,
        MaskChannels = 8,
    };

    private static readonly ModelCard Card = new()
    {
        Name = "small",
        Options = Small,
        Preprocess = new PreprocessCard { Width = 64, Height = 64 },
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Models => ["retinanet", "mask_rcnn", "cascade_mask_rcnn"];

    [Theory]
    [InlineData("retinanet_moganet_xt", 0.05, 1e-4, "retinanet-1x")]
    [InlineData("mask_rcnn_moganet_s", 0.1, 2e-4, "mask-rcnn-1x")]
    [InlineData("mask_rcnn_moganet_base_fpn_1x_coco", 0.2, 1e-4, "mask-rcnn-1x")]
    [InlineData("mask_rcnn_moganet_b_fpn_mstrain_480-800_3x_coco", 0.3, 2e-4, "mask-rcnn-3x")]
    [InlineData("cascade_mask_rcnn_moganet_s_fpn_ms_3x_coco", 0.1, 2e-4, "cascade-3x")]
    [InlineData("cascade_mask_rcnn_moganet_s_giou", 0.1, 2e-4, "cascade-giou-3x")]
    [InlineData("cascade_mask_rcnn_moganet_l_fpn_giou_4conv1f_ms_3x_coco", 0.3, 1e-4, "cascade-giou-3x")]
    public void Each_official_model_has_its_official_recipe(string model, double dropPath, double rate, string preset)
    {
        TrainingRecipe recipe = RecipePresets.Of(ModelCatalogue.Official.Find(model))!.Validated();
        Assert.Equal((dropPath, rate, 16, preset), (recipe.DropPath, recipe.ScaledLearningRate(), recipe.BatchSize, recipe.Name));
        bool isLong = preset.EndsWith("3x", StringComparison.Ordinal);
        Assert.Equal((isLong ? 36 : 12, isLong ? 27.0 : 8.0), (recipe.Epochs, recipe.Milestones[0]));
        Assert.Equal(isLong ? 11 : 0, recipe.Detection!.ShortSides.Length);
        Assert.Equal(model.Contains("_l_fpn_giou", StringComparison.Ordinal) ? 0.8 : null, recipe.LayerDecay);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Images_without_objects_train_every_weight_that_they_can(string family)
    {
        Assert.SkipUnless(TorchRuntime.IsAvailable, TorchRuntime.Unavailability);
        var definition = (IDetectionDefinition)OptionsOf(family).CreateDefinition();
        ComputationGraph graph = definition.Build(new Shape(2, 3, 64, 96), ModelOutputs.Training);
        using var network = new TorchNetwork(graph, WeightInitializer.Create(graph.Parameters, 0));
        using var scope = new TorchScope();
        var pass = new NetworkPass(network, TorchForwardOptions.Train);
        var batch = new DetectionBatch(
            new float[2 * 3 * 64 * 96],
            new Shape(2, 3, 64, 96),
            [
                [],
                [new(new Box(3, 3, 0.5, 9), 4.5, 1)],
            ]
        )
        {
            Sizes = [new ImageSize(96, 64), new ImageSize(70, 50)],
        };
        Losses losses = new DetectionTask(definition, new DetectionRecipe()).Step(pass, batch);
        Assert.All(losses.Names, name => Assert.True(double.IsFinite(losses[name].Item()), name));
        Assert.All(
            losses.Names.Where(name => name.EndsWith("bbox", StringComparison.Ordinal) || name.EndsWith("mask", StringComparison.Ordinal)),
            name => Assert.Equal(0, losses[name].Item())
        );
        pass.Backward(losses.Total);
        // Processes that train together exchange the gradients of all.
        Assert.Equal(network.ParameterNames.Order(), network.ReadGradients().Keys.Order());
    }

    [Fact]
    public void The_same_generator_draws_the_same_samples()
    {
        Assert.SkipUnless(TorchRuntime.IsAvailable, TorchRuntime.Unavailability);
        var definition = (IDetectionDefinition)Small.CreateDefinition();
        ComputationGraph graph = definition.Build(new Shape(2, 3, 64, 64), ModelOutputs.Training);
        double[] first = Run(1),
            second = Run(1),
            other = Run(2);
        Assert.Equal(first, second);
        Assert.NotEqual(first, other);

        double[] Run(ulong seed)
        {
            using var network = new TorchNetwork(graph, WeightInitializer.Create(graph.Parameters, 0), new() { Seed = seed });
            using var scope = new TorchScope();
            TrainingBatch batch = TaskTraining.Of(ModelTask.Detection).CreateRandomBatch(Card, new Shape(2, 3, 64, 64), new Random(3));
            var recipe = new DetectionRecipe { AnchorSamples = 16, RegionSamples = 8 };
            Losses losses = new DetectionTask(definition, recipe).Step(new NetworkPass(network, TorchForwardOptions.Train), batch);
            return [.. losses.Names.Select(name => losses[name].Item())];
        }
    }

    [Fact]
    public void Evaluations_of_parts_merge_to_that_of_the_whole()
    {
        Assert.SkipUnless(TorchRuntime.IsAvailable, TorchRuntime.Unavailability);
        var definition = (IDetectionDefinition)Small.CreateDefinition();
        ComputationGraph graph = definition.Build(new Shape(1, 3, 64, 64));
        using var network = new TorchNetwork(graph, FormulaWeights.Create(graph.Parameters));
        var runner = new TorchRunner(network, null);
        using var whole = new DetectionEvaluation(definition);
        DetectionEvaluation[] parts = [new(definition), new(definition)];
        for (int i = 0; i < 4; i++)
        {
            var random = (DetectionBatch)
                TaskTraining.Of(ModelTask.Detection).CreateRandomBatch(Card, new Shape(1, 3, 64, 64), new Random(i));
            var batch = new DetectionBatch(random.Inputs, random.Shape, random.Objects)
            {
                Sizes = random.Sizes,
                Images = [new SeenImage(10 - i, random.Sizes[0])],
            };
            whole.Add(runner, batch, Token);
            parts[i % 2].Add(runner, batch, Token);
            Assert.Throws<ArgumentException>(() => whole.Add(runner, batch, Token));
        }

        using var merged = new DetectionEvaluation(definition);
        foreach (DetectionEvaluation part in parts)
        {
            merged.Merge(part.Save());
            part.Dispose();
        }

        Assert.Equal(4, merged.Count);
        Assert.Equal(whole.Figures(), merged.Figures());
        Assert.True(merged.Metrics(CocoComparison.Masks)!.Count > 0);
        Assert.Throws<ArgumentException>(() => merged.Merge(parts[0].Save().AsSpan()[..20]));
    }

    private static ModelOptions OptionsOf(string family) =>
        family switch
        {
            "retinanet" => new RetinaNetOptions
            {
                Backbone = Backbone,
                NumClasses = 3,
                NeckChannels = 8,
            },
            "mask_rcnn" => Small,
            _ => new CascadeMaskRcnnOptions
            {
                Backbone = Backbone,
                NumClasses = 3,
                NeckChannels = 8,
                ProposalChannels = 8,
                BoxFeatures = 16,
                MaskConvs = 1,
                MaskChannels = 8,
            },
        };
}
