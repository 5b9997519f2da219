using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>A 3x3 convolution and classes, pixel by pixel (MMSegmentation's <c>FCNHead</c> with one convolution): UperNet's auxiliary head,
/// which only training runs. Output: <c>aux_logits</c> (N, classes, H, W).</summary>
public sealed record FcnHead : IHead
{
    /// <summary>Classes.</summary>
    public required int NumClasses { get; init; }

    /// <summary>Channels of the convolution.</summary>
    public int Channels { get; init; } = 256;

    /// <summary>The map that it reads, from 0, the finest.</summary>
    public int Level { get; init; } = 2;

    /// <summary>Share of the channels that are dropped before the classes (training only).</summary>
    public double DropRate { get; init; } = 0.1;

    /// <inheritdoc/>
    public IReadOnlyList<GraphOutput> Build(Scope net, IReadOnlyList<Value> features)
    {
        var classes = new PixelClassifier(net, Channels, NumClasses, DropRate);
        return [new(ISegmentationDefinition.AuxiliaryLogits, classes.Apply(net["convs"][0].ConvNormRelu(features[Level], Channels, 3)))];
    }
}
