using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using MogaSharp.Graph;
using MogaSharp.Models;

namespace MogaSharp.Tasks;

/// <summary>Gives the feature maps at the end of each of a network's stages, <c>stage1</c> and so on: (1, C_i, H_i, W_i).</summary>
public sealed class FeatureExtractor : FixedSizePredictor<IReadOnlyDictionary<string, Tensor>>
{
    /// <summary>Binds a loaded model to an engine.</summary>
    /// <param name="model">A classifier, with classes or without; its head is not run.</param>
    /// <param name="engine">The engine, which must outlive the extractor; null for a managed one that the extractor owns.</param>
    /// <param name="logger">Receives the batches that go through the network and images that cannot be read; null for none.</param>
    /// <exception cref="ModelCardException">The model has no stages, or takes other than 3 channels.</exception>
    public FeatureExtractor(LoadedModel model, IInferenceEngine? engine = null, ILogger? logger = null)
        : base(model, Stages(model), engine, logger) { }

    /// <summary>Loads a model by catalogue name or card and binds it to an engine.</summary>
    /// <param name="nameOrCard">See <see cref="ModelSource.FindCard"/>.</param>
    /// <param name="engine">The engine, which must outlive the extractor; null for a managed one that the extractor owns.</param>
    /// <param name="options">Which weights.</param>
    /// <param name="cancellationToken">Ends a download.</param>
    /// <inheritdoc cref="ModelSource.LoadAsync(string, ModelSourceOptions, CancellationToken)"/>
    public static async Task<FeatureExtractor> CreateAsync(
        string nameOrCard,
        IInferenceEngine? engine = null,
        ModelSourceOptions? options = null,
        CancellationToken cancellationToken = default
    ) => new(await ModelSource.LoadAsync(nameOrCard, options ?? new(), cancellationToken).ConfigureAwait(false), engine);

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, Tensor> Interpret(PreparedImage image, NetworkOutputs outputs)
    {
        var maps = ImmutableDictionary.CreateBuilder<string, Tensor>(StringComparer.Ordinal);
        foreach (string name in outputs.Names)
            maps.Add(name, new Tensor(outputs.ShapeOf(name), outputs[name].ToArray()));
        return maps.ToImmutable();
    }

    private static ComputationGraph Stages(LoadedModel model) =>
        model.Definition is IClassifierDefinition
            ? model.Definition.Build(model.Graph.Inputs[0].Shape, ModelOutputs.Stages)
            : throw new ModelCardException(model.Card.Name, $"The model is for {model.Card.Options.Task}; it has no stages to show.")
            {
                IsForAnotherTask = true,
            };
}
