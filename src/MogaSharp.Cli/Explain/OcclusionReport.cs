using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using MogaSharp.Drawing;
using MogaSharp.Tasks;

namespace MogaSharp.Cli;

/// <summary>What <c>moga explain occlusion --json</c> prints, and <c>occlusion.json</c> holds. Shares are 0 to 1.</summary>
internal sealed record OcclusionReport(
    string Data,
    int Images,
    int Grid,
    string Drop,
    string Baseline,
    bool SharedDraw,
    int Runs,
    int Seed,
    double[] Dropped,
    ModelOcclusion[] Models,
    SkippedImage[]? Skipped,
    IReadOnlyList<string>? Notes
)
{
    /// <summary>Writes <c>occlusion.json</c>, <c>.csv</c> and <c>.svg</c>.</summary>
    /// <exception cref="FailureException">A file cannot be written.</exception>
    public void Save(string folder)
    {
        Paths.MakeFolder(folder);
        string path = Path.Combine(folder, "occlusion");
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(this, CliJson.Printed.OcclusionReport);
        Paths.Write(path + ".json", file => AtomicFile.Write(file, json));
        string[] heading = ["model", "dropped", "accuracy", "spread", .. Enumerable.Range(1, Runs).Select(run => $"run_{run}")];
        IEnumerable<string[]> rows = Models.SelectMany(model =>
            Dropped.Select(
                (dropped, step) =>
                    (string[])
                        [
                            model.Model,
                            .. new[] { dropped, model.Accuracy[step], model.Spread?[step] ?? double.NaN }.Select(CsvFile.Number),
                            .. model.Correct.Select(run => CsvFile.Number((double)run[step] / Images)),
                        ]
            )
        );
        CsvFile.Write(path + ".csv", [heading, .. rows]);
        Paths.Write(path + ".svg", Chart().ToSheet().SaveSvg);
    }

    /// <summary>Prints a row for each share of dropped patches.</summary>
    public void Print()
    {
        string runs = Runs == 1 ? "" : $", {Runs} runs";
        Output.Line($"top-1 of {Images} image{(Images == 1 ? "" : "s")}, {Drop} drop of {Grid}x{Grid} patches{runs}");
        var rows = new List<string[]> { (string[])["dropped", .. Models.SelectMany(model => new[] { model.Model, "+-" })] };
        for (int step = 0; step < Dropped.Length; step++)
            rows.Add([
                Percent(Dropped[step]),
                .. Models.SelectMany(model =>
                    new[] { Percent(model.Accuracy[step]), model.Spread is { } spread ? Percent(spread[step]) : "-" }
                ),
            ]);
        Output.Table(rows);
    }

    private static string Percent(double share) => (100 * share).ToString("F1", CultureInfo.InvariantCulture) + "%";

    private LineChart Chart() =>
        new([
            .. Models.Select(model => new ChartSeries(model.Model, [.. Dropped], [.. model.Accuracy])
            {
                Band = model.Spread is { } spread ? new ChartBand(Shifted(model, spread, -1), Shifted(model, spread, 1)) : null,
            }),
        ])
        {
            Title = "Occlusion",
            XTitle = "dropped patches",
            YTitle = "top-1",
            YRange = (0, 1),
        };

    private static ImmutableArray<double> Shifted(ModelOcclusion model, double[] spread, int sign) =>
        [.. model.Accuracy.Zip(spread, (value, error) => value + (sign * error))];
}

/// <summary>The curve of a model: means and standard deviations of the runs, and what is right by run and step.</summary>
internal sealed record ModelOcclusion(string Model, double[] Accuracy, double[]? Spread, int[][] Correct)
{
    /// <summary>Takes counts as JSON can hold them.</summary>
    public static ModelOcclusion Of(string model, OcclusionCounts counts) =>
        new(
            model,
            [.. counts.Accuracy],
            counts.Correct.Length < 2 ? null : [.. counts.Spread],
            [.. counts.Correct.Select(run => run.ToArray())]
        );
}
