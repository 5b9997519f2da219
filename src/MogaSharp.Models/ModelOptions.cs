using System.Collections.Immutable;
using System.Text.Json.Serialization;
using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>What every family of classifiers has among its options. Immutable; <c>with</c> makes variants.</summary>
public abstract record ModelOptions
{
    /// <summary>Image channels, 1 or more.</summary>
    public int InChannels { get; init; } = 3;

    /// <summary>Classes; 0 for a network without head, whose output is the pooled features (N, C).</summary>
    public int NumClasses { get; init; } = 1000;

    /// <summary>Dropout where the family has it, 0 to below 1 (training only).</summary>
    public double DropRate { get; init; }

    /// <summary>Stochastic depth of the last block, 0 to below 1; grows linearly from 0 at the first (training only).</summary>
    public double DropPathRate { get; init; }

    /// <summary>The family's name in model cards.</summary>
    [JsonIgnore]
    public abstract string Family { get; }

    /// <summary>The module that makes the classes of the features, by its official name; what fine-tuning replaces.</summary>
    [JsonIgnore]
    public virtual string HeadName => "head";

    /// <summary>Blocks of each stage.</summary>
    internal abstract ImmutableArray<int> StageDepths { get; }

    /// <summary>Channels of each stage.</summary>
    internal abstract IEnumerable<long> StageWidths { get; }

    /// <summary>The limit, as a clause, that a number of these options exceeds so far that only a mistake or an attack explains it; null for none.</summary>
    internal virtual string? BrokenLimit => null;

    /// <summary>Throws unless the options describe a network.</summary>
    /// <exception cref="GraphException">The message names the option.</exception>
    public virtual void Validate()
    {
        Require(InChannels > 0 && NumClasses >= 0, "image channels are positive and classes not negative");
        Require(DropRate is >= 0 and < 1 && DropPathRate is >= 0 and < 1, "drop rates lie from 0 to below 1");
    }

    /// <summary>The network that the options describe.</summary>
    /// <exception cref="GraphException">They describe none.</exception>
    public abstract IModelDefinition CreateDefinition();

    /// <summary>Throws unless a condition holds.</summary>
    /// <exception cref="GraphException">It does not.</exception>
    private protected void Require(bool condition, string rule)
    {
        if (!condition) throw new GraphException($"{GetType().Name[..^"Options".Length]}'s options break a rule: {rule}.");
    }

    /// <summary>The rate of each block's stochastic depth, in the order of the blocks: 0 at the first, <see cref="DropPathRate"/> at the last.</summary>
    /// <param name="blocks">How many blocks there are.</param>
    internal double[] DropPathRates(int blocks) => [.. Enumerable.Range(0, blocks).Select(i => blocks > 1 ? DropPathRate * i / (blocks - 1) : 0)];
}
