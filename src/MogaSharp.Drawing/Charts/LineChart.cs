using System.Collections.Immutable;

namespace MogaSharp.Drawing;

/// <summary>What lies between two lines, for example a spread around a mean.</summary>
/// <param name="Low">The lower line, a value for each of the series.</param>
/// <param name="High">The upper line, a value for each of the series.</param>
public sealed record ChartBand(ImmutableArray<double> Low, ImmutableArray<double> High);

/// <summary>A line of a chart.</summary>
/// <param name="Name">Its name in the legend.</param>
/// <param name="X">Where its points are, in rising order.</param>
/// <param name="Y">Their values. Where one is not finite, the line has a gap.</param>
public sealed record ChartSeries(string Name, ImmutableArray<double> X, ImmutableArray<double> Y)
{
    /// <summary>A lighter band behind the line; null for none.</summary>
    public ChartBand? Band { get; init; }

    /// <summary>The color; null for the next one that the chart has.</summary>
    public RgbColor? Color { get; init; }

    internal bool HasPoints => X.Zip(Y).Any(point => double.IsFinite(point.First) && double.IsFinite(point.Second));
}

/// <summary>A chart of lines. Series without a finite value are left out, of the legend too.</summary>
/// <param name="Series">The lines.</param>
public sealed record LineChart(ImmutableArray<ChartSeries> Series)
{
    /// <summary>What stands above; null for nothing.</summary>
    public string? Title { get; init; }

    /// <summary>What X is; null for nothing.</summary>
    public string? XTitle { get; init; }

    /// <summary>What Y is; null for nothing.</summary>
    public string? YTitle { get; init; }

    /// <summary>What Y reaches from and to whatever the values are; null for the values alone.</summary>
    public (double Low, double High)? YRange { get; init; }

    /// <summary>Whether X has a logarithmic scale. Values that are not positive are gaps.</summary>
    public bool IsXLogarithmic { get; init; }

    /// <summary>Whether Y has a logarithmic scale. Values that are not positive are gaps.</summary>
    public bool IsYLogarithmic { get; init; }

    /// <summary>Whether X counts something: only whole numbers are marked.</summary>
    public bool IsXWhole { get; init; }

    /// <summary>Where the legend stands.</summary>
    public Corner LegendCorner { get; init; } = Corner.TopRight;

    /// <summary>The chart as a sheet of its own, to be drawn or saved.</summary>
    public ChartSheet ToSheet() => new([this]) { Columns = 1 };
}
