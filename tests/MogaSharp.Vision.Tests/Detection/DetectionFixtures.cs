using MogaSharp.Testing;

namespace MogaSharp.Vision.Tests;

/// <summary>What the official code gives for the parts of detectors, and random boxes.</summary>
internal static class DetectionFixtures
{
    public static FixtureFile Units(string name) => new(Repository.Fixture("dense", "detection", "units", $"{name}.safetensors"));

    /// <summary>Boxes with sides of up to half of the image, some of them equal to others.</summary>
    public static float[] RandomBoxes(Random random, int count, float image = 200, float from = 0)
    {
        float[] boxes = new float[count * 4];
        for (int i = 0; i < count; i++)
        {
            if (i > 0 && random.Next(10) == 0)
            {
                boxes.AsSpan(random.Next(i) * 4, 4).CopyTo(boxes.AsSpan(i * 4));
                continue;
            }

            (float x, float y) = (from + (random.NextSingle() * image), from + (random.NextSingle() * image));
            (boxes[i * 4], boxes[(i * 4) + 1]) = (x, y);
            (boxes[(i * 4) + 2], boxes[(i * 4) + 3]) = (x + (random.NextSingle() * image / 2), y + (random.NextSingle() * image / 2));
        }

        return boxes;
    }

    public static float[] RandomFloats(Random random, int count, float least, float most) =>
        [.. Enumerable.Range(0, count).Select(_ => least + (random.NextSingle() * (most - least)))];

    public static void AssertNear(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double absolute, double relative = 0)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            double most = absolute + (relative * Math.Abs(expected[i]));
            Assert.True(Math.Abs(expected[i] - actual[i]) <= most, $"At {i}: {actual[i]} instead of {expected[i]}.");
        }
    }
}
