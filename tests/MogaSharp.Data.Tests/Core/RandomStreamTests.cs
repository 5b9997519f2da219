using System.Globalization;
using System.Text.Json;

namespace MogaSharp.Data.Tests;

public sealed class RandomStreamTests
{
    [Fact]
    public void Numbers_are_those_of_the_published_generator()
    {
        // numpy's Philox: key 12345, counter 1, 2, 3, 4 and the two after it.
        JsonElement reference = Reference.Json.GetProperty("philox");
        ulong[] expected =
        [
            .. reference
                .GetProperty("values")
                .EnumerateArray()
                .Select(value => ulong.Parse(value.GetString()!, CultureInfo.InvariantCulture)),
        ];
        var random = new RandomStream(12345, 2, 3, 4, 1);
        Assert.Equal(expected, expected.Select(_ => random.NextUInt64()));
    }

    [Fact]
    public void A_stream_is_a_function_of_seed_purpose_epoch_and_index()
    {
        ulong[] First(long seed, RandomPurpose purpose, long epoch, long index)
        {
            var random = new RandomStream(seed, purpose, epoch, index);
            return [.. Enumerable.Range(0, 40).Select(_ => random.NextUInt64())];
        }

        ulong[] one = First(5, RandomPurpose.Augmentation, 3, 7);
        Assert.Equal(one, First(5, RandomPurpose.Augmentation, 3, 7));
        ulong[][] others =
        [
            First(6, RandomPurpose.Augmentation, 3, 7),
            First(5, RandomPurpose.Erasing, 3, 7),
            First(5, RandomPurpose.Augmentation, 4, 7),
            First(5, RandomPurpose.Augmentation, 3, 8),
            First(-5, RandomPurpose.Augmentation, 3, 7),
        ];
        Assert.All(others, other => Assert.Empty(one.Intersect(other)));
    }

    [Fact]
    public void Doubles_are_even()
    {
        double[] sorted = Sorted(random => random.NextDouble());
        AssertDistribution(sorted, x => x);
        Assert.InRange(sorted[0], 0, 1);
        Assert.True(sorted[^1] < 1);
    }

    [Fact]
    public void Neighbouring_streams_are_even_too()
    {
        double[] sorted =
        [
            .. Enumerable.Range(0, Draws).Select(i => new RandomStream(1, RandomPurpose.Augmentation, 0, i).NextDouble()).Order(),
        ];
        AssertDistribution(sorted, x => x);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(100)]
    public void Whole_numbers_are_even(int count)
    {
        int[] counts = new int[count];
        var random = new RandomStream(3, RandomPurpose.Order, 0, 0);
        for (int i = 0; i < Draws; i++)
            counts[random.NextInt(count)]++;
        double expected = (double)Draws / count,
            chiSquare = counts.Sum(n => (n - expected) * (n - expected) / expected);
        // Mean count - 1, variance twice that: six deviations.
        Assert.True(chiSquare <= count - 1 + (6 * Math.Sqrt(2 * (count - 1))), $"chi square {chiSquare} for {count}");
        Assert.Throws<ArgumentOutOfRangeException>(() => random.NextInt(0));
    }

    [Fact]
    public void Gaussians_are_normal()
    {
        double[] sorted = Sorted(random => random.NextGaussian());
        Assert.InRange(sorted.Average(), -0.015, 0.015);
        Assert.InRange(sorted.Average(x => x * x), 0.98, 1.02);
        Assert.InRange(sorted.Average(x => x * x * x * x), 2.85, 3.15);
        // Known values of the distribution function.
        foreach (
            (double x, double probability) in new[]
            {
                (-2.0, 0.0227501),
                (-1, 0.1586553),
                (0, 0.5),
                (0.5, 0.6914625),
                (1, 0.8413447),
                (2, 0.9772499),
            }
        )
            Assert.InRange((double)sorted.Count(value => value < x) / sorted.Length, probability - 0.01, probability + 0.01);
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(1)]
    [InlineData(2)]
    public void Betas_have_their_distribution(double alpha)
    {
        double[] sorted = Sorted(random => random.NextBeta(alpha));
        AssertDistribution(
            sorted,
            alpha switch
            {
                0.5 => x => 2 / Math.PI * Math.Asin(Math.Sqrt(x)),
                1 => x => x,
                _ => x => x * x * (3 - (2 * x)),
            }
        );
    }

    [Theory]
    [InlineData(0.01)]
    [InlineData(0.1)]
    [InlineData(0.2)]
    [InlineData(0.8)]
    [InlineData(5)]
    public void Betas_have_their_mean_and_variance(double alpha)
    {
        double[] drawn = Sorted(random => random.NextBeta(alpha));
        double mean = drawn.Average(),
            variance = drawn.Average(x => (x - mean) * (x - mean));
        Assert.InRange(mean, 0.49, 0.51);
        double expected = 1 / (4 * ((2 * alpha) + 1));
        Assert.InRange(variance, 0.97 * expected, 1.03 * expected);
        Assert.InRange(drawn[0], 0, 1);
        Assert.InRange(drawn[^1], 0, 1);
    }

    [Fact]
    public void A_beta_without_a_parameter_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new RandomStream(0, RandomPurpose.Mixing, 0, 0).NextBeta(0));

    [Fact]
    public void Shuffles_are_even()
    {
        var counts = new Dictionary<string, int>();
        var random = new RandomStream(3, RandomPurpose.Order, 0, 0);
        for (int i = 0; i < 24_000; i++)
        {
            int[] numbers = [1, 2, 3, 4];
            random.Shuffle(numbers);
            string order = string.Concat(numbers);
            counts[order] = counts.GetValueOrDefault(order) + 1;
        }
        Assert.Equal(24, counts.Count);
        Assert.All(counts.Values, count => Assert.InRange(count, 800, 1200));
    }

    private const int Draws = 40_000;

    private static double[] Sorted(Func<RandomStream, double> draw)
    {
        var random = new RandomStream(11, RandomPurpose.Augmentation, 0, 0);
        return [.. Enumerable.Range(0, Draws).Select(_ => draw(random)).Order()];
    }

    /// <summary>Kolmogorov and Smirnov: the largest distance between the two distribution functions.</summary>
    private static void AssertDistribution(double[] sorted, Func<double, double> distribution)
    {
        double distance = sorted.Select((x, i) => Math.Abs(distribution(x) - ((i + 0.5) / sorted.Length))).Max();
        Assert.True(distance < 2.2 / Math.Sqrt(sorted.Length), $"distance {distance}");
    }
}
