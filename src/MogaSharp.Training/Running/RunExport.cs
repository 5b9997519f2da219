using System.Globalization;
using MogaSharp.Graph;
using MogaSharp.Weights;

namespace MogaSharp.Training;

/// <summary>Makes a usable model of a run: the best weights it found, with their card, and its curves.</summary>
public static class RunExport
{
    /// <summary>The folder of the model within the run's folder.</summary>
    public const string ModelFolder = "model";

    /// <summary>Writes the model of the best checkpoint, or of the last where nothing was evaluated; the moving average where there is one.</summary>
    /// <param name="folder">The run's checkpoints.</param>
    /// <param name="epochs">The run's epochs.</param>
    /// <param name="type">How floating-point weights are stored.</param>
    /// <param name="warn">Hears of damaged checkpoints.</param>
    /// <returns>The model's folder.</returns>
    /// <exception cref="CheckpointFormatException">No checkpoint can be read.</exception>
    /// <exception cref="IOException">The model cannot be written.</exception>
    public static string SaveModel(CheckpointFolder folder, IReadOnlyList<EpochRecord> epochs, DType type, Action<string> warn)
    {
        using LoadedTrainingCheckpoint loaded = File.Exists(folder.BestPath) ? LoadedTrainingCheckpoint.Open(folder.BestPath) : folder.OpenNewest(warn)!;
        loaded.Verify();
        TrainingCheckpoint run = loaded.Content;
        string prefix = run.Recipe.EmaDecay is null ? TrainingCheckpoint.Model : TrainingCheckpoint.Average;
        EpochRecord? epoch = epochs.FirstOrDefault(epoch => epoch.Update == run.Progress.Update);
        var metrics = new List<KeyValuePair<string, double>>();
        if ((epoch?.EvalEma ?? epoch?.Eval) is { } eval) metrics.AddRange([new("top1", Math.Round(100 * eval.Top1, 4)), new("top5", Math.Round(100 * eval.Top5, 4))]);
        string target = Path.Combine(folder.Folder, ModelFolder);
        ModelExport.Save(
            target,
            run.Card with { Origin = Origin(run) },
            run.Tensors.Where(tensor => tensor.Name.StartsWith(prefix, StringComparison.Ordinal)).Select(tensor => tensor.WithName(tensor.Name[prefix.Length..])),
            type,
            metrics);
        return target;
    }

    private static string Origin(TrainingCheckpoint run) => string.Create(
        CultureInfo.InvariantCulture,
        $"MogaSharp, recipe {run.Recipe.Name}: {run.Progress.Epoch} of {run.Recipe.TotalEpochs()} epochs on {run.Progress.DatasetSize} images, {run.Recipe.Optimizer}, "
        + $"batch {run.Recipe.BatchSize}, learning rate {run.Recipe.ScaledLearningRate():G4}, seed {run.Recipe.Seed}");
}
