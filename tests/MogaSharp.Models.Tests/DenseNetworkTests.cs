using System.Text.Json;
using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Models.Tests;

/// <summary>Networks for dense tasks: official names and counts, cards, places of parameters.</summary>
public sealed class DenseNetworkTests
{
    private static readonly JsonElement Counts = JsonDocument
        .Parse(File.ReadAllText(Repository.Fixture("dense", "dense_params.json")))
        .RootElement;

    public static TheoryData<string, string> Configurations =>
        [
            .. new[] { "segmentation", "pose", "detection" }.SelectMany(task =>
                Counts.GetProperty(task).EnumerateObject().Select(one => (task, one.Name))
            ),
        ];

    public static TheoryData<string> Models =>
        [.. DenseFixture.OnePerKind, "segmentation/semantic_fpn/moganet_s_384x500", .. DenseFixture.Detectors];

    [Theory]
    [MemberData(nameof(Configurations))]
    public void Every_official_configuration_is_a_card_with_its_parameters(string task, string name)
    {
        ModelCard card = ModelCatalogue.Official.Find(name);
        Assert.Equal((name, task), (card.Name, card.Options.Task.Name));
        ComputationGraph graph = card.CreateDefinition().Build(card.InputShape());
        JsonElement counts = Counts.GetProperty(task).GetProperty(name);
        Assert.Equal(counts.GetProperty("parameters").GetInt64(), graph.ParameterCount);
        Assert.Equal(counts.GetProperty("state_dict_entries").GetInt32(), graph.Parameters.Count);
        foreach (JsonProperty part in counts.GetProperty("by_part").EnumerateObject())
            Assert.Equal(
                part.Value.GetInt64(),
                graph
                    .Parameters.Where(spec =>
                        spec.Kind == ParameterKind.Parameter && spec.Name.StartsWith(part.Name + ".", StringComparison.Ordinal)
                    )
                    .Sum(spec => spec.Shape.ElementCount)
            );
        Assert.Equal(card.ToJson(), ModelCard.Parse(card.ToJson(), "test").ToJson());
        Assert.Equal(card.Options.ClassCount, card.GetLabels().Length);
    }

    [Fact]
    public void There_are_37_configurations() => Assert.Equal(37, Configurations.Count);

    [Theory]
    [MemberData(nameof(Models))]
    public void Names_order_and_shapes_are_those_of_the_official_state_dict(string name)
    {
        DenseFixture official = DenseFixture.Load(name);
        JsonElement[] entries =
        [
            .. JsonDocument
                .Parse(File.ReadAllText(official.NamesFile))
                .RootElement.EnumerateObject()
                .Single(property => property.Value.ValueKind == JsonValueKind.Array)
                .Value.EnumerateArray(),
        ];
        Assert.Equal(
            entries.Select(entry => (entry.GetProperty("name").GetString(), string.Join('x', entry.GetProperty("shape").EnumerateArray()))),
            official.Build().Parameters.Select(spec => ((string?)spec.Name, string.Join('x', spec.Shape.Extents.ToArray())))
        );
    }

    [Fact]
    public void An_auxiliary_head_runs_in_training_alone_and_its_parameters_are_always_there()
    {
        ModelCard card = ModelCatalogue.Official.Find("upernet_moganet_xt");
        var image = new Shape(1, 3, 64, 64);
        ComputationGraph product = card.CreateDefinition().Build(image),
            training = card.CreateDefinition().Build(image, ModelOutputs.Training);
        Assert.Equal([ISegmentationDefinition.Logits], product.Outputs.Select(output => output.Name));
        Assert.Equal(
            [ISegmentationDefinition.Logits, ISegmentationDefinition.AuxiliaryLogits],
            training.Outputs.Select(output => output.Name)
        );
        Assert.Equal(training.Parameters, product.Parameters);
        Assert.DoesNotContain(product.Values, value => value.Scope.StartsWith("auxiliary_head", StringComparison.Ordinal));
        Assert.Contains(training.Values, value => value.Scope.StartsWith("auxiliary_head", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("moganet")]
    [InlineData("convnext")]
    [InlineData("hornet")]
    [InlineData("parcnet")]
    public void Every_backbone_can_carry_every_head(string family)
    {
        var backbone = (ClassifierOptions)
            ModelCatalogue.Official.Cards.First(card => card.Family == family && card.Options is ClassifierOptions).Options;
        DenseOptions[] all =
        [
            new SemanticFpnOptions { Backbone = backbone, NumClasses = 7 },
            new UperNetOptions { Backbone = backbone, NumClasses = 7 },
            new HeatMapPoseOptions { Backbone = backbone, Joints = 7 },
            new RetinaNetOptions { Backbone = backbone, NumClasses = 7 },
            new MaskRcnnOptions { Backbone = backbone, NumClasses = 7 },
            new CascadeMaskRcnnOptions { Backbone = backbone, NumClasses = 7 },
        ];
        foreach (DenseOptions options in all)
        {
            // Not a multiple of any stride.
            ComputationGraph graph = options.CreateDefinition().Build(new Shape(1, 3, 97, 130));
            Assert.Equal(
                options switch
                {
                    RetinaNetOptions => 63,
                    RegionOptions => 3,
                    _ => 7,
                },
                graph.Outputs[0].Value.Channels
            );
            ModelFamily known = ModelFamilies.Of(options);
            Assert.Contains(graph.Parameters, spec => known.LayerOf(options, spec.Name) is { Stage: 1 });
            Assert.All(
                graph.Parameters,
                spec =>
                    Assert.Equal(spec.Name.StartsWith("backbone.", StringComparison.Ordinal), known.LayerOf(options, spec.Name) is not null)
            );
            var card = new ModelCard
            {
                Name = "mine",
                Options = options,
                Skeleton = options.Task == ModelTask.Pose ? "coco" : null,
                Preprocess = new PreprocessCard
                {
                    Width = 64,
                    Height = 64,
                    Mode = options.Task == ModelTask.Pose ? ResizeMode.Box : ResizeMode.Fit,
                    IsPadded = options.Task == ModelTask.Detection,
                    Crop = 1,
                },
            };
            ModelCard again = ModelCard.Parse(card.ToJson(), "test");
            Assert.Equal(card.ToJson(), again.ToJson());
            Assert.Equal(
                graph.Parameters.Select(spec => spec.Name),
                again.CreateDefinition().Build(new Shape(1, 3, 97, 130)).Parameters.Select(spec => spec.Name)
            );
        }
    }

    [Theory]
    [InlineData("""{ "family": "simvp" }""", "'simvp' is not a family of backbones")]
    [InlineData("""{ "family": "nothing" }""", "'nothing' is not a family of backbones")]
    [InlineData("""[ 1 ]""", "A backbone is an object")]
    [InlineData("""{ "family": "moganet", "arch": "huge" }""", "No MogaNet size is called 'huge'")]
    [InlineData("""{ "family": "moganet", "no_such_option": 1 }""", "no_such_option")]
    [InlineData("""{ "family": "upernet" }""", "'upernet' is not a family of backbones")]
    public void A_backbone_that_is_none_is_one_clear_error(string backbone, string problem)
    {
        var error = Assert.Throws<ModelCardException>(() =>
            ModelCard.Parse(
                $$"""
                {
                  "name": "x",
                  "family": "semantic_fpn",
                  "options": { "backbone": {{backbone}} },
                  "preprocess": { "width": 64, "height": 64, "mode": "fit" }
                }
                """,
                "x.json"
            )
        );
        Assert.StartsWith("x.json: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Well_known_classes_have_names_and_colors()
    {
        Assert.Equal(150, LabelSet.Ade20k.Length);
        Assert.Equal("wall", LabelSet.Ade20k[0].Name);
        Assert.Equal(
            (120, 120, 120),
            (LabelSet.Ade20k[0].Color!.Value.R, LabelSet.Ade20k[0].Color!.Value.G, LabelSet.Ade20k[0].Color!.Value.B)
        );
        Assert.Equal("flag", LabelSet.Ade20k[^1].Name);
        Assert.Equal((80, "person", (int?)1), (LabelSet.Coco.Length, LabelSet.Coco[0].Name, LabelSet.Coco[0].Number));
        Assert.Equal(("toothbrush", (int?)90), (LabelSet.Coco[^1].Name, LabelSet.Coco[^1].Number));
        Assert.All(LabelSet.Names, name => Assert.NotNull(LabelSet.Find(name)));
        Assert.Null(LabelSet.Find("nothing"));
    }
}
