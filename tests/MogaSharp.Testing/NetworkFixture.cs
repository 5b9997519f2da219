using System.Text.Json;
using MogaSharp.Graph;
using MogaSharp.Models;

namespace MogaSharp.Testing;

/// <summary>
/// One evaluated case of the official HorNet, ConvNeXt, Swin Transformer or ParC-Net: its options, weights, input, and expected outputs of
/// the network and of modules within.
/// </summary>
public sealed class NetworkFixture
{
    private const string Module = "module/";

    private static readonly string[] Folders = ["hornet", "timm", "parcnet"];

    private NetworkFixture(string name)
    {
        Name = name;
        string folder = Folders.First(folder => File.Exists(Repository.Fixture(folder, name + ".safetensors")));
        Expected = new FixtureFile(Repository.Fixture(folder, name + ".safetensors"));
        Model = Expected.Metadata["model"];
        NamesFile = Repository.Fixture(folder, Model + ".names.json");
        Options = OptionsOf(Model, Expected.Metadata.GetValueOrDefault("options"));
        InputShape = new Shape(JsonSerializer.Deserialize<long[]>(Expected.Metadata["input_shape"])!);
    }

    /// <summary>All cases. The slow reference is capable of the <see cref="Small"/> ones.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. Folders
            .SelectMany(folder => Directory.GetFiles(Repository.Fixture(folder), "*.safetensors"))
            .Select(Path.GetFileNameWithoutExtension)
            .OfType<string>()
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>The cases of small networks.</summary>
    public static IReadOnlyList<string> Small { get; } =
    [.. Names.Where(name => name.StartsWith("custom_", StringComparison.Ordinal) || name == "parcnet_s_96_b2")];

    /// <summary>One case of each network, for what does not depend on the input.</summary>
    public static IReadOnlyList<string> OnePerModel { get; } = [.. Names.GroupBy(name => Load(name).Model).Select(group => group.First())];

    public string Name { get; }

    /// <summary>The network's name in the fixtures, such as <c>hornet_tiny_gf</c> or <c>custom_gf</c>.</summary>
    public string Model { get; }

    /// <summary>The official state dict: names in order, with shapes and first and last values.</summary>
    public string NamesFile { get; }

    public FixtureFile Expected { get; }

    public ClassifierOptions Options { get; }

    public Shape InputShape { get; }

    public Tensor Input => FormulaWeights.Input(InputShape, Expected.Metadata["input_name"]);

    public static NetworkFixture Load(string name) => new(name);

    /// <summary>The network with everything as outputs that the fixture has: <c>logits</c>, <c>stage1</c> and so on,
    /// <c>module/NAME</c>.</summary>
    public ComputationGraph Build()
    {
        ComputationGraph graph = Options.CreateDefinition().Build(InputShape, ModelOutputs.All);
        IEnumerable<string> modules = Expected
            .Names.Where(name => name.StartsWith(Module, StringComparison.Ordinal) && !name.EndsWith(".stats", StringComparison.Ordinal))
            .Select(name => name.EndsWith(".sample", StringComparison.Ordinal) ? name[..^".sample".Length] : name);
        return graph.WithOutputs([
            .. graph.Outputs.Where(output => Expected.Has(output.Name) || Expected.Has(output.Name + ".sample")),
            .. modules.Select(name => new GraphOutput(name, OutputOf(graph, name[Module.Length..]))),
        ]);
    }

    public WeightSet Weights() => FormulaWeights.Create(Build().Parameters, Expected.Metadata["name_prefix"]);

    /// <summary>The largest absolute difference between an output of <see cref="Build"/>'s graph and what the fixture holds of
    /// it.</summary>
    public double Difference(string output, Tensor result) => Expected.Difference(output, AsStated(output, result).Data);

    /// <summary>How far a correct float32 implementation may be off: 20 times the official code's own noise, which for modules is not
    /// stated and taken from the logits.</summary>
    public double Tolerance(string output) => 20 * Expected.Noise(Expected.Metadata.ContainsKey(output + ".f32_noise") ? output : "logits");

    /// <summary>An output in the fixture's layout: Swin's are tokens (N, H W, C).</summary>
    public Tensor AsStated(string output, Tensor result)
    {
        Shape stated = Expected.StatedShape(output);
        if (stated == result.Shape)
            return result;
        if (stated.Rank != 3 || result.Shape != new Shape(stated[0], stated[2], result.Shape[2], stated[1] / result.Shape[2]))
            throw new InvalidOperationException($"{output} has shape {result.Shape}, the fixture has {stated}.");
        var tokens = new Tensor(stated);
        (int count, int channels) = (stated[1], stated[2]);
        for (int i = 0; i < tokens.Data.Length; i++)
        {
            int n = i / (count * channels),
                t = i / channels % count,
                c = i % channels;
            tokens.Data[i] = result.Data[(((n * channels) + c) * count) + t];
        }

        return tokens;
    }

    // What a module gives is the last thing computed in it.
    private static Value OutputOf(ComputationGraph graph, string module) =>
        graph.Values.Last(value => value.Scope == module || value.Scope.StartsWith(module + ".", StringComparison.Ordinal));

    private static ClassifierOptions OptionsOf(string model, string? options) =>
        model switch
        {
            "custom_7x7" or "custom_gf" => ReadHorNet(JsonDocument.Parse(options!).RootElement),
            _ => (ClassifierOptions)ModelCatalogue.Official.Find(model).Options,
        };

    private static HorNetOptions ReadHorNet(JsonElement options) =>
        new()
        {
            Depths = [.. Array(options.GetProperty("depths"))],
            BaseDim = options.GetProperty("base_dim").GetInt32(),
            NumClasses = options.GetProperty("num_classes").GetInt32(),
            Orders = [.. Array(options.GetProperty("orders"))],
            Filters = options.GetProperty("gf_hw") is { ValueKind: JsonValueKind.Array } filters
                ?
                [
                    .. filters
                        .EnumerateArray()
                        .Select(size =>
                            size.ValueKind == JsonValueKind.Null ? null : new GlobalLocalFilter(size[0].GetInt32(), size[1].GetInt32())
                        ),
                ]
                : [],
        };

    private static int[] Array(JsonElement value) => [.. value.EnumerateArray().Select(e => e.GetInt32())];
}
