using MogaSharp.Graph;
using MogaSharp.Models;

namespace MogaSharp.Tasks;

/// <summary>
/// A model with its weights in memory. Engines keep weights in a form of their own, so once a predictor has been made of it, it can be
/// let go.
/// </summary>
public sealed record LoadedModel
{
    /// <summary>Its card; the class count is that of the weights.</summary>
    public required ModelCard Card { get; init; }

    /// <summary>Builds its graphs.</summary>
    public required IModelDefinition Definition { get; init; }

    /// <summary>The graph for one image or clip at the size that the card states, with the outputs that the model is for.</summary>
    public required ComputationGraph Graph { get; init; }

    /// <summary>Its weights by official names.</summary>
    public required WeightSet Weights { get; init; }

    /// <summary>What was left out or guessed when the weights were read, each a sentence without a full stop; empty when nothing
    /// was.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>A model of weights that are in memory.</summary>
    /// <param name="card">Its card.</param>
    /// <param name="weights">Its weights by official names; whether they fit shows when a session is made of them.</param>
    /// <exception cref="GraphException">The card's options do not describe a network.</exception>
    public static LoadedModel Create(ModelCard card, WeightSet weights)
    {
        IModelDefinition definition = card.CreateDefinition();
        return new LoadedModel
        {
            Card = card,
            Definition = definition,
            Graph = BuildFor(card, definition),
            Weights = weights,
        };
    }

    internal static ComputationGraph BuildFor(ModelCard card, IModelDefinition definition) =>
        definition.Build(definition.InputShape(1, card.Preprocess.Height, card.Preprocess.Width));
}
