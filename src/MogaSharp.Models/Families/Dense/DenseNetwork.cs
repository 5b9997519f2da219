using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>
/// A backbone with a head that reads its maps, and where there is one a pyramid between. Parameter names are those of OpenMMLab's
/// checkpoints: <c>backbone.</c>, <c>neck.</c> and the heads' own.
/// </summary>
/// <remarks>Outputs of the stages: <c>backbone.0</c> and so on, and <c>fpn.0</c> and so on of a pyramid.</remarks>
public abstract class DenseNetwork : IModelDefinition
{
    private readonly (string Name, IHead Head) _head;
    private readonly (string Name, IHead Head)? _auxiliary;

    /// <summary>Puts a network together.</summary>
    /// <param name="backbone">The backbone.</param>
    /// <param name="head">The head, and its modules' official name.</param>
    /// <param name="neck">The pyramid that the head reads; null where it reads the backbone's maps.</param>
    /// <param name="auxiliary">A head over the backbone's maps that only training runs; null for none.</param>
    private protected DenseNetwork(
        IBackbone backbone,
        (string Name, IHead Head) head,
        Fpn? neck = null,
        (string Name, IHead Head)? auxiliary = null
    ) => (Backbone, _head, Neck, _auxiliary) = (backbone, head, neck, auxiliary);

    /// <summary>The backbone.</summary>
    public IBackbone Backbone { get; }

    /// <summary>The pyramid between the backbone and the head; null for none.</summary>
    public Fpn? Neck { get; }

    /// <summary>Image channels.</summary>
    public int InChannels => Backbone.InChannels;

    /// <inheritdoc/>
    public Shape InputShape(int batch, int height, int width) => new(batch, InChannels, height, width);

    /// <inheritdoc/>
    /// <remarks>The auxiliary head's parameters belong to the graph whether or not it is an output.</remarks>
    public ComputationGraph Build(Shape input, ModelOutputs outputs = ModelOutputs.Head)
    {
        if (input.Rank != 4 || input.Extents[1] != InChannels || input.ElementCount == 0)
            throw new GraphException($"The network takes images of shape (N, {InChannels}, H, W), it got {input}.");
        var builder = new GraphBuilder(ParameterOrder.Modules);
        Scope root = builder.Root;
        Value image = builder.Input("input", input);
        IReadOnlyList<Value> features = Backbone.Build(root["backbone"], image);
        IReadOnlyList<Value> maps = Neck?.Build(root["neck"], features) ?? features;
        IReadOnlyList<GraphOutput> head = _head.Head.Build(root[_head.Name], maps);
        IReadOnlyList<GraphOutput> auxiliary = _auxiliary is { } other ? other.Head.Build(root[other.Name], features) : [];
        DeclareRest(builder);
        var results = new List<GraphOutput>();
        if (outputs.HasFlag(ModelOutputs.Head))
            results.AddRange(head);
        if (outputs.HasFlag(ModelOutputs.Auxiliary))
            results.AddRange(auxiliary);
        if (outputs.HasFlag(ModelOutputs.Resized))
            results.AddRange(
                head.Where(output => output.Name == ISegmentationDefinition.Logits)
                    .Select(output => new GraphOutput(ISegmentationDefinition.ResizedLogits, root.Resize(output.Value, image)))
            );
        if (outputs.HasFlag(ModelOutputs.Stages))
        {
            results.AddRange(features.Select((map, i) => new GraphOutput($"backbone.{i}", map)));
            if (Neck is not null)
                results.AddRange(maps.Select((map, i) => new GraphOutput($"fpn.{i}", map)));
        }

        // A head may give maps of the pyramid too.
        return builder.Build([.. results.DistinctBy(output => output.Name)]).Pruned();
    }

    /// <summary>Declares the parameters that only the network's other graphs read, after the head's.</summary>
    private protected virtual void DeclareRest(GraphBuilder builder) { }
}

/// <summary>A network from images to the class of each pixel.</summary>
internal sealed class Segmentor(int classes, IBackbone backbone, IHead head, Fpn? neck = null, IHead? auxiliary = null)
    : DenseNetwork(backbone, ("decode_head", head), neck, auxiliary is null ? null : ("auxiliary_head", auxiliary)),
        ISegmentationDefinition
{
    public int NumClasses => classes;
}

/// <summary>A network from images of a person to a heat map for each joint.</summary>
internal sealed class PoseNetwork(int joints, IBackbone backbone, IHead head)
    : DenseNetwork(backbone, ("keypoint_head", head)),
        IPoseDefinition
{
    public int Joints => joints;
}
