using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>The last layer of segmentation heads: dropout of whole maps and a 1x1 convolution to the classes, <c>conv_seg</c>.</summary>
internal sealed class PixelClassifier
{
    private const double InitialDeviation = 0.01;

    private readonly Scope _head;
    private readonly GraphModule _conv;
    private readonly double _dropRate;

    /// <summary>Declares the layer, which the official heads do before any other.</summary>
    public PixelClassifier(Scope head, int channels, int classes, double dropRate)
    {
        (_head, _dropRate) = (head, dropRate);
        _conv = head.Declared("conv_seg", channels, classes, 1, new Initializer.Normal(InitialDeviation));
    }

    /// <summary>Adds the layer.</summary>
    public Value Apply(Value x) => _conv.Apply(_head.ChannelDropout(_dropRate, x));
}
