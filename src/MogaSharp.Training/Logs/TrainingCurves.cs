using System.Globalization;
using System.Security;
using System.Text;
using MogaSharp.Imaging;

namespace MogaSharp.Training;

/// <summary>Draws loss and accuracy over the epochs as an SVG picture, and the same as PNG where libvips can read SVG.</summary>
public static class TrainingCurves
{
    private const int Width = 960, Height = 400, Left = 60, Top = 40, PanelWidth = 380, PanelHeight = 300, PanelGap = 100;

    private sealed record Curve(string Name, string Colour, (double X, double Y)[] Points);

    /// <summary>Writes <c>curves.svg</c> and <c>curves.png</c> into a folder.</summary>
    /// <param name="folder">The folder, which exists.</param>
    /// <param name="title">A line above the picture.</param>
    /// <param name="epochs">The epochs; without any nothing is written.</param>
    /// <returns>Why there is no PNG; null when there is one, or nothing to draw.</returns>
    /// <exception cref="IOException">The files cannot be written.</exception>
    public static string? Save(string folder, string title, IReadOnlyList<EpochRecord> epochs)
    {
        if (epochs.Count == 0) return null;
        string svg = Draw(title, epochs);
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
    /// <param name="epochs">At least one epoch.</param>
    public static string Draw(string title, IReadOnlyList<EpochRecord> epochs)
    {
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{Width}" height="{Height}" viewBox="0 0 {Width} {Height}" font-family="sans-serif" font-size="12">
            <rect width="{Width}" height="{Height}" fill="white"/>
            <text x="{Width / 2}" y="20" text-anchor="middle" font-size="14">{SecurityElement.Escape(title)}</text>

            """);
        Panel(svg, Left, "loss", false,
        [
            Pick("train", "#7f7f7f", epochs, e => e.TrainLoss),
            Pick("eval", "#1f77b4", epochs, e => e.Eval?.Loss),
            Pick("eval, average", "#d62728", epochs, e => e.EvalEma?.Loss),
        ]);
        Panel(svg, Left + PanelWidth + PanelGap, "accuracy (%)", true,
        [
            Pick("top-1", "#1f77b4", epochs, e => 100 * e.Eval?.Top1),
            Pick("top-1, average", "#d62728", epochs, e => 100 * e.EvalEma?.Top1),
            Pick("top-5", "#9ecae1", epochs, e => 100 * e.Eval?.Top5),
            Pick("top-5, average", "#ff9896", epochs, e => 100 * e.EvalEma?.Top5),
        ]);
        return svg.Append("</svg>\n").ToString();
    }

    // A value that is not finite has no place on a scale.
    private static Curve Pick(string name, string colour, IEnumerable<EpochRecord> epochs, Func<EpochRecord, double?> value) =>
        new(name, colour, [.. epochs.Where(e => value(e) is { } y && double.IsFinite(y)).Select(e => (e.Epoch + 1.0, value(e)!.Value))]);

    private static void Panel(StringBuilder svg, int left, string label, bool legendBelow, Curve[] curves)
    {
        curves = [.. curves.Where(curve => curve.Points.Length > 0)];
        if (curves.Length == 0) return;
        (double X, double Y)[] all = [.. curves.SelectMany(curve => curve.Points)];
        Axis x = new(Math.Min(1, all.Min(p => p.X)), Math.Max(2, all.Max(p => p.X))), y = Axis.Around(all.Min(p => p.Y), all.Max(p => p.Y));
        int bottom = Top + PanelHeight;
        foreach (double tick in y.Ticks())
        {
            double at = bottom - (y.Share(tick) * PanelHeight);
            svg.Append(CultureInfo.InvariantCulture, $"""<line x1="{left}" y1="{at:F1}" x2="{left + PanelWidth}" y2="{at:F1}" stroke="#dddddd"/><text x="{left - 6}" y="{at + 4:F1}" text-anchor="end">{tick:G5}</text>""").Append('\n');
        }

        foreach (double tick in x.Ticks().Where(tick => tick == Math.Floor(tick)))
            svg.Append(CultureInfo.InvariantCulture, $"""<text x="{left + (x.Share(tick) * PanelWidth):F1}" y="{bottom + 16}" text-anchor="middle">{tick:F0}</text>""").Append('\n');
        svg.Append(CultureInfo.InvariantCulture, $"""
            <rect x="{left}" y="{Top}" width="{PanelWidth}" height="{PanelHeight}" fill="none" stroke="black"/>
            <text x="{left + (PanelWidth / 2)}" y="{bottom + 36}" text-anchor="middle">epoch</text>
            <text x="{left}" y="{Top - 8}">{label}</text>

            """);
        for (int i = 0; i < curves.Length; i++)
        {
            string points = string.Join(' ', curves[i].Points.Select(p => string.Create(
                CultureInfo.InvariantCulture, $"{left + (x.Share(p.X) * PanelWidth):F1},{bottom - (y.Share(p.Y) * PanelHeight):F1}")));
            int row = legendBelow ? bottom - 10 - (16 * (curves.Length - 1 - i)) : Top + 18 + (16 * i);
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
