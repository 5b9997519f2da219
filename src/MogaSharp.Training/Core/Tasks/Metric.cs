using System.Globalization;

namespace MogaSharp.Training;

/// <summary>A figure of an evaluation, and how people see it.</summary>
/// <param name="Name">Its name in logs and records, in snake case.</param>
/// <param name="Label">Its name for people.</param>
public sealed record Metric(string Name, string Label)
{
    /// <summary>The label of the axis in the image of curves; metrics of the same axis share a panel.</summary>
    public required string Axis { get; init; }

    /// <summary>Whether a lower value is a better one.</summary>
    public bool LessIsBetter { get; init; }

    /// <summary>What the value is multiplied with for people and for model cards: 100 for per cent.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>Follows the number.</summary>
    public string Unit { get; init; } = "";

    /// <summary>Digits behind the point.</summary>
    public int Digits { get; init; } = 2;

    /// <summary>Label and value for people.</summary>
    public string Describe(double value) => $"{Label} {Text(value)}";

    /// <summary>The value for people.</summary>
    public string Text(double value) => (Scale * value).ToString("F" + Digits, CultureInfo.InvariantCulture) + Unit;

    /// <summary>Whether a value is better than another; one that is not finite never is.</summary>
    public bool IsBetter(double value, double than) =>
        double.IsFinite(value) && (!double.IsFinite(than) || (LessIsBetter ? value < than : value > than));
}
