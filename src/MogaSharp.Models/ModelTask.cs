using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MogaSharp.Models;

/// <summary>
/// What a model is for. Each layer above has an entry for every task: Training its losses and figures, the command its data and verbs.
/// <see cref="Register"/> takes tasks from elsewhere.
/// </summary>
[JsonConverter(typeof(ModelTaskConverter))]
public sealed class ModelTask
{
    private static readonly Lock Gate = new();

    private static ImmutableArray<ModelTask> _all;

    /// <summary>Images to classes.</summary>
    public static ModelTask Classification { get; } = new("classification", "images") { Check = CardRules.CheckClassifier };

    /// <summary>Frames to the frames that follow.</summary>
    public static ModelTask Video { get; } = new("video", "clips") { Check = CardRules.CheckVideo };

    /// <summary>Images to the class of each pixel.</summary>
    public static ModelTask Segmentation { get; } = new("segmentation", "images") { Check = CardRules.CheckSegmentation };

    /// <summary>Images to the joints of people.</summary>
    public static ModelTask Pose { get; } = new("pose", "people") { Check = CardRules.CheckPose };

    /// <summary>Images to the boxes, and the masks, of things.</summary>
    public static ModelTask Detection { get; } = new("detection", "images") { Check = CardRules.CheckDetection };

    static ModelTask() => _all = [Classification, Video, Segmentation, Pose, Detection];

    /// <summary>Makes a task.</summary>
    /// <param name="name">The name in recipes and on command lines, in lower case.</param>
    /// <param name="items">What the items of its data are called, in the plural.</param>
    public ModelTask(string name, string items) => (Name, Items) = (name, items);

    /// <summary>All tasks, in the order of listing.</summary>
    public static ImmutableArray<ModelTask> All => _all;

    /// <summary>The name in recipes and on command lines: <c>classification</c>.</summary>
    public string Name { get; }

    /// <summary>What the items of its data are called, in the plural: <c>images</c>.</summary>
    public string Items { get; }

    /// <summary>States what a card of this task must fulfil beyond what all cards must: takes the card, and what takes a condition and, as
    /// a clause, the problem.</summary>
    public Action<ModelCard, Action<bool, string>>? Check { get; init; }

    /// <summary>A task by name, in any case; null when there is none.</summary>
    /// <param name="name">The name.</param>
    public static ModelTask? Find(string name) => All.FirstOrDefault(task => task.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>Adds a task, whose models and recipes can be read from then on.</summary>
    /// <param name="task">The task.</param>
    /// <exception cref="ArgumentException">There is one of this name.</exception>
    public static void Register(ModelTask task)
    {
        lock (Gate)
        {
            if (Find(task.Name) is not null)
                throw new ArgumentException($"There is a task '{task.Name}' already.", nameof(task));
            _all = _all.Add(task);
        }
    }

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}

/// <summary>Reads and writes tasks by their names; public, so that generated code for options of somebody's own finds it.</summary>
public sealed class ModelTaskConverter : JsonConverter<ModelTask>
{
    /// <inheritdoc/>
    public override ModelTask Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        (reader.TokenType == JsonTokenType.String ? ModelTask.Find(reader.GetString()!) : null)
        ?? throw new JsonException($"The task is one of {string.Join(", ", ModelTask.All)}.");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, ModelTask value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.Name);
}
