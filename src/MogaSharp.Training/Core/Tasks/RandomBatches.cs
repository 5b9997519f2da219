using System.Collections.Immutable;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Vision;

namespace MogaSharp.Training;

/// <summary>Batches of random values, of which only the shapes matter.</summary>
internal static class RandomBatches
{
    public static TrainingBatch Images(ModelCard card, Shape shape, Random random)
    {
        int classes = ((ClassifierOptions)card.Options).NumClasses;
        return new ClassificationBatch(Values(shape, random), shape, Enumerable.Range(0, shape[0]).Select(i => i % classes).ToArray());
    }

    public static TrainingBatch Clips(ModelCard card, Shape shape, Random random) =>
        new VideoBatch(Values(shape, random), shape, Values(shape, random));

    public static TrainingBatch LabelMaps(ModelCard card, Shape shape, Random random)
    {
        var size = new ImageSize(shape[3], shape[2]);
        LabelMap[] maps =
        [
            .. Enumerable
                .Range(0, shape[0])
                .Select(_ => new LabelMap(
                    size,
                    [.. Enumerable.Range(0, size.Width * size.Height).Select(_ => (byte)random.Next(card.Options.ClassCount))]
                )),
        ];
        return new SegmentationBatch(Values(shape, random), shape, maps);
    }

    public static TrainingBatch People(ModelCard card, Shape shape, Random random) =>
        new PoseBatch(Values(shape, random), shape)
        {
            Joints =
            [
                .. Enumerable
                    .Range(0, shape[0])
                    .Select(_ =>
                        Enumerable
                            .Range(0, card.Options.ClassCount)
                            .Select(_ => new KeyPoint(
                                random.NextDouble() * shape[3],
                                random.NextDouble() * shape[2],
                                KeyPointVisibility.Visible
                            ))
                            .ToImmutableArray()
                    ),
            ],
        };

    private static float[] Values(Shape shape, Random random)
    {
        float[] values = new float[checked((int)shape.ElementCount)];
        for (int i = 0; i < values.Length; i++)
            values[i] = (random.NextSingle() * 4) - 2;
        return values;
    }
}
