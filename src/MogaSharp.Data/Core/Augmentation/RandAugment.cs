using System.Globalization;
using System.Text.RegularExpressions;

namespace MogaSharp.Data;

/// <summary>
/// A RandAugment policy, read from timm's notation: <c>rand</c> and sections with dashes between, such as
/// <c>rand-m9-mstd0.5-inc1</c>.
/// <list type="bullet">
/// <item><c>m</c>: the magnitude, a whole number; default 10.</item>
/// <item><c>n</c>: operations for each image; default 2.</item>
/// <item><c>mstd</c>: the standard deviation of the magnitude; more than 100 draws it evenly from 0 to the magnitude. Default 0.</item>
/// <item><c>mmax</c>: the largest magnitude; default 10.</item>
/// <item><c>w0</c>: operations are drawn by timm's weights and without repetition.</item>
/// <item><c>inc</c>: with any number, <c>inc0</c> too (as in timm 0.6), the operations whose effect grows with the magnitude.</item>
/// </list>
/// The source is <c>timm/data/auto_augment.py</c> of version 0.6.13.
/// </summary>
public sealed partial record RandAugment
{
    /// <summary>The magnitude at which the ranges of the arguments end.</summary>
    public const double LevelRange = 10;

    // Each drawn operation is applied with this probability.
    internal const double Probability = 0.5;

    private RandAugment() { }

    /// <summary>The strength of the operations.</summary>
    public int Magnitude { get; private init; } = (int)LevelRange;

    /// <summary>How many operations are drawn for each image.</summary>
    public int Layers { get; private init; } = 2;

    /// <summary>The standard deviation of the magnitude; infinite where it is even between 0 and <see cref="Magnitude"/>.</summary>
    public double MagnitudeDeviation { get; private init; }

    /// <summary>The bound of a drawn magnitude.</summary>
    public double MaxMagnitude { get; private init; } = LevelRange;

    /// <summary>Whether operations are drawn by weights and without repetition.</summary>
    public bool IsWeighted { get; private init; }

    /// <summary>Whether the effect of all operations grows with the magnitude.</summary>
    public bool IsIncreasing { get; private init; }

    /// <summary>The operations to draw from.</summary>
    public IReadOnlyList<AugmentOperation> Operations => IsIncreasing ? AugmentOperations.Increasing : AugmentOperations.Plain;

    /// <summary>Reads a policy.</summary>
    /// <param name="policy">The notation above.</param>
    /// <exception cref="FormatException">The text is not a policy of RandAugment; the message says which section is wrong.</exception>
    public static RandAugment Parse(string policy)
    {
        string[] sections = policy.Split('-');
        if (sections[0] != "rand")
            throw new FormatException($"'{policy}': only RandAugment is known; write rand-m9-mstd0.5-inc1 or the like");
        var result = new RandAugment();
        foreach (string section in sections[1..])
        {
            if (Section().Match(section) is not { Success: true } match)
                throw Bad(policy, section);
            string value = match.Groups["value"].Value;
            result = match.Groups["key"].Value switch
            {
                "m" => result with { Magnitude = Whole(value, policy, section) },
                "n" => result with { Layers = Whole(value, policy, section) },
                "mstd" => result with { MagnitudeDeviation = Deviation(value, policy, section) },
                // As in timm, a bound of 0 means the usual one.
                "mmax" => result with { MaxMagnitude = Whole(value, policy, section) is > 0 and int most ? most : LevelRange },
                "w" when value == "0" => result with { IsWeighted = true },
                "inc" => result with { IsIncreasing = true },
                _ => throw Bad(policy, section),
            };
        }
        if (result.IsWeighted && result.Layers > AugmentOperations.Weights.Count(weight => weight > 0))
            throw new FormatException($"'{policy}': {result.Layers} operations cannot be drawn without repetition");
        return result;
    }

    /// <summary>Draws the operations of one image and their arguments; where chance leaves one out it is not in the list.</summary>
    /// <param name="random">The random numbers of the image.</param>
    /// <param name="filter">The filter of geometric operations; null draws bilinear or bicubic for each.</param>
    /// <param name="drawn">At least <see cref="Layers"/> places; the operations are written to the first ones.</param>
    /// <returns>How many operations there are.</returns>
    internal int Draw(RandomStream random, ResizeFilter? filter, Span<DrawnOperation> drawn)
    {
        Span<double> weights = stackalloc double[AugmentOperations.Weights.Count];
        for (int i = 0; i < weights.Length; i++)
            weights[i] = AugmentOperations.Weights[i];
        int count = 0;
        for (int layer = 0; layer < Layers; layer++)
        {
            AugmentOperation operation = Operations[IsWeighted ? TakeWeighted(random, weights) : random.NextInt(Operations.Count)];
            bool isApplied = random.NextBool(Probability);
            double magnitude = DrawMagnitude(random);
            bool isNegated = random.NextBool(0.5);
            ResizeFilter chosen = filter ?? random.NextFilter();
            if (isApplied)
                drawn[count++] = new DrawnOperation(operation, AugmentOperations.Argument(operation, magnitude, isNegated), chosen);
        }
        return count;
    }

    private double DrawMagnitude(RandomStream random)
    {
        double magnitude = MagnitudeDeviation switch
        {
            0 => Magnitude,
            double.PositiveInfinity => random.NextDouble(0, Magnitude),
            double deviation => Magnitude + (deviation * random.NextGaussian()),
        };
        return Math.Max(0, Math.Min(magnitude, MaxMagnitude));
    }

    private static int TakeWeighted(RandomStream random, Span<double> weights)
    {
        double sum = 0;
        foreach (double weight in weights)
            sum += weight;
        double position = random.NextDouble() * sum;
        int taken = -1;
        for (int i = 0; i < weights.Length; i++)
        {
            if (weights[i] == 0)
                continue;
            taken = i;
            if ((position -= weights[i]) < 0)
                break;
        }
        weights[taken] = 0;
        return taken;
    }

    private static int Whole(string value, string policy, string section) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number <= 1000
            ? number
            : throw Bad(policy, section);

    private static double Deviation(string value, string policy, string section)
    {
        if (!double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double deviation))
            throw Bad(policy, section);
        return deviation > 100 ? double.PositiveInfinity : deviation;
    }

    private static FormatException Bad(string policy, string section) =>
        new($"'{policy}': the section '{section}' is none of m9, n2, mstd0.5, mmax10, inc1, w0");

    [GeneratedRegex(@"^(?<key>[a-z]+)(?<value>\d.*)$", RegexOptions.CultureInvariant)]
    private static partial Regex Section();
}
