using System.Globalization;
using MogaSharp.Graph;
using MogaSharp.Weights;

namespace MogaSharp.Training;

/// <summary>Makes a usable model of a run: the best weights it found, with their card, and its curves.</summary>
public static class RunExport
{
    /// <summary>The folder of the model within the run's folder.</summary>
    public const string ModelFolder = "model";

    /// <summary>Writes the model of the best checkpoint, or of the last where nothing was evaluated; the moving average where there is
    /// one.</summary>
    /// <param name="folder">The run's checkpoints.</param>
    /// <param name="epochs">The run's epochs.</param>
    /// <param name="type">How floating-point weights are stored.</param>
    /// <param name="warn">Receives damaged checkpoints, and of what storing the weights lost or changed.</param>
    /// <returns>The model's folder.</returns>
    /// <exception cref="CheckpointFormatException">No checkpoint can be read.</exception>
    /// <exception cref="IOException">The model cannot be written.</exception>
    public static string SaveModel(CheckpointFolder folder, IReadOnlyList<EpochRecord> epochs, DType type, Action<string> warn)
    {
        using LoadedTrainingCheckpoint loaded = File.Exists(folder.BestPath)
            ? LoadedTrainingCheckpoint.Open(folder.BestPath)
            : folder.OpenNewest(warn)!;
        loaded.Verify();
        TrainingCheckpoint run = loaded.Content;
        string prefix = run.Recipe.EmaDecay is null ? TrainingCheckpoint.Model : TrainingCheckpoint.Average;
        EpochRecord? epoch = epochs.FirstOrDefault(epoch => epoch.Update == run.Progress.Update);
        var task = TrainingTask.Create(run.Recipe, run.Card.Options);
        IEnumerable<KeyValuePair<string, double>> metrics = epoch?.Figures is not { } figures
            ? []
            : task
                .Metrics.Where(metric => metric.Name != TrainingTask.LossName)
                .Select(metric => KeyValuePair.Create(metric.Name, Math.Round(metric.Scale * figures[metric.Name], 4)));
        string target = Path.Combine(folder.Folder, ModelFolder);
        IReadOnlyList<string> notes = ModelExport.Save(
            target,
            run.Card with
            {
                Origin = Origin(run, task),
            },
            run.Tensors.Where(tensor => tensor.Name.StartsWith(prefix, StringComparison.Ordinal))
                .Select(tensor => tensor.WithName(tensor.Name[prefix.Length..])),
            type,
            metrics
        );
        foreach (string note in notes)
            warn(note);
        return target;
    }

    private static string Origin(TrainingCheckpoint run, TrainingTask task)
    {
        string done = run.Recipe.Updates is { } updates
            ? $"{run.Progress.Update} of {updates} updates"
            : $"{run.Progress.Epoch} of {run.Recipe.TotalEpochs()} epochs";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"MogaSharp, recipe {run.Recipe.Name}: {done} on {run.Progress.DatasetSize} {task.Items}, {run.Recipe.Optimizer}, "
                + $"batch {run.Recipe.BatchSize}, learning rate {run.Recipe.ScaledLearningRate():G4}, seed {run.Recipe.Seed}"
        );
    }
}
