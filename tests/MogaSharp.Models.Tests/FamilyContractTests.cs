using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using MogaSharp.Graph;

namespace MogaSharp.Models.Tests;

/// <summary>What every family owes to the layers that use it, one that lives only here among them.</summary>
public sealed class FamilyContractTests
{
    static FamilyContractTests() => ModelFamilies.Register(new ToyFamily());

    public static TheoryData<string> Families => [.. ModelFamilies.Names.Append("toy").Distinct()];

    public static TheoryData<string> Backbones =>
        [.. Families.Select(row => row.Data).Where(name => CardOf(name).Options is ClassifierOptions)];

    [Theory]
    [MemberData(nameof(Families))]
    public void Cards_are_read_as_they_were_written(string family)
    {
        ModelCard card = CardOf(family);
        string json = card.ToJson();
        ModelCard again = ModelCard.Parse(json, "test");
        Assert.Equal(family, again.Family);
        Assert.Equal(card.Options.GetType(), again.Options.GetType());
        Assert.Equal(json, again.ToJson());
        Assert.Throws<ModelCardException>(() =>
            ModelCard.Parse(json.Replace("\"options\": {", "\"options\": { \"no_such_option\": 1,", StringComparison.Ordinal), "test")
        );
    }

    [Fact]
    public void A_family_may_have_no_catalogue() => Assert.Null(new ToyFamily().OpenCatalogue());

    public static TheoryData<string> Catalogued => [.. ModelFamilies.Names.Where(name => name != "toy")];

    [Theory]
    [MemberData(nameof(Catalogued))]
    public void The_catalogue_is_the_family_s_own_and_names_lead_to_it(string family)
    {
        using Stream stream = ModelFamilies.Find(family)!.OpenCatalogue()!;
        using JsonDocument list = JsonDocument.Parse(stream);
        string[] names = [.. list.RootElement.EnumerateArray().Select(card => card.GetProperty("name").GetString()!)];
        Assert.Equal(names, ModelCatalogue.Official.Cards.Where(card => card.Family == family).Select(card => card.Name));
        Assert.All(names, name => Assert.Equal(name, ModelCatalogue.Official.Find(name).Name));
    }

    [Theory]
    [MemberData(nameof(Backbones))]
    public void Stages_have_the_channels_and_strides_that_are_said(string family)
    {
        var options = (ClassifierOptions)CardOf(family).Options;
        IBackbone backbone = options.CreateBackbone();
        // Windows tile only maps of whole windows.
        foreach ((int height, int width) in family == "swin" ? [(224, 448)] : new[] { (64, 96), (97, 70), (33, 65) })
        {
            var image = new Shape(2, options.InChannels, height, width);
            IReadOnlyDictionary<string, Shape> shapes = Outputs(options.CreateDefinition().Build(image, ModelOutputs.Stages));
            Assert.Equal(backbone.Features.Select(feature => feature.Name), shapes.Keys);
            foreach (FeatureInfo feature in backbone.Features)
            {
                Shape map = shapes[feature.Name];
                Assert.Equal((2, feature.Channels), (map[0], map[1]));
                // Down or up, as padding has it.
                Assert.InRange(map[2], height / feature.Stride, (height + feature.Stride - 1) / feature.Stride);
                Assert.InRange(map[3], width / feature.Stride, (width + feature.Stride - 1) / feature.Stride);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Backbones))]
    public void Every_parameter_of_the_backbone_has_a_place(string family)
    {
        var options = (ClassifierOptions)CardOf(family).Options;
        ModelFamily known = ModelFamilies.Find(family)!;
        IBackbone backbone = options.CreateBackbone();
        var builder = new GraphBuilder(backbone.Order);
        IReadOnlyList<Value> maps = backbone.Build(builder.Root, builder.Input("input", new Shape(1, options.InChannels, 224, 224)));
        ComputationGraph graph = builder.Build([.. maps.Select((map, i) => new GraphOutput(backbone.Features[i].Name, map))]);
        var blocks = new SortedDictionary<int, SortedSet<int>>();
        foreach (ParameterSpec spec in graph.Parameters)
        {
            LayerPlace place = known.LayerOf(options, spec.Name) ?? throw new InvalidOperationException($"{spec.Name} has no place");
            Assert.InRange(place.Stage, 1, backbone.Features.Length);
            if (place.Block >= 0)
                (blocks.TryGetValue(place.Stage, out var numbers) ? numbers : blocks[place.Stage] = []).Add(place.Block);
        }

        // Blocks are numbered without gaps in every stage, and the head's parameters have no place.
        Assert.Equal(Enumerable.Range(1, backbone.Features.Length), blocks.Keys);
        Assert.All(blocks.Values, numbers => Assert.Equal(Enumerable.Range(0, numbers.Count), numbers));
        HashSet<string> own = [.. graph.Parameters.Select(spec => spec.Name)];
        ParameterSpec[] head =
        [
            .. options
                .CreateDefinition()
                .Build(new Shape(1, options.InChannels, 224, 224))
                .Parameters.Where(spec => !own.Contains(spec.Name)),
        ];
        Assert.NotEmpty(head);
        Assert.All(head, spec => Assert.Null(known.LayerOf(options, spec.Name)));
        Assert.Null(known.LayerOf(options, "no.such.parameter"));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Forms_leave_the_network_s_own_names_alone(string family)
    {
        ModelCard card = CardOf(family);
        IReadOnlyList<ParameterSpec> specs = card.CreateDefinition().Build(card.InputShape()).Parameters;
        foreach (NameForm form in ModelFamilies.Find(family)!.Forms)
        {
            Assert.NotEmpty(form.Project);
            Assert.Contains(specs, spec => spec.Name == form.Parameter);
            // What one project renames must not be taken for another tensor of the network.
            string?[] renamed = [.. specs.Select(spec => form.Rename(spec.Name)).Where(name => name is not null)];
            Assert.Equal(renamed.Length, renamed.Distinct().Count());
        }
    }

    [Fact]
    public void A_family_is_registered_once_and_an_unknown_one_is_an_error()
    {
        Assert.Equal(
            "There is a family 'toy' already. (Parameter 'family')",
            Assert.Throws<ArgumentException>(() => ModelFamilies.Register(new ToyFamily())).Message
        );
        var unknown = Assert.Throws<ModelCardException>(() =>
            ModelCard.Parse("""{ "name": "x", "family": "nothing", "options": {}, "preprocess": { "width": 1, "height": 1 } }""", "x.json")
        );
        Assert.StartsWith(
            "x.json: The card names the family 'nothing'; there are moganet, convnext, ",
            unknown.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_family_of_somebody_s_own_computes()
    {
        ModelCard card = ModelCard.Parse(
            """
            {
              "name": "mine",
              "family": "toy",
              "options": { "width": 4, "num_classes": 3 },
              "preprocess": { "width": 8, "height": 8 }
            }
            """,
            "test"
        );
        ComputationGraph graph = card.CreateDefinition().Build(card.InputShape());
        Assert.Equal(
            ["stage1.0.weight", "stage1.0.bias", "stage2.0.weight", "stage2.0.bias", "head.weight", "head.bias"],
            graph.Parameters.Select(spec => spec.Name)
        );
        var input = new Tensor(card.InputShape());
        input.Span.Fill(1);
        Assert.Equal(
            3,
            new ReferenceInterpreter(graph, WeightInitializer.Create(graph.Parameters, 1)).Run(input)[ClassifierHead.Logits].Data.Length
        );
    }

    private static ModelCard CardOf(string family) =>
        family == "toy"
            ? new ModelCard
            {
                Name = "toy",
                Options = new ToyOptions(),
                Preprocess = new PreprocessCard { Width = 64, Height = 64 },
            }
            : ModelCatalogue.Official.Cards.First(card => card.Family == family);

    private static Dictionary<string, Shape> Outputs(ComputationGraph graph) =>
        graph.Outputs.ToDictionary(output => output.Name, output => output.Value.Shape);
}

/// <summary>The smallest family there is: two convolutions.</summary>
public sealed record ToyOptions : ClassifierOptions
{
    public int Width { get; init; } = 8;

    public override string Family => "toy";

    public override IBackbone CreateBackbone() => new ToyNetwork(this);

    public override ClassifierHead CreateHead() =>
        new()
        {
            Pool = (net, map) => net.SpatialMean(map),
            Name = HeadName,
            NumClasses = NumClasses,
        };
}

internal sealed class ToyNetwork : IBackbone
{
    private readonly ToyOptions _options;

    public ToyNetwork(ToyOptions options)
    {
        options.Validate();
        _options = options;
    }

    public int InChannels => _options.InChannels;

    public System.Collections.Immutable.ImmutableArray<FeatureInfo> Features =>
        [new("stage1", _options.Width, 2), new("stage2", 2 * _options.Width, 4)];

    public IReadOnlyList<Value> Build(Scope net, Value image)
    {
        Value first = net["stage1"].Conv("0", image, _options.Width, kernel: 3, stride: 2, padding: 1);
        return [first, net["stage2"].Conv("0", first, 2 * _options.Width, kernel: 3, stride: 2, padding: 1)];
    }
}

internal sealed class ToyFamily : ModelFamily<ToyOptions>
{
    protected override IJsonTypeInfoResolver Json => ToyContext.Default;

    public override LayerPlace? LayerOf(ModelOptions options, string parameter) =>
        parameter.Split('.') switch
        {
            ["stage1", ..] => new(1, 0),
            ["stage2", ..] => new(2, 0),
            _ => null,
        };
}

[JsonSourceGenerationOptions(
    GenerationMode = JsonSourceGenerationMode.Metadata,
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower
)]
[JsonSerializable(typeof(ToyOptions))]
internal sealed partial class ToyContext : JsonSerializerContext;
