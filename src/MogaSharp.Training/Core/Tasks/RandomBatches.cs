using MogaSharp.Graph;
using MogaSharp.Models;

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

    private static float[] Values(Shape shape, Random random)
    {
        float[] values = new float[checked((int)shape.ElementCount)];
        for (int i = 0; i < values.Length; i++)
            values[i] = (random.NextSingle() * 4) - 2;
        return values;
    }
}
