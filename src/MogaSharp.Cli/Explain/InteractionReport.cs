using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using MogaSharp.Drawing;
using MogaSharp.Tasks;

namespace MogaSharp.Cli;

/// <summary>What <c>moga explain interactions --json</c> prints, and <c>interactions.json</c> holds.</summary>
internal sealed record InteractionReport(
    string Data,
    int Images,
    int ImagesAskedFor,
    int Grid,
    string Value,
    int Pairs,
    int Contexts,
    int? Seed,
    string? Draw,
    ModelInteractions[] Models,
    IReadOnlyList<string>? Notes
)
{
    /// <summary>Writes <c>interactions.json</c>, <c>.csv</c> and <c>.svg</c>.</summary>
    /// <exception cref="FailureException">A file cannot be written.</exception>
    public void Save(string folder)
    {
        string path = Path.Combine(folder, "interactions");
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(this, CliJson.Printed.InteractionReport);
        Paths.Write(path + ".json", file => AtomicFile.Write(file, json));
        string[] heading = ["model", "order", "ratio", "strength", "j", "standard_error", "j_of_half_the_contexts"];
        IEnumerable<string[]> rows = Models.SelectMany(model =>
            model.Orders.Select(
                (order, i) =>
                    (string[])
                        [
                            model.Model,
                            $"{order}",
                            .. new[]
                            {
                                model.Ratios[i],
                                model.Strength[i],
                                model.J[i],
                                model.StandardError?[i] ?? double.NaN,
                                model.SplitHalf?[i] ?? double.NaN,
                            }.Select(CsvFile.Number),
                        ]
            )
        );
        CsvFile.Write(path + ".csv", [heading, .. rows]);
        Paths.Write(path + ".svg", Chart().ToSheet().SaveSvg);
    }

    /// <summary>Prints a row for each order.</summary>
    public void Print()
    {
        Output.Line($"interactions of {Images} image{(Images == 1 ? "" : "s")}, {Pairs} pairs, {Contexts} contexts, {Grid}x{Grid} patches");
        var rows = new List<string[]> { (string[])["order", "ratio", .. Models.SelectMany(model => new[] { model.Model, "+-", "half" })] };
        for (int i = 0; i < Models[0].Orders.Length; i++)
            rows.Add([
                $"{Models[0].Orders[i]}",
                Models[0].Ratios[i].ToString("F2", CultureInfo.InvariantCulture),
                .. Models.SelectMany(model => new[] { Text(model.J[i]), Text(model.StandardError?[i]), Text(model.SplitHalf?[i]) }),
            ]);
        Output.Table(rows);
    }

    private static string Text(double? value) => value?.ToString("F3", CultureInfo.InvariantCulture) ?? "-";

    private LineChart Chart() =>
        new([
            .. Models.Select(model => new ChartSeries(model.Model, [.. model.Ratios], [.. model.J])
            {
                Band = model.StandardError is { } errors ? new ChartBand(Shifted(model.J, errors, -1), Shifted(model.J, errors, 1)) : null,
            }),
        ])
        {
            Title = "Interaction Strength",
            XTitle = "order, as a share of n - 2",
            YTitle = "J",
            YRange = (0, Models.Max(model => model.J.Max())),
        };

    private static ImmutableArray<double> Shifted(double[] values, double[] errors, int sign) =>
        [.. values.Zip(errors, (value, error) => value + (sign * error))];
}

/// <summary>The curve of a model.</summary>
internal sealed record ModelInteractions(
    string Model,
    int[] Orders,
    double[] Ratios,
    double[] Strength,
    double[] J,
    double[]? StandardError,
    double[]? SplitHalf,
    long Passes
)
{
    /// <summary>Takes a curve as JSON can hold it.</summary>
    /// <exception cref="FailureException">It has no values, since nothing interacts.</exception>
    public static ModelInteractions Of(string model, InteractionCurve curve, long passes) =>
        curve.J.All(double.IsFinite)
            ? new(
                model,
                [.. curve.Orders],
                [.. curve.Ratios],
                [.. curve.Strength],
                [.. curve.J],
                curve.Images < 2 ? null : [.. curve.StandardError],
                curve.SplitHalf.IsEmpty ? null : [.. curve.SplitHalf],
                passes
            )
            : throw new FailureException($"{model}: no two patches interact, so that J, which is relative, has no value.");
}
