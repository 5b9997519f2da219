using System.Diagnostics;
using System.Globalization;
using MogaSharp.Training;
using Spectre.Console;

namespace MogaSharp.Cli;

/// <summary>Shows a run on stderr: a bar on a terminal, else a line now and then.</summary>
internal sealed class TrainProgress : ITrainingObserver
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private readonly Action<string> _line;
    private readonly ProgressTask? _bar;
    private readonly Stopwatch _since = Stopwatch.StartNew();

    private TrainProgress(Action<string> line, ProgressTask? bar) => (_line, _bar) = (line, bar);

    /// <summary>Runs a training and shows how far it is.</summary>
    public static Task<TrainingResult> ShowAsync(Func<ITrainingObserver, Task<TrainingResult>> run)
    {
        if (Console.IsErrorRedirected) return run(new TrainProgress(Console.Error.WriteLine, null));
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        Progress progress = console.Progress().AutoClear(true).Columns(new ProgressBarColumn { Width = 24 }, new TaskDescriptionColumn { Alignment = Justify.Left });
        return progress.StartAsync(context => run(new TrainProgress(console.WriteLine, context.AddTask("", maxValue: 1))));
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

    public void OnEpoch(EpochRecord record)
    {
        string average = record.EvalEma is { } ema ? string.Create(CultureInfo.InvariantCulture, $"  average {100 * ema.Top1:F2}%") : "";
        string eval = record.Eval is { } raw ? string.Create(CultureInfo.InvariantCulture, $"  eval loss {raw.Loss:F4}  top-1 {100 * raw.Top1:F2}%  top-5 {100 * raw.Top5:F2}%") : "";
        _line(string.Create(
            CultureInfo.InvariantCulture,
            $"epoch {record.Epoch + 1}  loss {record.TrainLoss:F4}{eval}{average}  lr {record.LearningRate:G3}  {record.ImagesPerSecond:F0} images/s  data wait {100 * record.DataWait:F0}%  {record.Seconds:F0} s"));
        _since.Restart();
    }

    public void OnMessage(string message) => _line(Output.Printable(message));

    private static string Describe(in TrainingStatus s)
    {
        string what = s.Phase switch
        {
            TrainingPhase.Evaluating => "evaluating",
            TrainingPhase.EvaluatingAverage => "evaluating the average",
            _ => string.Create(CultureInfo.InvariantCulture, $"loss {s.Loss:F4}  lr {s.LearningRate:G3}  {s.ImagesPerSecond:F0} images/s  data wait {100 * s.DataWait:F0}%"),
        };
        string left = s.Remaining is { } time ? $"  {(int)time.TotalHours}:{time:mm\\:ss} left" : "";
        return string.Create(CultureInfo.InvariantCulture, $"epoch {s.Epoch + 1}/{s.Epochs}  {100 * s.Share:F0}%  {what}{left}");
    }
}
