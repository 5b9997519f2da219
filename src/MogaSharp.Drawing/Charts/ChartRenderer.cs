using ScottPlot;
using ScottPlot.Plottables;
using SkiaSharp;

namespace MogaSharp.Drawing;

/// <summary>Draws a chart with ScottPlot.</summary>
internal static class ChartRenderer
{
    private const float TitleSize = 13,
        TextSize = 12;
    private const int MaxMarkers = 40;
    private static readonly Color Ink = Color.FromHex("#202020"),
        Frame = Color.FromHex("#808080"),
        Grid = Color.FromHex("#e4e4e4");

    // Told apart on white.
    private static readonly RgbColor[] Colors =
    [
        .. new[] { "#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22" }.Select(
            RgbColor.Parse
        ),
    ];

    public static void Draw(SKCanvas canvas, LineChart chart, SKRect place)
    {
        using var plot = new Plot();
        ChartAxis x = new(chart.IsXLogarithmic, chart.IsXWhole),
            y = new(chart.IsYLogarithmic, false);
        ChartSeries[] shown = [.. chart.Series.Select(series => Placed(series, x, y)).Where(series => series.HasPoints)];
        for (int i = 0; i < shown.Length; i++)
            Add(plot, shown[i], shown[i].Color ?? Colors[i % Colors.Length]);
        SetScale(plot.Axes.Bottom, x, shown.SelectMany(series => series.X));
        double[] range = chart.YRange is { } reach ? [y.Place(reach.Low), y.Place(reach.High)] : [];
        SetScale(
            plot.Axes.Left,
            y,
            shown.SelectMany(series => series.Y.Concat(series.Band?.Low ?? []).Concat(series.Band?.High ?? [])).Concat(range)
        );
        SetStyle(plot, chart, shown);
        // The first time it draws twice, once to find out how much room labels take; text would be in an SVG twice.
        plot.RenderInMemory((int)place.Width, (int)place.Height);
        // It clears all that it can reach.
        canvas.Save();
        canvas.ClipRect(place);
        plot.Render(canvas, new PixelRect(place.Left, place.Right, place.Bottom, place.Top));
        canvas.Restore();
    }

    private static ChartSeries Placed(ChartSeries series, ChartAxis x, ChartAxis y) =>
        series with
        {
            X = [.. series.X.Select(x.Place)],
            Y = [.. series.Y.Select(y.Place)],
            Band = series.Band is { } band ? new([.. band.Low.Select(y.Place)], [.. band.High.Select(y.Place)]) : null,
        };

    private static void Add(Plot plot, ChartSeries series, RgbColor color)
    {
        var ink = new Color(color.Red, color.Green, color.Blue);
        int[] points = [.. Enumerable.Range(0, series.X.Length).Where(i => double.IsFinite(series.X[i]))];
        if (series.Band is { } band)
        {
            foreach (int[] part in Parts(points, i => double.IsFinite(band.Low[i]) && double.IsFinite(band.High[i])))
            {
                FillY fill = plot.Add.FillY(part.Select(i => (series.X[i], band.Low[i], band.High[i])).ToArray());
                (fill.FillColor, fill.LineWidth, fill.MarkerSize) = (ink.WithAlpha(0.2), 0, 0);
            }
        }

        Scatter line = plot.Add.Scatter(points.Select(i => series.X[i]).ToArray(), points.Select(i => series.Y[i]).ToArray(), ink);
        bool isAlone = Parts(points, i => double.IsFinite(series.Y[i])).Any(part => part.Length == 1);
        (line.LineWidth, line.MarkerSize, line.LegendText) = (1.5f, points.Length <= MaxMarkers || isAlone ? 5 : 0, series.Name);
    }

    // Runs of points that have a value.
    private static IEnumerable<int[]> Parts(IEnumerable<int> points, Func<int, bool> hasValue)
    {
        List<int> part = [];
        foreach (int point in points)
        {
            if (hasValue(point))
            {
                part.Add(point);
                continue;
            }

            if (part.Count > 0)
                yield return [.. part];
            part.Clear();
        }

        if (part.Count > 0)
            yield return [.. part];
    }

    private static void SetScale(IAxis axis, ChartAxis scale, IEnumerable<double> places)
    {
        (axis.Min, axis.Max) = scale.Limits(places);
        axis.TickGenerator = scale.Ticks(axis.Min, axis.Max);
    }

    private static void SetStyle(Plot plot, LineChart chart, ChartSeries[] shown)
    {
        string font = ChartFont.NameFor(string.Concat([chart.Title, chart.XTitle, chart.YTitle, .. shown.Select(series => series.Name)]));
        plot.Font.Set(font);
        plot.Axes.Color(Ink);
        plot.Axes.FrameColor(Frame);
        (plot.Axes.Top.FrameLineStyle.Width, plot.Axes.Right.FrameLineStyle.Width) = (0, 0);
        plot.Grid.MajorLineColor = Grid;
        SetLabel(plot.Axes.Title.Label, chart.Title, TitleSize);
        SetLabel(plot.Axes.Bottom.Label, chart.XTitle, TextSize);
        SetLabel(plot.Axes.Left.Label, chart.YTitle, TextSize);
        if (shown.Length == 0)
            return;
        ScottPlot.Legend legend = plot.ShowLegend(
            chart.LegendCorner switch
            {
                Corner.TopLeft => Alignment.UpperLeft,
                Corner.TopRight => Alignment.UpperRight,
                Corner.BottomLeft => Alignment.LowerLeft,
                _ => Alignment.LowerRight,
            }
        );
        (legend.FontName, legend.FontSize, legend.FontColor) = (font, TextSize, Ink);
        (legend.ShadowColor, legend.OutlineColor) = (ScottPlot.Colors.Transparent, Grid);
        legend.BackgroundColor = ScottPlot.Colors.White.WithAlpha(0.85);
    }

    private static void SetLabel(LabelStyle label, string? text, float size)
    {
        (label.Text, label.FontSize, label.Bold, label.ForeColor) = (text ?? "", size, false, Ink);
        label.IsVisible = text is not null;
    }
}
