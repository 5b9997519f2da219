using MogaSharp.Drawing;

namespace MogaSharp.Training;

/// <summary>Draws the losses and metrics of a run over its epochs.</summary>
public static class TrainingCurves
{
    // For the weights and, lighter or of another hue, their average; the losses' evaluation has the first pair.
    private static readonly (RgbColor Weights, RgbColor Average)[] Colors =
    [
        (RgbColor.Parse("#1f77b4"), RgbColor.Parse("#d62728")),
        (RgbColor.Parse("#9ecae1"), RgbColor.Parse("#ff9896")),
        (RgbColor.Parse("#2ca02c"), RgbColor.Parse("#9467bd")),
    ];

    /// <summary>The file of the curves as a drawing; the same as an image is beside it.</summary>
    public const string File = "curves.svg";

    private static readonly RgbColor TrainColor = RgbColor.Parse("#7f7f7f");

    /// <summary>Writes <c>curves.svg</c> and <c>curves.png</c> into a folder.</summary>
    /// <param name="folder">The folder, which exists.</param>
    /// <param name="title">A line above the image.</param>
    /// <param name="task">The task, for its metrics.</param>
    /// <param name="epochs">The epochs; without any nothing is written.</param>
    /// <returns>Why nothing can be drawn on this machine; null when the files are written, or there is nothing to draw.</returns>
    /// <exception cref="IOException">The files cannot be written.</exception>
    public static string? Save(string folder, string title, TrainingTask task, IReadOnlyList<EpochRecord> epochs)
    {
        if (Sheet(title, task, epochs) is not { } sheet)
            return null;
        try
        {
            sheet.SaveSvg(Path.Combine(folder, File));
            sheet.SavePng(Path.Combine(folder, "curves.png"));
            return null;
        }
        catch (DrawingUnavailableException e)
        {
            return e.Message;
        }
    }

    /// <summary>A chart for each axis of the task's metrics of which there is a finite value.</summary>
    /// <param name="title">A line above the image.</param>
    /// <param name="task">The task, for its metrics.</param>
    /// <param name="epochs">The epochs. One that was not evaluated leaves no gap; a value that is not finite does.</param>
    /// <returns>The charts; null when there is nothing to draw.</returns>
    public static ChartSheet? Sheet(string title, TrainingTask task, IReadOnlyList<EpochRecord> epochs)
    {
        IEnumerable<LineChart?> all = task.Metrics.GroupBy(metric => metric.Axis).Select(axis => Chart(axis.Key, [.. axis], epochs));
        LineChart[] charts = [.. all.OfType<LineChart>()];
        return charts.Length > 0 ? new ChartSheet([.. charts]) { Title = title } : null;
    }

    private static LineChart? Chart(string axis, Metric[] metrics, IReadOnlyList<EpochRecord> epochs)
    {
        List<ChartSeries> curves = [];
        if (axis == TrainingTask.LossName)
            curves.Add(Curve("train", TrainColor, epochs, epoch => epoch.TrainLoss));
        for (int i = 0; i < metrics.Length; i++)
        {
            Metric metric = metrics[i];
            string name = metric.Name == TrainingTask.LossName ? "eval" : metric.Label;
            (RgbColor weights, RgbColor average) = Colors[i % Colors.Length];
            curves.Add(Curve(name, weights, epochs, epoch => Figure(epoch.Eval, metric)));
            curves.Add(Curve($"{name}, average", average, epochs, epoch => Figure(epoch.EvalEma, metric)));
        }

        if (!curves.Exists(curve => curve.Y.Any(double.IsFinite)))
            return null;
        return new LineChart([.. curves])
        {
            XTitle = "epoch",
            YTitle = axis,
            IsXWhole = true,
            LegendCorner = metrics[0].LessIsBetter ? Corner.TopRight : Corner.BottomRight,
        };
    }

    private static double? Figure(IReadOnlyDictionary<string, double>? eval, Metric metric) =>
        eval is not null && eval.TryGetValue(metric.Name, out double value) ? metric.Scale * value : null;

    private static ChartSeries Curve(string name, RgbColor color, IEnumerable<EpochRecord> epochs, Func<EpochRecord, double?> value)
    {
        (double Epoch, double Value)[] points =
        [
            .. epochs.Where(epoch => value(epoch) is not null).Select(epoch => (epoch.Epoch + 1.0, value(epoch)!.Value)),
        ];
        return new ChartSeries(name, [.. points.Select(point => point.Epoch)], [.. points.Select(point => point.Value)]) { Color = color };
    }
}
