using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>
/// RetinaNet's head (arXiv 1708.02002; MMDetection's <c>RetinaHead</c>), which all maps of the pyramid share: 3x3 convolutions with ReLU on
/// two ways, to the classes and to the boxes of each anchor. Outputs: <c>cls.I</c> (N, anchors x classes, H, W) and <c>reg.I</c>
/// (N, anchors x 4, H, W).
/// </summary>
public sealed record RetinaHead : IHead
{
    private const double InitialDeviation = 0.01,
        InitialShare = 0.01;

    /// <summary>Classes.</summary>
    public required int NumClasses { get; init; }

    /// <summary>Anchors at each place.</summary>
    public required int Anchors { get; init; }

    /// <summary>Channels of the convolutions.</summary>
    public int Channels { get; init; } = 256;

    /// <summary>Convolutions on each way.</summary>
    public int Depth { get; init; } = 4;

    /// <inheritdoc/>
    public IReadOnlyList<GraphOutput> Build(Scope net, IReadOnlyList<Value> features)
    {
        var initial = new Initializer.Normal(InitialDeviation);
        GraphModule[] classTower = Tower("cls_convs"),
            boxTower = Tower("reg_convs");
        // A rare class at first, so that the many places without a thing do not drown the loss.
        var share = new Initializer.Constant((float)-Math.Log((1 - InitialShare) / InitialShare));
        GraphModule classes = net.Declared("retina_cls", Channels, Anchors * NumClasses, 3, initial, share),
            boxes = net.Declared("retina_reg", Channels, Anchors * 4, 3, initial);
        return
        [
            .. features.Select((map, i) => new GraphOutput($"cls.{i}", classes.Apply(Through(classTower, map)))),
            .. features.Select((map, i) => new GraphOutput($"reg.{i}", boxes.Apply(Through(boxTower, map)))),
        ];

        GraphModule[] Tower(string name) =>
            [
                .. Enumerable
                    .Range(0, Depth)
                    .Select(i => net[name][i].Declared("conv", i == 0 ? features[0].Channels : Channels, Channels, 3, initial)),
            ];

        Value Through(GraphModule[] tower, Value map) =>
            tower.Aggregate(map, (x, conv) => net.Activate(ActivationKind.Relu, conv.Apply(x)));
    }
}
