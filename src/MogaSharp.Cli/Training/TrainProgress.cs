using System.Diagnostics;
using System.Globalization;
using MogaSharp.Training;

namespace MogaSharp.Cli;

/// <summary>Shows a run on stderr: a bar on a terminal, else a line now and then.</summary>
internal sealed class TrainProgress : ITrainingObserver
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private readonly TrainingTask _task;
    private readonly Stopwatch _since = Stopwatch.StartNew();

    private TrainProgress(TrainingTask task) => _task = task;

    /// <summary>Runs a training and shows how far it is.</summary>
    public static async Task<TrainingResult> ShowAsync(TrainingTask task, Func<ITrainingObserver, Task<TrainingResult>> run)
    {
        try
        {
            return await run(new TrainProgress(task)).ConfigureAwait(false);
        }
        finally
        {
            StatusLine.Clear();
        }
    }

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

    public void OnEpoch(EpochRecord record)
    {
        string average = record.EvalEma is { } ema ? $"  average {_task.Best.Text(ema[_task.Best.Name])}" : "";
        string eval = record.Eval is { } raw
            ? string.Create(CultureInfo.InvariantCulture, $"  eval loss {raw[TrainingTask.LossName]:F4}  {Describe(_task, raw)}")
            : "";
        Console.Error.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"epoch {record.Epoch + 1}  loss {record.TrainLoss:F4}{eval}{average}  lr {record.LearningRate:G3}  "
                    + $"{record.ItemsPerSecond:F0} {_task.Items}/s  data wait {100 * record.DataWait:F0}%  {record.Seconds:F0} s"
            )
        );
        _since.Restart();
    }

    public void OnMessage(string message) => Console.Error.WriteLine(Output.Printable(message));

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
                Text($"{s.ItemsPerSecond:F0} {_task.Items}/s"),
                Text($"lr {s.LearningRate:G3}"),
                Text($"data wait {100 * s.DataWait:F0}%"),
            ],
        };
    }

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
