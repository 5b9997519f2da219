using System.Collections.Immutable;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Vision;

namespace MogaSharp.Tasks;

/// <summary>Detectors' graphs in the terms of the code between them.</summary>
public static class DetectionHeads
{
    /// <summary>The anchors of a definition.</summary>
    /// <param name="layout">The definition's.</param>
    public static AnchorGenerator ToGenerator(this AnchorLayout layout) =>
        new(layout.Strides, [.. layout.Ratios.Select(ratio => (float)ratio)], [.. layout.Scales.Select(scale => (float)scale)]);

    /// <summary>How a stage's numbers become boxes.</summary>
    /// <param name="stage">The stage.</param>
    public static BoxCoder ToCoder(this RegionStage stage) =>
        stage.Deviations is [var x, var y, var width, var height]
            ? new((float)x, (float)y, (float)width, (float)height)
            : throw new ArgumentException("A stage has four deviations.", nameof(stage));

    /// <summary>An image's maps of classes and boxes, of every level.</summary>
    /// <param name="definition">The model.</param>
    /// <param name="tensor">Gives an output of the image graph, (1, C, H, W), by its name.</param>
    public static ImmutableArray<HeadLevel> Levels(this IDetectionDefinition definition, Func<string, Tensor> tensor) =>
        [
            .. definition.Anchors.Strides.Select(
                (_, level) =>
                {
                    Tensor classes = tensor(definition.ClassOutput(level));
                    return new HeadLevel(
                        classes.Data,
                        tensor(definition.BoxOutput(level)).Data,
                        new ImageSize(classes.Shape[3], classes.Shape[2])
                    );
                }
            ),
        ];
}
