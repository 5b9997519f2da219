namespace MogaSharp.Tasks;

/// <summary>The number that tells how much a network sees of a class.</summary>
public enum InteractionValue
{
    /// <summary>The class's logit less the log-sum-exp of the others: ln(p / (1 - p)).</summary>
    LogOdds,

    /// <summary>ln p.</summary>
    LogProbability,

    /// <summary>The class's logit.</summary>
    Logit,
}

/// <summary>Names and formulas of <see cref="InteractionValue"/>.</summary>
public static class InteractionValues
{
    private static readonly (string Name, InteractionValue Value)[] All =
    [
        ("log_odds", InteractionValue.LogOdds),
        ("log_prob", InteractionValue.LogProbability),
        ("logit", InteractionValue.Logit),
    ];

    /// <summary>The names, such as <c>log_odds</c>.</summary>
    public static IEnumerable<string> Names => All.Select(one => one.Name);

    /// <summary>A value's name.</summary>
    public static string NameOf(InteractionValue value) => All.First(one => one.Value == value).Name;

    /// <summary>The value of a name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static InteractionValue Parse(string name) =>
        All.FirstOrDefault(one => one.Name == name) is { Name: not null } found
            ? found.Value
            : throw new ArgumentException($"There is no value '{name}'; there are {string.Join(", ", Names)}.", nameof(name));

    /// <summary>The value of a class. Log-odds are taken of logits and not of p, which is 1 long before the network is sure.</summary>
    /// <param name="value">Which one.</param>
    /// <param name="logits">The logits of an image, 2 or more for other values than <see cref="InteractionValue.Logit"/>.</param>
    /// <param name="label">The class, 0 to below the number of logits.</param>
    public static double Of(InteractionValue value, ReadOnlySpan<float> logits, int label)
    {
        double own = logits[label];
        if (value == InteractionValue.Logit)
            return own;
        double largest = double.NegativeInfinity,
            sum = 0;
        for (int c = 0; c < logits.Length; c++)
            if (IsCounted(c))
                largest = Math.Max(largest, logits[c]);
        for (int c = 0; c < logits.Length; c++)
            if (IsCounted(c))
                sum += Math.Exp(logits[c] - largest);
        return own - largest - Math.Log(sum);

        bool IsCounted(int c) => c != label || value == InteractionValue.LogProbability;
    }
}
