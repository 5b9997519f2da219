using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace MogaSharp.Training;

/// <summary>
/// The logs of a run's folder: <c>epochs.csv</c> (a line per epoch), <c>log.jsonl</c> (steps and epochs) and TensorBoard event files. A
/// log that cannot be written, as on a full disk, is given up with a warning; the training goes on.
/// </summary>
public sealed class RunLog : IDisposable
{
    /// <summary>The name of the table of epochs.</summary>
    public const string EpochsFile = "epochs.csv";

    /// <summary>The name of the file of JSON lines.</summary>
    public const string LinesFile = "log.jsonl";

    private const string ThroughputMeter = "items_per_second",
        Skipped = "skipped_items";

    private readonly TrainingTask _task;
    private readonly string _pace;
    private readonly string _skipped;
    private readonly Action<string> _warn;
    private readonly List<EpochRecord> _epochs = [];
    private StreamWriter? _csv;
    private StreamWriter? _lines;
    private TensorBoardWriter? _board;

    /// <summary>Opens the logs of a folder to continue a run; what they hold of later updates and unfinished epochs is dropped.</summary>
    /// <param name="folder">The run's folder, which exists.</param>
    /// <param name="task">What is trained for: it names the columns.</param>
    /// <param name="progress">Where the run stands.</param>
    /// <param name="warn">Receives logs that cannot be written.</param>
    public RunLog(string folder, TrainingTask task, TrainingProgress progress, Action<string> warn)
    {
        (_task, _pace, _skipped, _warn) = (task, $"{task.Items}_per_second", $"skipped_{task.Items}", warn);
        string linesPath = Path.Combine(folder, LinesFile),
            csvPath = Path.Combine(folder, EpochsFile);
        Guarded(
            ref _lines,
            () =>
            {
                List<string> kept = Kept(linesPath, progress);
                return Open(linesPath, kept);
            }
        );
        Guarded(ref _csv, () => Open(csvPath, [Heading(), .. _epochs.Select(Row)]));
        Guarded(ref _board, () => new TensorBoardWriter(folder, progress.Update + 1));
    }

    /// <summary>All epochs, those before a resume too.</summary>
    public IReadOnlyList<EpochRecord> Epochs => _epochs;

    /// <summary>Writes a record of some updates.</summary>
    public void Add(StepRecord record)
    {
        Guarded(ref _lines, () => _lines!.WriteLine(Line("step", record, LogContext.Default.StepRecord)));
        List<KeyValuePair<string, double>> scalars =
        [
            new("train/loss", record.Loss),
            new("train/learning_rate", record.LearningRate),
            new($"train/{_pace}", record.ItemsPerSecond),
            new("train/data_wait", record.DataWait),
        ];
        if (record.GradientNorm is { } norm)
            scalars.Add(new("train/gradient_norm", norm));
        Guarded(ref _board, () => _board!.Write(record.Update, scalars));
    }

    /// <summary>Writes the record of an epoch.</summary>
    public void Add(EpochRecord record)
    {
        _epochs.Add(record);
        Guarded(ref _lines, () => _lines!.WriteLine(Line("epoch", record, LogContext.Default.EpochRecord)));
        Guarded(ref _csv, () => _csv!.WriteLine(Row(record)));
        List<KeyValuePair<string, double>> scalars = [new("epoch/train_loss", record.TrainLoss)];
        AddEval("eval", record.Eval);
        AddEval("eval_ema", record.EvalEma);
        Guarded(ref _board, () => _board!.Write(record.Update, scalars));

        void AddEval(string tag, IReadOnlyDictionary<string, double>? eval) =>
            scalars.AddRange(
                (eval ?? new Dictionary<string, double>()).Select(figure => KeyValuePair.Create($"{tag}/{figure.Key}", figure.Value))
            );
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Close(ref _csv);
        Close(ref _lines);
        Close(ref _board);
    }

    // Records are the same for all tasks; in the files pace and skipped items are called by what the task counts.
    private string Line<T>(string kind, T record, JsonTypeInfo<T> type) =>
        $"{{\"kind\":\"{kind}\",{Named(JsonSerializer.Serialize(record, type)[1..], (ThroughputMeter, _pace), (Skipped, _skipped))}";

    private EpochRecord Epoch(string line) =>
        JsonSerializer.Deserialize(Named(line, (_pace, ThroughputMeter), (_skipped, Skipped)), LogContext.Default.EpochRecord)!;

    private static string Named(string line, params ReadOnlySpan<(string Is, string Shall)> names)
    {
        foreach ((string @is, string shall) in names)
            line = line.Replace($"\"{@is}\":", $"\"{shall}\":", StringComparison.Ordinal);
        return line;
    }

    private string Heading() =>
        string.Join(
            ',',
            (string[])
                [
                    "epoch",
                    "update",
                    "learning_rate",
                    "train_loss",
                    .. _task.Metrics.Select(metric => $"eval_{metric.Name}"),
                    .. _task.Metrics.Select(metric => $"ema_{metric.Name}"),
                    _pace,
                    "data_wait",
                    "seconds",
                    "skipped",
                ]
        );

    private string Row(EpochRecord r)
    {
        object?[] cells =
        [
            r.Epoch,
            r.Update,
            r.LearningRate,
            r.TrainLoss,
            .. Figures(r.Eval),
            .. Figures(r.EvalEma),
            r.ItemsPerSecond,
            r.DataWait,
            r.Seconds,
            r.Skipped,
        ];
        return string.Join(',', cells.Select(cell => Convert.ToString(cell, CultureInfo.InvariantCulture)));

        IEnumerable<object?> Figures(IReadOnlyDictionary<string, double>? eval) =>
            _task.Metrics.Select(metric => eval is not null && eval.TryGetValue(metric.Name, out double value) ? (object)value : null);
    }

    // A killed run may leave half a line, and lines of updates that the checkpoint does not have.
    private List<string> Kept(string path, TrainingProgress progress)
    {
        List<string> kept = [];
        if (progress.Update == 0 || !File.Exists(path))
            return kept;
        foreach (string line in File.ReadLines(path))
        {
            try
            {
                using JsonDocument document = JsonDocument.Parse(line);
                bool isEpoch = document.RootElement.GetProperty("kind").GetString() == "epoch";
                if (document.RootElement.GetProperty("update").GetInt64() > progress.Update)
                    continue;
                if (isEpoch && document.RootElement.GetProperty("epoch").GetInt32() >= progress.Epoch)
                    continue;
                if (isEpoch)
                    _epochs.Add(Epoch(line));
                kept.Add(line);
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
            {
                continue;
            }
        }

        return kept;
    }

    private static StreamWriter Open(string path, IEnumerable<string> kept)
    {
        // A kill at this moment loses nothing.
        AtomicFile.Write(path, Encoding.UTF8.GetBytes(string.Concat(kept.Select(line => line + "\n"))));
        return new StreamWriter(path, append: true, new UTF8Encoding(false)) { AutoFlush = true };
    }

    private void Guarded<T>(ref T? log, Func<T> open)
        where T : class, IDisposable
    {
        try
        {
            log = open();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _warn($"a log cannot be opened and is left out: {e.Message}");
        }
    }

    private void Guarded<T>(ref T? log, Action write)
        where T : class, IDisposable
    {
        if (log is null)
            return;
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or ArgumentOutOfRangeException)
        {
            // The second is a file that is too large for its file system.
            _warn($"a log cannot be written and is given up: {e.Message}");
            Close(ref log);
        }
    }

    private static void Close<T>(ref T? log)
        where T : class, IDisposable
    {
        try
        {
            log?.Dispose();
        }
        catch (IOException)
        {
            // What could not be written has been reported when it was tried.
        }

        log = null;
    }
}
