using System.Collections.Immutable;
using System.CommandLine;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Weights;

namespace MogaSharp.Cli;

/// <summary>What commands for all tasks ask of one task. Each has a folder here, and an entry in <see cref="TaskModules"/>.</summary>
internal abstract class TaskModule
{
    /// <summary>The task.</summary>
    public abstract ModelTask Task { get; }

    /// <summary>What to write for <c>--data</c> to train.</summary>
    public abstract string TrainingData { get; }

    /// <summary>The model that is taken where nobody names one.</summary>
    public abstract string DefaultModel { get; }

    /// <summary>What that one, a demonstration, knows and how to get another.</summary>
    public abstract string AboutDefaultModel { get; }

    /// <summary>Items of a run of <c>moga eval</c> where nobody says.</summary>
    public abstract int EvalBatch { get; }

    /// <summary>Whether <c>moga eval</c> takes the options of <see cref="DetectionEvalOptions"/>.</summary>
    public virtual bool HasDetectionOptions => false;

    /// <summary>Whether <c>--data</c> names data of the task.</summary>
    public abstract bool IsData(string text);

    /// <summary>How <c>moga data check</c> opens data of the task.</summary>
    /// <param name="text">The data, as <c>--data</c> names it.</param>
    /// <exception cref="DatasetSpecException">It does not name a data set.</exception>
    /// <exception cref="UsageException">Data of the task cannot be checked.</exception>
    public virtual CheckedData ToCheck(string text) => throw new UsageException($"'{text}' is data for {Task}, which cannot be checked.");

    /// <summary>What to do about data of another task, as a clause.</summary>
    public abstract string AdviceFor(TaskModule other);

    /// <summary>The published figure that <c>moga models</c> prints; null for none.</summary>
    public abstract string? Score(ModelCard card);

    /// <summary>Which outputs <c>moga forward --features</c> writes.</summary>
    public virtual ModelOutputs Features => ModelOutputs.All;

    /// <summary>What <c>moga forward --features</c> writes beside the network's outputs.</summary>
    /// <exception cref="UsageException">Tensors of the input's file do not fit.</exception>
    public virtual IEnumerable<TensorEntry> Derive(ForwardRun run, CancellationToken cancellationToken) => [];

    /// <summary>The network of the official code that a card describes, for benchmarks.</summary>
    /// <param name="card">A card of the task.</param>
    /// <param name="official">The file or folder of the official code.</param>
    /// <exception cref="UsageException">The official code has no such network, or not where it was said to be.</exception>
    public abstract OfficialNetwork OfficialOf(ModelCard card, string official);

    /// <summary>Binds a model to an engine, for images one by one.</summary>
    /// <exception cref="UsageException">The task is not about single images.</exception>
    public virtual AnyPredictor OpenPredictor(LoadedModel model, IInferenceEngine engine) =>
        throw new UsageException($"--image is for tasks of single images, and {model.Card.Name} is a model for {Task}.");

    /// <summary>Opens what does the same as a predictor with another library.</summary>
    /// <param name="model">The model.</param>
    /// <param name="file">An image file's bytes.</param>
    /// <param name="threads">Threads.</param>
    /// <exception cref="UsageException">There is nothing to compare with.</exception>
    public virtual IImagePeer StartImagePeer(LoadedModel model, byte[] file, int threads) =>
        throw new UsageException($"--image is compared with ONNX Runtime for {ModelTask.Detection} alone.");

    /// <summary>Does what <c>moga explain cam</c> is asked for.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="card">The model.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="arguments">Its images, and the engine.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="UsageException">There are no maps of the task's models.</exception>
    public virtual Task<int> ExplainAsync(
        CamRequest request,
        ModelCard card,
        ParseResult parsed,
        ImageArguments arguments,
        CancellationToken cancellationToken
    ) =>
        throw new UsageException(
            $"{card.Name} is a model for {Task}; activation maps are made of classifiers, segmentation models and detectors."
        );

    /// <summary>Does what <c>moga eval</c> is asked for.</summary>
    public abstract Task<int> EvaluateAsync(EvalRequest request, CancellationToken cancellationToken);

    /// <summary>Scores predictions of any program.</summary>
    /// <param name="request">What is asked for; of the model only the classes count.</param>
    /// <param name="predictions">The file or folder.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="UsageException">The task has no form for them.</exception>
    public virtual Task<int> ScoreAsync(EvalRequest request, string predictions, CancellationToken cancellationToken) =>
        throw new UsageException($"--predictions is not for {Task}.");
}

/// <summary>The tasks that the command knows.</summary>
internal static class TaskModules
{
    /// <summary>All, in the order of the tasks. One takes whatever data no other does.</summary>
    public static ImmutableArray<TaskModule> All { get; } =
    [new ClassificationModule(), new VideoModule(), new SegmentationModule(), new PoseModule(), new DetectionModule()];

    /// <summary>The names for help: <c>classification or video</c>.</summary>
    public static string Names => string.Join(" or ", All.Select(module => module.Task));

    /// <summary>The module of a task.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public static TaskModule Of(ModelTask task) =>
        All.FirstOrDefault(module => module.Task == task) ?? throw new UsageException($"This command knows nothing of {task}.");

    /// <summary>The module of a model.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public static TaskModule Of(ModelCard card) => Of(card.Options.Task);

    /// <summary>The modules whose data a text names; at least one. Some data is for several tasks.</summary>
    public static ImmutableArray<TaskModule> OfData(string text) => [.. All.Where(module => module.IsData(text))];

    /// <summary>The option <c>--task</c>.</summary>
    public static Option<string?> Option(string whatElse)
    {
        var task = new Option<string?>("--task") { Description = $"{Names}; default: {whatElse}", HelpName = "task" };
        task.AcceptOnlyFromAmong([.. All.Select(module => module.Task.Name)]);
        return task;
    }
}

/// <summary>A data set whose parts are to be checked.</summary>
/// <param name="HasSeparateSplits">Whether there is a part of its own to evaluate on.</param>
/// <param name="Open">Opens a part, by the classes of the part to train on where that was opened before, and tells of faults.</param>
internal sealed record CheckedData(
    Func<bool> HasSeparateSplits,
    Func<DatasetSplit, IImageDataset?, Action<DatasetFault>, IImageDataset> Open
);

/// <summary>What <c>moga eval</c> is asked for.</summary>
internal sealed record EvalRequest
{
    /// <summary>The data, as <c>--data</c> names it.</summary>
    public required string Data { get; init; }

    /// <summary>What the data is for.</summary>
    public required ModelTask Task { get; init; }

    /// <summary>The model.</summary>
    public required ModelCard Card { get; init; }

    /// <summary>A weight file in place of the card's.</summary>
    public string? Weights { get; init; }

    /// <summary>Whether to take the moving average.</summary>
    public bool Ema { get; init; }

    /// <summary>A file with class names in place of the model's.</summary>
    public string? Labels { get; init; }

    /// <summary>The part of the set.</summary>
    public DatasetSplit Split { get; init; }

    /// <summary>Items of a run.</summary>
    public required int Batch { get; init; }

    /// <summary>Makes the engine, once the data is known to be good.</summary>
    public required Func<IInferenceEngine> CreateEngine { get; init; }

    /// <summary>Video: also print what the official code calls PSNR.</summary>
    public bool OfficialPsnr { get; init; }

    /// <summary>Detection: what to tell beside the figures.</summary>
    public required DetectionEvalSettings Detection { get; init; }

    /// <summary>Whether to print JSON.</summary>
    public bool Json { get; init; }
}
