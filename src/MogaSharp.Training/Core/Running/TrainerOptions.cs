using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MogaSharp.Torch;

namespace MogaSharp.Training;

/// <summary>Where and how a run is carried out; nothing here changes what it computes, apart from rounding on another device.</summary>
public sealed record TrainerOptions
{
    /// <summary>The run's folder, which exists: checkpoints, logs, curves and the finished model.</summary>
    public required string Folder { get; init; }

    /// <summary>The data set as the command line named it, for the checkpoint.</summary>
    public string Data { get; init; } = "";

    /// <summary>Where to compute.</summary>
    public TorchDevice Device { get; init; } = TorchDevice.Cpu;

    /// <summary>The processes that train together; null for this one alone. Only rank 0 writes into the folder.</summary>
    public TorchProcessGroup? Group { get; init; }

    /// <summary>Updates between two records of the logs.</summary>
    public int LogEvery { get; init; } = 50;

    /// <summary>Updates between two checkpoints within an epoch; 0 for none but those of <see cref="SaveInterval"/>.</summary>
    public long SaveEvery { get; init; }

    /// <summary>Time between two checkpoints within an epoch.</summary>
    public TimeSpan SaveInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Epochs between two checkpoints that are kept; 0 for none.</summary>
    public int KeepEvery { get; init; }

    /// <summary>Stop with a checkpoint after so many updates in all; null to finish.</summary>
    public long? StopAfter { get; init; }

    /// <summary>Is told of the beginning, epochs, checkpoints and the end; for what a person watches there is
    /// <see cref="ITrainingObserver"/>. Default: none.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;
}
