using System.Collections.Immutable;
using System.Text.Json.Serialization;
using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>
/// The settings of a network: everything that decides its graph. Each family of networks has a record of its own, which is the
/// <c>options</c> of a <see cref="ModelCard"/>; <see cref="ModelFamilies"/> lists them. Immutable; <c>with</c> makes variants.
/// </summary>
public abstract record ModelOptions
{
    /// <summary>Dropout where the family has it, 0 to below 1 (training only).</summary>
    public double DropRate { get; init; }

    /// <summary>Stochastic depth of the last block, 0 to below 1 (training only).</summary>
    public double DropPathRate { get; init; }

    /// <summary>The family's name in model cards.</summary>
    [JsonIgnore]
    public abstract string Family { get; }

    /// <summary>What the network is for.</summary>
    [JsonIgnore]
    public abstract ModelTask Task { get; }

    /// <summary>Throws unless the options describe a network.</summary>
    /// <exception cref="GraphException">The message names the option.</exception>
    public virtual void Validate() => Require(DropRate is >= 0 and < 1 && DropPathRate is >= 0 and < 1, "drop rates lie from 0 to below 1");

    /// <summary>What the network tells apart: classes, or joints of a pose; 0 where there is no such thing.</summary>
    [JsonIgnore]
    public virtual int ClassCount => 0;

    /// <summary>The modules that make the classes, by their official names; what fine-tuning replaces.</summary>
    [JsonIgnore]
    public virtual ImmutableArray<string> HeadNames => [];

    /// <summary>How many classes a network has whose first head (<see cref="HeadNames"/>) makes so many numbers.</summary>
    /// <param name="outputs">The first extent of the head's weight.</param>
    public virtual int ClassesOf(int outputs) => outputs;

    /// <summary>The same network for another number of classes.</summary>
    /// <param name="classes">The number.</param>
    /// <exception cref="NotSupportedException">The network has no classes.</exception>
    public virtual ModelOptions WithClasses(int classes) => throw new NotSupportedException($"A network for {Task} has no classes.");

    /// <summary>The network that the options describe.</summary>
    /// <exception cref="GraphException">They describe none.</exception>
    public abstract IModelDefinition CreateDefinition();

    /// <summary>States what a card that comes from anywhere may ask for, beyond <see cref="Validate"/>: absurd numbers must not cost memory
    /// or time.</summary>
    /// <param name="require">Takes a condition and, as a clause, the rule that it stands for.</param>
    protected internal virtual void CheckLimits(Action<bool, string> require) { }

    /// <summary>Throws unless a condition holds.</summary>
    /// <exception cref="GraphException">It does not.</exception>
    protected void Require(bool condition, string rule)
    {
        if (!condition)
            throw new GraphException($"{GetType().Name[..^"Options".Length]}'s options break a rule: {rule}.");
    }
}

/// <summary>What every family of classifiers has among its options. Stochastic depth grows linearly from 0 at the first block.</summary>
public abstract record ClassifierOptions : ModelOptions
{
    /// <summary>Image channels, 1 or more.</summary>
    public int InChannels { get; init; } = 3;

    /// <summary>Classes; 0 for a network without head, whose output is the pooled features (N, C).</summary>
    public int NumClasses { get; init; } = 1000;

    /// <summary>The module that makes the classes of the features, by its official name.</summary>
    [JsonIgnore]
    public virtual string HeadName => "head";

    /// <inheritdoc/>
    public sealed override int ClassCount => NumClasses;

    /// <inheritdoc/>
    public sealed override ImmutableArray<string> HeadNames => [HeadName];

    /// <inheritdoc/>
    public sealed override ModelOptions WithClasses(int classes) => this with { NumClasses = classes };

    /// <inheritdoc/>
    public override ModelTask Task => ModelTask.Classification;

    /// <summary>The network without its head. Validates the options.</summary>
    /// <exception cref="GraphException">The options describe no network.</exception>
    public abstract IBackbone CreateBackbone();

    /// <summary>The head that the family has over its last map.</summary>
    public abstract ClassifierHead CreateHead();

    /// <inheritdoc/>
    public override IModelDefinition CreateDefinition() => new Classifier(CreateBackbone(), CreateHead());

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require(InChannels > 0 && NumClasses >= 0, "image channels are positive and classes not negative");
    }

    /// <inheritdoc/>
    protected internal override void CheckLimits(Action<bool, string> require)
    {
        require(InChannels <= CardRules.MaxChannels, $"image channels are at most {CardRules.MaxChannels}");
        require(NumClasses <= CardRules.MaxClasses, $"classes are at most {CardRules.MaxClasses}");
    }

    /// <summary>States limits of stages, for <see cref="CheckLimits"/>.</summary>
    /// <param name="require">Takes a condition and the rule that it stands for.</param>
    /// <param name="depths">Blocks of each stage.</param>
    /// <param name="widths">Channels of each stage.</param>
    protected static void RequireStages(Action<bool, string> require, ImmutableArray<int> depths, IEnumerable<long> widths)
    {
        require(
            depths.Length <= 16 && depths.All(depth => depth <= CardRules.MaxBlocks),
            $"a network has at most 16 stages of {CardRules.MaxBlocks} blocks"
        );
        require(widths.All(c => c <= CardRules.MaxChannels), $"channels are at most {CardRules.MaxChannels}");
    }

    /// <summary>The rate of each block's stochastic depth, in the order of the blocks: 0 at the first,
    /// <see cref="ModelOptions.DropPathRate"/> at the last.</summary>
    /// <param name="blocks">How many blocks there are.</param>
    public double[] DropPathRates(int blocks) =>
        [.. Enumerable.Range(0, blocks).Select(i => blocks > 1 ? DropPathRate * i / (blocks - 1) : 0)];
}
