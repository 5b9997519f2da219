using System.Collections.Immutable;
using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>
/// The head of top-down pose networks (arXiv 1804.06208; MMPose's <c>TopdownHeatmapSimpleHead</c>): transposed 4x4 convolutions that double
/// the coarsest map, each with batch normalization and ReLU, and a 1x1 convolution to a map per joint. Output: <c>heatmap</c>
/// (N, joints, H, W) with a quarter of the image's rows and columns.
/// </summary>
public sealed record HeatMapHead : IHead
{
    private const double InitialDeviation = 0.001;

    /// <summary>Joints.</summary>
    public required int Joints { get; init; }

    /// <summary>Channels of the transposed convolutions, one each.</summary>
    public ImmutableArray<int> Channels { get; init; } = [256, 256, 256];

    /// <inheritdoc/>
    public IReadOnlyList<GraphOutput> Build(Scope net, IReadOnlyList<Value> features)
    {
        var initial = new Initializer.Normal(InitialDeviation);
        Value x = features[^1];
        for (int i = 0; i < Channels.Length; i++)
        {
            Scope layers = net["deconv_layers"];
            x = layers.ConvTranspose($"{3 * i}", x, Channels[i], kernel: 4, stride: 2, padding: 1, hasBias: false, initial);
            x = layers.Activate(ActivationKind.Relu, layers.BatchNorm($"{(3 * i) + 1}", x));
        }

        return [new(IPoseDefinition.HeatMaps, net.Declared("final_layer", x.Channels, Joints, 1, initial).Apply(x))];
    }
}
