using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>
/// The region proposal network (arXiv 1506.01497; MMDetection's <c>RPNHead</c>), which all maps of the pyramid share: a 3x3 convolution
/// with ReLU, then for each anchor whether there is a thing and how the box moves. Outputs: <c>rpn.cls.I</c> (N, anchors, H, W),
/// <c>rpn.reg.I</c> (N, anchors x 4, H, W), and the maps that regions are cut out of, <c>fpn.I</c>.
/// </summary>
public sealed record RpnHead : IHead
{
    private const double InitialDeviation = 0.01;

    /// <summary>Anchors at each place.</summary>
    public required int Anchors { get; init; }

    /// <summary>How many of the maps regions are cut out of, the finest first.</summary>
    public required int RegionMaps { get; init; }

    /// <summary>Channels of the convolution.</summary>
    public int Channels { get; init; } = 256;

    /// <inheritdoc/>
    public IReadOnlyList<GraphOutput> Build(Scope net, IReadOnlyList<Value> features)
    {
        var initial = new Initializer.Normal(InitialDeviation);
        GraphModule conv = net.Declared("rpn_conv", features[0].Channels, Channels, 3, initial),
            things = net.Declared("rpn_cls", Channels, Anchors, 1, initial),
            boxes = net.Declared("rpn_reg", Channels, Anchors * 4, 1, initial);
        Value[] maps = [.. features.Select(map => net.Activate(ActivationKind.Relu, conv.Apply(map)))];
        return
        [
            .. maps.Select((map, i) => new GraphOutput($"rpn.cls.{i}", things.Apply(map))),
            .. maps.Select((map, i) => new GraphOutput($"rpn.reg.{i}", boxes.Apply(map))),
            .. features.Take(RegionMaps).Select((map, i) => new GraphOutput(IRegionDefinition.MapName(i), map)),
        ];
    }
}
