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

    public static TrainingBatch Objects(ModelCard card, Shape shape, Random random)
    {
        const int Each = 4;
        var size = new ImageSize(shape[3], shape[2]);
        return new DetectionBatch(
            Values(shape, random),
            shape,
            [.. Enumerable.Range(0, shape[0]).Select(_ => Enumerable.Range(0, Each).Select(_ => Object()).ToImmutableArray())]
        )
        {
            Sizes = [.. Enumerable.Repeat(size, shape[0])],
        };

        AnnotatedObject Object()
        {
            int width = 1 + random.Next(size.Width),
                height = 1 + random.Next(size.Height);
            var window = new PixelWindow(random.Next(size.Width - width + 1), random.Next(size.Height - height + 1), width, height);
            byte[] inside = new byte[window.Area];
            inside.AsSpan().Fill(1);
            return new AnnotatedObject(new Box(window.Left, window.Top, width, height), window.Area, random.Next(card.Options.ClassCount))
            {
                Mask = RunLengthMask.FromPixels(inside, window, size),
            };
        }
    }

    private static float[] Values(Shape shape, Random random)
    {
        float[] values = new float[checked((int)shape.ElementCount)];
        for (int i = 0; i < values.Length; i++)
            values[i] = (random.NextSingle() * 4) - 2;
        return values;
    }
}
