using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>A classifier: a backbone with a head over its last map.</summary>
/// <remarks>
/// Outputs of the head: <c>logits</c> (N, NumClasses), or <c>features</c> (N, C) without classes. Of the stages: <c>stage1</c> and so on,
/// (N, C_i, H_i, W_i).
/// </remarks>
/// <param name="backbone">The backbone.</param>
/// <param name="head">The head.</param>
public sealed class Classifier(IBackbone backbone, ClassifierHead head) : IClassifierDefinition
{
    /// <summary>The backbone.</summary>
    public IBackbone Backbone => backbone;

    /// <inheritdoc/>
    public int InChannels => backbone.InChannels;

    /// <inheritdoc/>
    public int NumClasses => head.NumClasses;

    /// <inheritdoc/>
    public ComputationGraph Build(Shape input, ModelOutputs outputs = ModelOutputs.Head)
    {
        if (input.Rank != 4 || input.Extents[1] != InChannels || input.ElementCount == 0)
            throw new GraphException($"The network takes images of shape (N, {InChannels}, H, W), it got {input}.");
        var builder = new GraphBuilder(backbone.Order);
        IReadOnlyList<Value> features = backbone.Build(builder.Root, builder.Input("input", input));
        var results = new List<GraphOutput>();
        if (outputs.HasFlag(ModelOutputs.Head))
            results.AddRange(head.Build(builder.Root, features));
        if (outputs.HasFlag(ModelOutputs.Stages))
            results.AddRange(features.Select((map, i) => new GraphOutput(backbone.Features[i].Name, map)));
        return builder.Build([.. results]);
    }
}
