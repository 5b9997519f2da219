using System.Text.Json.Serialization;
using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>What a model is for. A card's family decides it.</summary>
public enum ModelTask
{
    /// <summary>Pictures to classes.</summary>
    Classification,

    /// <summary>Frames to the frames that follow.</summary>
    Video,
}

/// <summary>
/// The settings of a network: everything that decides its graph. Each family of networks has a record of its own, which is the <c>options</c> of a
/// <see cref="ModelCard"/>; <see cref="ModelFamilies"/> lists them.
/// </summary>
public abstract record ModelOptions
{
    private protected ModelOptions()
    {
    }

    /// <summary>Dropout, 0 to below 1 (training only).</summary>
    public double DropRate { get; init; }

    /// <summary>Stochastic depth of the last block, 0 to below 1 (training only).</summary>
    public double DropPathRate { get; init; }

    /// <summary>What the network is for.</summary>
    [JsonIgnore]
    public abstract ModelTask Task { get; }

    /// <summary>The definition with these options.</summary>
    /// <exception cref="GraphException">The options describe no network.</exception>
    public abstract IModelDefinition CreateDefinition();

    /// <summary>Throws unless the options describe a network that the official constructor accepts.</summary>
    /// <exception cref="GraphException">The message names the option.</exception>
    public abstract void Validate();

    /// <summary>States what a card that comes from anywhere may ask for, beyond <see cref="Validate"/>.</summary>
    /// <param name="require">Takes a condition and, as a clause, the rule that it stands for.</param>
    internal abstract void CheckLimits(Action<bool, string> require);

    private protected void Require(bool condition, string rule)
    {
        if (!condition) throw new GraphException($"The options of {GetType().Name} break a rule: {rule}.");
    }

    private protected void RequireDropRates() =>
        Require(DropRate is >= 0 and < 1 && DropPathRate is >= 0 and < 1, "drop rates lie from 0 to below 1");
}

/// <summary>The settings of a network that classifies pictures.</summary>
public abstract record ClassifierOptions : ModelOptions
{
    private protected ClassifierOptions()
    {
    }

    /// <summary>Image channels, 1 or more.</summary>
    public int InChannels { get; init; } = 3;

    /// <summary>Classes; 0 for a network without head, whose output is the pooled features (N, C).</summary>
    public int NumClasses { get; init; } = 1000;

    /// <inheritdoc/>
    public override ModelTask Task => ModelTask.Classification;

    /// <inheritdoc/>
    internal override void CheckLimits(Action<bool, string> require)
    {
        require(InChannels <= CardRules.MostChannels, $"image channels are at most {CardRules.MostChannels}");
        require(NumClasses <= CardRules.MostClasses, $"classes are at most {CardRules.MostClasses}");
    }

    private protected void RequireClassifier()
    {
        Require(InChannels > 0 && NumClasses >= 0, "image channels are positive and classes not negative");
        RequireDropRates();
    }
}

/// <summary>The families of networks that a card may name, each with the type of its options.</summary>
public static class ModelFamilies
{
    private static readonly Dictionary<string, Type> Types = new(StringComparer.Ordinal)
    {
        ["moganet"] = typeof(MogaNetOptions),
    };

    /// <summary>The family of a card that names none.</summary>
    public const string Default = "moganet";

    /// <summary>All names.</summary>
    public static IReadOnlyCollection<string> Names => Types.Keys;

    /// <summary>The family that options belong to.</summary>
    public static string Of(ModelOptions options) => Types.First(entry => entry.Value == options.GetType()).Key;

    /// <summary>The type of a family's options; null when there is no such family.</summary>
    internal static Type? OptionsOf(string family) => Types.GetValueOrDefault(family);
}
