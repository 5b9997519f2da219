using System.Globalization;
using System.Security;
using System.Text;
using MogaSharp.Imaging;

namespace MogaSharp.Training;

/// <summary>Draws the losses and metrics of a run over its epochs as an SVG picture, and the same as PNG where libvips can read SVG.</summary>
public static class TrainingCurves
{
    private const int Width = 960, RowHeight = 400, Left = 60, Top = 40, PanelWidth = 380, PanelHeight = 300, PanelGap = 100, PanelsPerRow = 2;

    // For the weights and, lighter or of another hue, their average; the losses' evaluation has the first pair.
    private static readonly (string Weights, string Average)[] Colours = [("#1f77b4", "#d62728"), ("#9ecae1", "#ff9896"), ("#2ca02c", "#9467bd")];

    private sealed record Curve(string Name, string Colour, (double X, double Y)[] Points);

    /// <summary>Writes <c>curves.svg</c> and <c>curves.png</c> into a folder.</summary>
    /// <param name="folder">The folder, which exists.</param>
    /// <param name="title">A line above the picture.</param>
    /// <param name="task">The task, for its metrics.</param>
    /// <param name="epochs">The epochs; without any nothing is written.</param>
    /// <returns>Why there is no PNG; null when there is one, or nothing to draw.</returns>
    /// <exception cref="IOException">The files cannot be written.</exception>
    public static string? Save(string folder, string title, TrainingTask task, IReadOnlyList<EpochRecord> epochs)
    {
        if (epochs.Count == 0) return null;
        string svg = Draw(title, task, epochs);
        File.WriteAllText(Path.Combine(folder, "curves.svg"), svg);
        try
        {
            File.WriteAllBytes(Path.Combine(folder, "curves.png"), SvgRenderer.ToPng(Encoding.UTF8.GetBytes(svg)));
            return null;
        }
        catch (ImagingUnavailableException e)
        {
            return e.Message;
        }
    }

    /// <summary>The picture as SVG text.</summary>
    /// <param name="title">A line above the picture.</param>
    /// <param name="task">The task, for its metrics.</param>
    /// <param name="epochs">At least one epoch.</param>
    public static string Draw(string title, TrainingTask task, IReadOnlyList<EpochRecord> epochs)
    {
        IGrouping<string, Metric>[] panels = [.. task.Metrics.GroupBy(metric => metric.Axis)];
        int height = RowHeight * ((panels.Length + PanelsPerRow - 1) / PanelsPerRow);
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{Width}" height="{height}" viewBox="0 0 {Width} {height}" font-family="sans-serif" font-size="12">
            <rect width="{Width}" height="{height}" fill="white"/>
            <text x="{Width / 2}" y="20" text-anchor="middle" font-size="14">{SecurityElement.Escape(title)}</text>

            """);
        for (int i = 0; i < panels.Length; i++)
        {
            List<Curve> curves = [];
            int used = 0;
            if (panels[i].Key == TrainingTask.LossName) curves.Add(Pick("train", "#7f7f7f", epochs, e => e.TrainLoss));
            foreach (Metric metric in panels[i])
            {
                string name = metric.Name == TrainingTask.LossName ? "eval" : metric.Label;
                (string weights, string average) = Colours[used++ % Colours.Length];
                curves.Add(Pick(name, weights, epochs, e => Figure(e.Eval, metric)));
                curves.Add(Pick($"{name}, average", average, epochs, e => Figure(e.EvalEma, metric)));
            }

            Panel(svg, Left + (i % PanelsPerRow * (PanelWidth + PanelGap)), Top + (i / PanelsPerRow * RowHeight), panels[i].Key, !panels[i].First().LessIsBetter, [.. curves]);
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static double? Figure(IReadOnlyDictionary<string, double>? eval, Metric metric) =>
        eval is not null && eval.TryGetValue(metric.Name, out double value) ? metric.Scale * value : null;

    // A value that is not finite has no place on a scale.
    private static Curve Pick(string name, string colour, IEnumerable<EpochRecord> epochs, Func<EpochRecord, double?> value) =>
        new(name, colour, [.. epochs.Where(e => value(e) is { } y && double.IsFinite(y)).Select(e => (e.Epoch + 1.0, value(e)!.Value))]);

    private static void Panel(StringBuilder svg, int left, int top, string label, bool legendBelow, Curve[] curves)
    {
        curves = [.. curves.Where(curve => curve.Points.Length > 0)];
        if (curves.Length == 0) return;
        (double X, double Y)[] all = [.. curves.SelectMany(curve => curve.Points)];
        Axis x = new(Math.Min(1, all.Min(p => p.X)), Math.Max(2, all.Max(p => p.X))), y = Axis.Around(all.Min(p => p.Y), all.Max(p => p.Y));
        int bottom = top + PanelHeight;
        foreach (double tick in y.Ticks())
        {
            double at = bottom - (y.Share(tick) * PanelHeight);
            svg.Append(CultureInfo.InvariantCulture, $"""<line x1="{left}" y1="{at:F1}" x2="{left + PanelWidth}" y2="{at:F1}" stroke="#dddddd"/><text x="{left - 6}" y="{at + 4:F1}" text-anchor="end">{tick:G5}</text>""").Append('\n');
        }

        foreach (double tick in x.Ticks().Where(tick => tick == Math.Floor(tick)))
            svg.Append(CultureInfo.InvariantCulture, $"""<text x="{left + (x.Share(tick) * PanelWidth):F1}" y="{bottom + 16}" text-anchor="middle">{tick:F0}</text>""").Append('\n');
        svg.Append(CultureInfo.InvariantCulture, $"""
            <rect x="{left}" y="{top}" width="{PanelWidth}" height="{PanelHeight}" fill="none" stroke="black"/>
            <text x="{left + (PanelWidth / 2)}" y="{bottom + 36}" text-anchor="middle">epoch</text>
            <text x="{left}" y="{top - 8}">{label}</text>

            """);
        for (int i = 0; i < curves.Length; i++)
        {
            string points = string.Join(' ', curves[i].Points.Select(p => string.Create(
                CultureInfo.InvariantCulture, $"{left + (x.Share(p.X) * PanelWidth):F1},{bottom - (y.Share(p.Y) * PanelHeight):F1}")));
            int row = legendBelow ? bottom - 10 - (16 * (curves.Length - 1 - i)) : top + 18 + (16 * i);
            svg.Append(CultureInfo.InvariantCulture, $"""
                <polyline fill="none" stroke="{curves[i].Colour}" stroke-width="1.5" points="{points}"/>
                <text x="{left + PanelWidth - 8}" y="{row}" text-anchor="end" fill="{curves[i].Colour}">{curves[i].Name}</text>

                """);
        }
    }

    private readonly record struct Axis(double From, double To)
    {
        // A margin, so that a curve does not run along the frame.
        public static Axis Around(double least, double most)
        {
            double margin = Math.Max((most - least) * 0.05, Math.Max(1e-6, Math.Abs(most) * 1e-3));
            return new(least - margin, most + margin);
        }

        public double Share(double value) => (value - From) / (To - From);

        // Multiples of 1, 2 or 5 times a power of ten.
        public IEnumerable<double> Ticks()
        {
            double raw = (To - From) / 5, power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
            double step = power * (raw / power) switch { < 1.5 => 1, < 3.5 => 2, < 7.5 => 5, _ => 10 };
            for (double tick = Math.Ceiling(From / step); tick * step <= To; tick++) yield return tick * step;
        }
    }
}
