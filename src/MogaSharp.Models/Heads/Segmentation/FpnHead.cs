using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>
/// The head of Semantic FPN (arXiv 1901.02446; MMSegmentation's <c>FPNHead</c>): each map of a pyramid is brought to the size of the finest
/// by 3x3 convolutions with a bilinear enlargement by 2 after each, and their sum is classified pixel by pixel. Output:
/// <c>decode_logits</c> (N, classes, H, W) in the size of the finest map.
/// </summary>
public sealed record FpnHead : IHead
{
    /// <summary>Classes.</summary>
    public required int NumClasses { get; init; }

    /// <summary>Channels of the convolutions.</summary>
    public int Channels { get; init; } = 128;

    /// <summary>Share of the channels that are dropped before the classes (training only).</summary>
    public double DropRate { get; init; } = 0.1;

    /// <inheritdoc/>
    public IReadOnlyList<GraphOutput> Build(Scope net, IReadOnlyList<Value> features)
    {
        var classes = new PixelClassifier(net, Channels, NumClasses, DropRate);
        Value? sum = null;
        for (int i = 0; i < features.Count; i++)
        {
            Scope scale = net["scale_heads"][i];
            Value x = scale[0].ConvNormRelu(features[i], Channels, 3);
            // Enlargements have a place in the list of modules too.
            for (int step = 1; step <= i; step++)
            {
                x = scale.Add(new Resize(Interpolation.Bilinear, 2), x);
                if (step < i)
                    x = scale[2 * step].ConvNormRelu(x, Channels, 3);
            }

            sum = sum is null ? x : sum + net.Resize(x, sum);
        }

        return [new(ISegmentationDefinition.Logits, classes.Apply(sum ?? throw new GraphException("The head got no map.")))];
    }
}
