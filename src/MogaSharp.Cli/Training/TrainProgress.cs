using System.Diagnostics;
using System.Globalization;
using MogaSharp.Training;
using Spectre.Console;

namespace MogaSharp.Cli;

/// <summary>Shows a run on stderr: a bar on a terminal, else a line now and then.</summary>
internal sealed class TrainProgress : ITrainingObserver
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private readonly TrainingTask _task;
    private readonly Action<string> _line;
    private readonly ProgressTask? _bar;
    private readonly Stopwatch _since = Stopwatch.StartNew();

    private TrainProgress(TrainingTask task, Action<string> line, ProgressTask? bar) => (_task, _line, _bar) = (task, line, bar);

    /// <summary>Runs a training and shows how far it is.</summary>
    public static Task<TrainingResult> ShowAsync(TrainingTask task, Func<ITrainingObserver, Task<TrainingResult>> run)
    {
        if (Console.IsErrorRedirected) return run(new TrainProgress(task, Console.Error.WriteLine, null));
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        Progress progress = console.Progress().AutoClear(true).Columns(new ProgressBarColumn { Width = 24 }, new TaskDescriptionColumn { Alignment = Justify.Left });
        return progress.StartAsync(context => run(new TrainProgress(task, console.WriteLine, context.AddTask("", maxValue: 1))));
    }

    public void OnProgress(in TrainingStatus status)
    {
        if (_bar is not null)
        {
            _bar.Value = status.Phase == TrainingPhase.Training && status.Updates > 0 ? (double)status.Update / status.Updates : status.Share;
            _bar.Description = Markup.Escape(Describe(status));
        }
        else if (_since.Elapsed >= Interval)
        {
            _since.Restart();
            _line(Describe(status));
        }
    }

    /// <summary>All figures of an evaluation but the loss.</summary>
    public static string Describe(TrainingTask task, IReadOnlyDictionary<string, double> figures) =>
        string.Join("  ", task.Metrics.Where(metric => metric.Name != TrainingTask.LossName).Select(metric => metric.Describe(figures[metric.Name])));

    public void OnEpoch(EpochRecord record)
    {
        string average = record.EvalEma is { } ema ? $"  average {_task.Best.Text(ema[_task.Best.Name])}" : "";
        string eval = record.Eval is { } raw ? string.Create(CultureInfo.InvariantCulture, $"  eval loss {raw[TrainingTask.LossName]:F4}  {Describe(_task, raw)}") : "";
        _line(string.Create(
            CultureInfo.InvariantCulture,
            $"epoch {record.Epoch + 1}  loss {record.TrainLoss:F4}{eval}{average}  lr {record.LearningRate:G3}  {record.ItemsPerSecond:F0} {_task.Items}/s  data wait {100 * record.DataWait:F0}%  {record.Seconds:F0} s"));
        _since.Restart();
    }

    public void OnMessage(string message) => _line(Output.Printable(message));

    private string Describe(in TrainingStatus s)
    {
        string what = s.Phase switch
        {
            TrainingPhase.Evaluating => "evaluating",
            TrainingPhase.EvaluatingAverage => "evaluating the average",
            _ => string.Create(CultureInfo.InvariantCulture, $"loss {s.Loss:F4}  lr {s.LearningRate:G3}  {s.ItemsPerSecond:F0} {_task.Items}/s  data wait {100 * s.DataWait:F0}%"),
        };
        string left = s.Remaining is { } time ? $"  {(int)time.TotalHours}:{time:mm\\:ss} left" : "";
        return string.Create(CultureInfo.InvariantCulture, $"epoch {s.Epoch + 1}/{s.Epochs}  {100 * s.Share:F0}%  {what}{left}");
    }
}
