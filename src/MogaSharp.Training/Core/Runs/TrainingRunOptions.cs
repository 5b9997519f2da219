using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Torch;

namespace MogaSharp.Training;

/// <summary>What a <see cref="TrainingRun"/> is asked for.</summary>
public sealed record TrainingRunOptions
{
    /// <summary>The run's folder: checkpoints, logs, curves and the finished model. It is made where it is not there.</summary>
    public required string Folder { get; init; }

    /// <summary>The model; null to go on with that of the run that is resumed.</summary>
    public ModelCard? Model { get; init; }

    /// <summary>The task that the model has to be for; null for any.</summary>
    public ModelTask? Task { get; init; }

    /// <summary>The data, as the task names it, such as <c>folder:PATH</c>; null to go on with that of the run that is resumed.</summary>
    public string? Data { get; init; }

    /// <summary>Continues the run in the folder; begins one where there is none.</summary>
    public bool Resume { get; init; }

    /// <summary>The recipe; null for that of the model, or of the run that is resumed.</summary>
    public TrainingRecipe? Recipe { get; init; }

    /// <summary>Fields of the recipe to change, by their names in snake case, and their values.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Changes { get; init; } = [];

    /// <summary>
    /// Whether warm-up, cool-down and batch shrink where other epochs were asked for or the data does not fill a batch; each change is a
    /// note. What <see cref="Changes"/> names is left alone. Default: true.
    /// </summary>
    public bool FitRecipe { get; init; } = true;

    /// <summary>A weight file to begin with: safetensors or PyTorch; null for none. A head of other classes is replaced.</summary>
    public string? InitialWeights { get; init; }

    /// <summary>Begins with the weights that the model's card names, which this loads; null for fresh ones.</summary>
    public Func<ModelCard, CancellationToken, Task<LoadedModel>>? LoadPretrained { get; init; }

    /// <summary>Whether to take the moving average of a weight file that holds both.</summary>
    public bool Ema { get; init; }

    /// <summary>Where the weights lie in the file; null to find the place.</summary>
    public string? WeightsKey { get; init; }

    /// <summary>Where to compute; null for the first CUDA device, or the CPU where there is none.</summary>
    public TorchDevice? Device { get; init; }

    /// <summary>The processes that train together, of which this is one; null for this one alone.</summary>
    public TorchProcessGroup? Group { get; init; }

    /// <summary>Processes of the group that share this machine's processors.</summary>
    public int ProcessesHere { get; init; } = 1;

    /// <summary>Threads that read and augment; 0 for all processors with CUDA, and a quarter of them without.</summary>
    public int Workers { get; init; }

    /// <summary>Threads that compute on the CPU; 0 for one per processor.</summary>
    public int Threads { get; init; }

    /// <summary>Updates between two records of the logs.</summary>
    public int LogEvery { get; init; } = 50;

    /// <summary>Updates between two checkpoints within an epoch; 0 for one every ten minutes alone.</summary>
    public int SaveEvery { get; init; }

    /// <summary>Epochs between two checkpoints that are kept; 0 for none.</summary>
    public int KeepEvery { get; init; }

    /// <summary>Stop with a checkpoint after this many updates in all; null to finish.</summary>
    public long? StopAfter { get; init; }

    /// <summary>How the finished model's weights are stored: float32 or float16.</summary>
    public DType StoredAs { get; init; } = DType.Float32;

    /// <summary>Receives what happens in the background. Default: none.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    internal bool Sets(string field) => Changes.Any(change => change.Key.Trim().Replace('-', '_') == field);
}

/// <summary>Follows a run. Called on the thread that trains, so it should be quick.</summary>
public interface ITrainingHost : ITrainingObserver
{
    /// <summary>Everything is checked and loaded: from here on, being asked to stop means to write a checkpoint.</summary>
    void OnStart(TrainingStart start);

    /// <summary>Something was left out, guessed or replaced.</summary>
    /// <param name="note">A sentence. Notes of data and weights are clauses without a full stop.</param>
    /// <param name="fields">The fields of the recipe that decide about it; none where it is not the recipe.</param>
    void OnNote(string note, params ReadOnlySpan<string> fields);
}

/// <summary>A run that is about to begin or go on.</summary>
/// <param name="Task">What it is trained for.</param>
/// <param name="Model">The model as it fits the data.</param>
/// <param name="Recipe">The recipe as it fits device and data.</param>
/// <param name="Data">The data.</param>
/// <param name="Device">Where it computes.</param>
/// <param name="Processes">Processes that train together.</param>
public sealed record TrainingStart(
    TrainingTask Task,
    ModelCard Model,
    TrainingRecipe Recipe,
    TrainingSet Data,
    TorchDevice Device,
    int Processes
);

/// <summary>What a run brought.</summary>
/// <param name="Task">What it was trained for.</param>
/// <param name="End">How it ended.</param>
/// <param name="Progress">Where it stands.</param>
/// <param name="Epochs">All epochs, those before a resume too; none on ranks other than 0.</param>
public sealed record TrainingOutcome(TrainingTask Task, TrainingEnd End, TrainingProgress Progress, IReadOnlyList<EpochRecord> Epochs)
{
    /// <summary>The folder of the finished model; null when the run was stopped, and on ranks other than 0.</summary>
    public string? ModelFolder { get; init; }

    /// <summary>The epoch whose weights the model has; null where nothing was evaluated.</summary>
    public EpochRecord? BestEpoch => Epochs.FirstOrDefault(epoch => epoch.Epoch == Progress.BestEpoch);
}

/// <summary>Parts of a run that do not fit together.</summary>
/// <param name="message">What does not fit, and what would.</param>
public sealed class TrainingSetupException(string message) : MogaException(message)
{
    /// <inheritdoc/>
    public override ErrorKind Kind => ErrorKind.InvalidRequest;
}
