using System.Collections.Immutable;
using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>
/// The head of UperNet (arXiv 1807.10221; MMSegmentation's <c>UPerHead</c>): pyramid pooling of the coarsest map, a feature pyramid with
/// bilinear enlargement, and all its maps, brought to the size of the finest, in one 3x3 convolution. Output: <c>decode_logits</c>
/// (N, classes, H, W) in the size of the finest map.
/// </summary>
public sealed record UPerHead : IHead
{
    /// <summary>Classes.</summary>
    public required int NumClasses { get; init; }

    /// <summary>Channels of the convolutions.</summary>
    public int Channels { get; init; } = 512;

    /// <summary>Rows and columns of the grids that the coarsest map is pooled to.</summary>
    public ImmutableArray<int> PoolScales { get; init; } = [1, 2, 3, 6];

    /// <summary>Share of the channels that are dropped before the classes (training only).</summary>
    public double DropRate { get; init; } = 0.1;

    /// <inheritdoc/>
    public IReadOnlyList<GraphOutput> Build(Scope net, IReadOnlyList<Value> features)
    {
        var classes = new PixelClassifier(net, Channels, NumClasses, DropRate);
        Value top = PyramidPooling(net, features[^1]);
        Value[] maps = [.. features.SkipLast(1).Select((map, i) => net["lateral_convs"][i].ConvNormRelu(map, Channels, 1)), top];
        for (int i = maps.Length - 1; i > 0; i--)
            maps[i - 1] += net.Resize(maps[i], maps[i - 1]);
        Value[] levels = [.. maps.SkipLast(1).Select((map, i) => net["fpn_convs"][i].ConvNormRelu(map, Channels, 3)), top];
        Value all = net.Concat([levels[0], .. levels.Skip(1).Select(map => net.Resize(map, levels[0]))]);
        return [new(ISegmentationDefinition.Logits, classes.Apply(net["fpn_bottleneck"].ConvNormRelu(all, Channels, 3)))];
    }

    private Value PyramidPooling(Scope net, Value x)
    {
        IEnumerable<Value> pooled = PoolScales.Select(
            (size, i) =>
            {
                Scope module = net["psp_modules"][i];
                Value means = module.Add(new AdaptiveAveragePool2d(size), x);
                return net.Resize(module[1].ConvNormRelu(means, Channels, 1), x);
            }
        );
        return net["bottleneck"].ConvNormRelu(net.Concat([x, .. pooled]), Channels, 3);
    }
}
