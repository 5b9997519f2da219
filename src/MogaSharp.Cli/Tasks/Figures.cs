using MogaSharp.Models;

namespace MogaSharp.Cli;

/// <summary>Published figures of cards.</summary>
internal static class Figures
{
    /// <summary>The first figure whose name ends so; null when there is none.</summary>
    public static double? Of(ModelCard card, string ending) =>
        card
            .Metrics.Where(metric => metric.Key.EndsWith(ending, StringComparison.Ordinal))
            .Select(metric => (double?)metric.Value)
            .FirstOrDefault();
}
