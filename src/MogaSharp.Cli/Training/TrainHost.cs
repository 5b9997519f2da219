using System.Diagnostics;
using System.Globalization;
using MogaSharp.Training;

namespace MogaSharp.Cli;

/// <summary>Shows a run on stderr: a bar on a terminal, else a line now and then; and its result on stdout.</summary>
internal sealed class TrainHost(TrainingRunOptions options) : ITrainingHost, IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private readonly Stopwatch _since = Stopwatch.StartNew();
    private readonly List<IDisposable> _held = [];
    private TrainingStart? _start;

    private TrainingTask Task => _start!.Task;

    public void Dispose()
    {
        StatusLine.Clear();
        foreach (IDisposable held in _held)
            held.Dispose();
    }

    public void OnStart(TrainingStart start)
    {
        _start = start;
        // From here on a signal means: write a checkpoint, however long that takes.
        _held.Add(Stopping.Hold());
        _held.Add(Paths.RemovedWhenLeaving(Path.Combine(options.Folder, TrainingCurves.File)));
        _held.Add(Paths.RemovedWhenLeaving(Path.Combine(options.Folder, RunExport.ModelFolder)));
        TrainingSet data = start.Data;
        OnMessage(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{start.Model.Name}, {data.Describe}, on {data.TrainCount} {Task.Items} "
                    + $"({Math.Min(data.EvalCount ?? 0, start.Recipe.EvalClips ?? int.MaxValue):#;;'none'} to evaluate on), "
                    + $"{start.Device}{(start.Processes > 1 ? $", {start.Processes} processes" : "")}"
            )
        );
        OnMessage($"{Describe(start.Recipe)}; files in {options.Folder}");
    }

    public void OnNote(string note, params ReadOnlySpan<string> fields)
    {
        string hint = fields.Length switch
        {
            0 => "",
            1 when fields[0] == "batch_size" => " --batch takes another one.",
            1 => $" --set {fields[0]}=N sets another number.",
            _ => $" {string.Join(" and ", fields.ToArray().Select(field => $"--set {field}=N"))} set other numbers.",
        };
        Notices.OfThisRun.Add(note + hint);
    }

    public void OnMessage(string message) => Console.Error.WriteLine(Output.Printable(message));

    /// <summary>Says how the run ended.</summary>
    /// <returns>The exit code.</returns>
    public int Finish(TrainingOutcome outcome, CancellationToken cancellationToken)
    {
        int stopped = cancellationToken.IsCancellationRequested ? ExitCode.Cancelled : ExitCode.Success;
        if (options.Group is { Rank: > 0 })
            return outcome.End == TrainingEnd.Stopped ? stopped : ExitCode.Success;
        StatusLine.Clear();
        if (outcome.ModelFolder is not { } model)
        {
            Console.Error.WriteLine(
                $"Stopped after update {outcome.Progress.Update}; to continue: moga train --resume --output "
                    + $"{Quoted(options.Folder)}{TrainLauncher.Again}"
            );
            return stopped;
        }

        string score = outcome.BestEpoch is { Figures: { } figures } best
            ? string.Create(CultureInfo.InvariantCulture, $"{Describe(outcome.Task, figures)}  epoch {best.Epoch + 1}  ")
            : "";
        Output.Line($"{score}{model}");
        return ExitCode.Success;
    }

    // Epochs, batch and learning rate for people, and how the last comes about.
    private string Describe(TrainingRecipe recipe)
    {
        string epochs = $"{recipe.Epochs} epoch{(recipe.Epochs == 1 ? "" : "s")}";
        if (recipe.Updates is { } updates)
            epochs = updates.ToString("N0", CultureInfo.InvariantCulture) + " updates";
        else if (recipe.TotalEpochs() > recipe.Epochs)
            epochs += $" and {recipe.CooldownEpochs} of cool-down: {recipe.TotalEpochs()} in all";
        string rate = recipe.ScaledLearningRate().ToString("G4", CultureInfo.InvariantCulture),
            hint = "";
        if (recipe.BatchSize != recipe.LearningRateBatch)
        {
            rate = string.Create(
                CultureInfo.InvariantCulture,
                $"{recipe.LearningRate:G4} x {recipe.BatchSize}/{recipe.LearningRateBatch} = {rate}"
            );
            if (options.Changes.Any(change => change.Key == "learning_rate"))
                hint = $" (--set learning_rate_batch={recipe.BatchSize} takes --lr as it is)";
        }

        return $"recipe {recipe.Name}: {epochs}, batch {recipe.BatchSize}, learning rate {rate}{hint}, {recipe.Optimizer}, amp "
            + $"{recipe.Amp}";
    }

    private static string Quoted(string path) =>
        path.All(c => char.IsLetterOrDigit(c) || "/._-".Contains(c, StringComparison.Ordinal))
            ? path
            : $"'{path.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    public void OnProgress(in TrainingStatus status)
    {
        if (StatusLine.IsPossible)
        {
            double share =
                status.Phase == TrainingPhase.Training && status.Updates > 0 ? (double)status.Update / status.Updates : status.Share;
            StatusLine.Show(share, Parts(status));
        }
        else if (_since.Elapsed >= Interval)
        {
            _since.Restart();
            Console.Error.WriteLine(string.Join("  ", Parts(status)));
        }
    }

    /// <summary>All figures of an evaluation but the loss.</summary>
    public static string Describe(TrainingTask task, IReadOnlyDictionary<string, double> figures) =>
        string.Join(
            "  ",
            task.Metrics.Where(metric => metric.Name != TrainingTask.LossName).Select(metric => metric.Describe(figures[metric.Name]))
        );

    private static string Loss(IReadOnlyDictionary<string, double> figures) =>
        figures.TryGetValue(TrainingTask.LossName, out double loss) ? string.Create(CultureInfo.InvariantCulture, $"loss {loss:F4}  ") : "";

    public void OnEpoch(EpochRecord record)
    {
        string average = record.EvalEma is { } ema ? $"  average {Task.Best.Text(ema[Task.Best.Name])}" : "";
        string eval = record.Eval is { } raw ? $"  eval {Loss(raw)}{Describe(Task, raw)}" : "";
        Console.Error.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"epoch {record.Epoch + 1}  loss {record.TrainLoss:F4}{eval}{average}  lr {record.LearningRate:G3}  "
                    + $"{record.ItemsPerSecond:F0} {Task.Items}/s  data wait {100 * record.DataWait:F0}%  {record.Seconds:F0} s"
            )
        );
        _since.Restart();
    }

    // The most important first: a narrow terminal shows only these.
    private string[] Parts(in TrainingStatus s)
    {
        string[] begin = [Text($"epoch {s.Epoch + 1}/{s.Epochs}"), Text($"{100 * s.Share:F0}%")];
        string[] left = s.Remaining is { } time ? [ProgressBar.Left(time)] : [];
        return s.Phase switch
        {
            TrainingPhase.Evaluating => [.. begin, "evaluating", .. left],
            TrainingPhase.EvaluatingAverage => [.. begin, "evaluating the average", .. left],
            _ =>
            [
                .. begin,
                Text($"loss {s.Loss:F4}"),
                .. left,
                Text($"{s.ItemsPerSecond:F0} {Task.Items}/s"),
                Text($"lr {s.LearningRate:G3}"),
                Text($"data wait {100 * s.DataWait:F0}%"),
            ],
        };
    }

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
