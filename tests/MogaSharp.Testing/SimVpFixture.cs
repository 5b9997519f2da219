using System.Text.Json;
using MogaSharp.Graph;
using MogaSharp.Models;

namespace MogaSharp.Testing;

/// <summary>
/// One case of the official SimVP: its options, weights, input and expected outputs. Small cases are full tensors and have gradients of
/// training mode (<c>train/loss</c>, <c>train/grad_l2</c>, <c>train/grad_sum</c>); those of Moving MNIST are samples.
/// </summary>
public sealed class SimVpFixture
{
    private const string ModulePrefix = "module/";

    private SimVpFixture(string name)
    {
        Name = name;
        Expected = new FixtureFile(Repository.Fixture("simvp", name + ".safetensors"));
        JsonElement config = JsonDocument.Parse(Expected.Metadata["config"]).RootElement;
        Options = new SimVpOptions
        {
            ModelType = Translator(Expected.Metadata["model_type"]),
            InShape = [.. config.GetProperty("in_shape").EnumerateArray().Select(extent => extent.GetInt32())],
            HidS = config.GetProperty("hid_S").GetInt32(),
            HidT = config.GetProperty("hid_T").GetInt32(),
            NS = config.GetProperty("N_S").GetInt32(),
            NT = config.GetProperty("N_T").GetInt32(),
            SpatioKernelEnc = config.GetProperty("spatio_kernel_enc").GetInt32(),
            SpatioKernelDec = config.GetProperty("spatio_kernel_dec").GetInt32(),
            DropPathRate = config.GetProperty("drop_path").GetDouble(),
        };
        InputShape = new Shape(JsonSerializer.Deserialize<long[]>(Expected.Metadata["input_shape"])!);
    }

    /// <summary>The small cases, <c>small_gsta_b2</c> and so on: two clips of 4 frames of 2 x 32 x 32.</summary>
    public static IReadOnlyList<string> SmallNames { get; } = [.. All("small_")];

    /// <summary>The Moving MNIST configurations, <c>mmnist_gsta_b1</c> and so on: a clip of 10 frames of 64 x 64; 5 to 19 billion
    /// multiply-adds.</summary>
    public static IReadOnlyList<string> MovingMnistNames { get; } = [.. All("mmnist_")];

    public string Name { get; }

    public FixtureFile Expected { get; }

    public SimVpOptions Options { get; }

    public Shape InputShape { get; }

    public Tensor Input => FormulaWeights.Input(InputShape, Expected.Metadata["input_name"]);

    /// <summary>What the training-mode loss compares the output with.</summary>
    public Tensor Target => FormulaWeights.Input(InputShape, "target");

    /// <summary>The parameters in the order of <c>train/grad_l2</c> and <c>train/grad_sum</c>.</summary>
    public IReadOnlyList<string> GradientNames => JsonSerializer.Deserialize<string[]>(Expected.Metadata["grad_names"])!;

    /// <summary>The outputs of the graph (<see cref="ModelOutputs.All"/>) that the case has, each with its name in the fixture.</summary>
    public IReadOnlyDictionary<string, string> Outputs =>
        Build()
            .Outputs.Select(output => output.Name)
            .Select(output => KeyValuePair.Create(output, output == "output" ? output : ModulePrefix + output))
            .Where(pair => Expected.Has(pair.Value) || Expected.Has(pair.Value + ".sample"))
            .ToDictionary(pair => pair.Key, pair => pair.Value);

    /// <summary>The largest difference to accept of a float32 result: 20 times the float32 noise of the official run, as its README
    /// says.</summary>
    /// <param name="fixture">One of <see cref="Outputs"/>' values.</param>
    public double ToleranceOf(string fixture) => 20 * NoiseOf(fixture);

    /// <summary>
    /// The float32 noise of a tensor. The case states it for the output; that of the modules is as much larger as their values are, up to
    /// fifty times with UniFormer.
    /// </summary>
    /// <param name="fixture">One of <see cref="Outputs"/>' values.</param>
    public double NoiseOf(string fixture) => Expected.Noise("output") * Math.Max(1, Largest(fixture) / Largest("output"));

    public static SimVpFixture Load(string name) => new(name);

    /// <summary>The graph. Its stochastic depth is on for the first blocks, as in the official code; the training cases had it
    /// off.</summary>
    public ComputationGraph Build(ModelOutputs outputs = ModelOutputs.All) => new SimVp(Options).Build(InputShape, outputs);

    /// <summary>The graph as the training cases had it: the first blocks have stochastic depth whatever the configuration says, which was
    /// off there.</summary>
    public ComputationGraph BuildWithoutDropPath()
    {
        ComputationGraph graph = Build(ModelOutputs.Head);
        var builder = new GraphBuilder();
        foreach (ParameterSpec spec in graph.Parameters)
            builder.Declare(spec);
        var copies = new Dictionary<Value, Value>();
        foreach (Value value in graph.Values)
            copies.Add(
                value,
                value.Op is DropPath
                    ? copies[value.Inputs[0]]
                    : builder.Add(value.Scope, value.Op, [.. value.Inputs.Select(input => copies[input])])
            );
        return builder.Build([.. graph.Outputs.Select(output => new GraphOutput(output.Name, copies[output.Value]))]);
    }

    public WeightSet Weights() => FormulaWeights.Create(Build(ModelOutputs.Head).Parameters, Expected.Metadata["name_prefix"]);

    /// <summary>The official list of names, in order, each with shape, kind, and first and last value.</summary>
    public IReadOnlyList<KeyValuePair<string, JsonElement>> Names()
    {
        string file = Repository.Fixture("simvp", Name[..Name.LastIndexOf('_')] + ".names.json");
        return
        [
            .. JsonDocument
                .Parse(File.ReadAllText(file))
                .RootElement.EnumerateObject()
                .Select(entry => KeyValuePair.Create(entry.Name, entry.Value)),
        ];
    }

    // The statistics of a sampled tensor end with its least and its largest value.
    private double Largest(string fixture) =>
        Expected.Has(fixture)
            ? Expected.Floats(fixture).Max(x => (double)Math.Abs(x))
            : Expected.Doubles(fixture + ".stats")[3..].Max(Math.Abs);

    private static TranslatorKind Translator(string modelType) => Enum.Parse<TranslatorKind>(modelType, ignoreCase: true);

    private static IEnumerable<string> All(string prefix) =>
        Directory
            .GetFiles(Repository.Fixture("simvp"), prefix + "*.safetensors")
            .Select(Path.GetFileNameWithoutExtension)
            .OfType<string>()
            .Order(StringComparer.Ordinal);
}
