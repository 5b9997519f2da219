using System.Text.Json;
using MogaSharp.Graph;
using MogaSharp.Models;

namespace MogaSharp.Testing;

/// <summary>One evaluated case of the official MogaNet: its options, weights, input and expected outputs.</summary>
public sealed class MogaNetFixture
{
    private MogaNetFixture(string name)
    {
        Name = name;
        Expected = new FixtureFile(Repository.Fixture("moganet", name + ".safetensors"));
        Options = ReadOptions(Expected.Metadata);
        InputShape = new Shape(JsonSerializer.Deserialize<long[]>(Expected.Metadata["input_shape"])!);
    }

    /// <summary>The names of the cases in eval mode; sizes of which the slow reference is capable come first.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All().Where(name => !name.StartsWith("train_", StringComparison.Ordinal))];

    /// <summary>The names of the cases in train mode.</summary>
    public static IReadOnlyList<string> TrainingNames { get; } =
    [.. All().Where(name => name.StartsWith("train_", StringComparison.Ordinal))];

    public string Name { get; }

    public FixtureFile Expected { get; }

    public MogaNetOptions Options { get; }

    public Shape InputShape { get; }

    public Tensor Input => FormulaWeights.Input(InputShape, Expected.Metadata["input_name"]);

    public static MogaNetFixture Load(string name) => new(name);

    public ComputationGraph Build() => Options.CreateDefinition().Build(InputShape, ModelOutputs.All);

    public WeightSet Weights() => FormulaWeights.Create(Build().Parameters, Expected.Metadata["name_prefix"]);

    private static IEnumerable<string> All() =>
        Directory
            .GetFiles(Repository.Fixture("moganet"), "*.safetensors")
            .Select(Path.GetFileNameWithoutExtension)
            .OfType<string>()
            .Order(StringComparer.Ordinal);

    private static MogaNetOptions ReadOptions(IReadOnlyDictionary<string, string> metadata)
    {
        MogaNetArch arch = MogaNetArch.Names.Contains(metadata["arch"])
            ? MogaNetArch.Parse(metadata["arch"])
            : ReadArch(JsonDocument.Parse(metadata["arch"]).RootElement);
        MogaNetOptions options = new() { Arch = arch, NumClasses = int.Parse(metadata["num_classes"]) };
        if (!metadata.TryGetValue("options", out string? text))
            return options;
        foreach (JsonProperty option in JsonDocument.Parse(text).RootElement.EnumerateObject())
            options = Apply(options, option.Name, option.Value);
        return options;
    }

    private static MogaNetArch ReadArch(JsonElement arch) =>
        new(
            [.. Array(arch.GetProperty("embed_dims"))],
            [.. Array(arch.GetProperty("depths"))],
            [.. Array(arch.GetProperty("ffn_ratios")).Select(ratio => (double)ratio)]
        );

    private static MogaNetOptions Apply(MogaNetOptions options, string name, JsonElement value) =>
        name switch
        {
            "in_channels" => options with { InChannels = value.GetInt32() },
            "stem_norm_type" => options with { StemNorm = Norm(value) },
            "conv_norm_type" => options with { ConvNorm = Norm(value) },
            "attn_dw_dilation" => options with { AttnDwDilation = [.. Array(value)] },
            "attn_channel_split" => options with { AttnChannelSplit = [.. Array(value)] },
            "attn_act_type" => options with { AttnActivation = Enum.Parse<ActivationKind>(value.GetString()!, ignoreCase: true) },
            "attn_final_dilation" => options with { AttnFinalDilation = value.GetBoolean() },
            "attn_force_fp32" => options with { Gate = value.GetBoolean() ? GateMode.Twice : GateMode.Once },
            _ => throw new InvalidOperationException($"The fixture has an option '{name}' that the tests do not know."),
        };

    private static NormKind Norm(JsonElement value) =>
        value.GetString() switch
        {
            "GN" => NormKind.GroupNorm,
            "BN" => NormKind.BatchNorm,
            string other => throw new InvalidOperationException($"Unknown norm {other}."),
            null => throw new InvalidOperationException("A norm without a name."),
        };

    private static int[] Array(JsonElement value) => [.. value.EnumerateArray().Select(e => e.GetInt32())];
}
