using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using MogaSharp.Cli.Commands;
using MogaSharp.Cpu;

namespace MogaSharp.Cli;

/// <summary>The generated code to write what commands print as JSON; each record stands beside the command that fills it.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(AblationsReport))]
[JsonSerializable(typeof(ActivatedImage))]
[JsonSerializable(typeof(CheckpointReport))]
[JsonSerializable(typeof(ClassifiedImage))]
[JsonSerializable(typeof(ClipReport))]
[JsonSerializable(typeof(CheckedSet[]))]
[JsonSerializable(typeof(DataReport))]
[JsonSerializable(typeof(DenseEvalReport))]
[JsonSerializable(typeof(DetectionEvalReport))]
[JsonSerializable(typeof(EvalReport))]
[JsonSerializable(typeof(FoundPerson))]
[JsonSerializable(typeof(FoundThing))]
[JsonSerializable(typeof(IReadOnlyList<BenchmarkResult>))]
[JsonSerializable(typeof(IReadOnlyList<ModelEntry>))]
[JsonSerializable(typeof(IReadOnlyList<StepTiming>))]
[JsonSerializable(typeof(IReadOnlyList<TrainBenchmarkResult>))]
[JsonSerializable(typeof(InteractionReport))]
[JsonSerializable(typeof(ModelReport))]
[JsonSerializable(typeof(OcclusionReport))]
[JsonSerializable(typeof(PredictReport))]
[JsonSerializable(typeof(ReceptiveFieldReport))]
[JsonSerializable(typeof(SegmentedImage))]
internal sealed partial class CliJson : JsonSerializerContext
{
    /// <summary>For people as well as programs: indented, and with the letters of all languages as they are.</summary>
    public static CliJson Printed { get; } =
        new(
            new JsonSerializerOptions
            {
                WriteIndented = true,
                PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
                Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
                DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            }
        );
}

/// <summary>Texts between programs of ours and in files of others, on one line and in ASCII.</summary>
[JsonSerializable(typeof(string[]))]
internal sealed partial class TextsJson : JsonSerializerContext;
