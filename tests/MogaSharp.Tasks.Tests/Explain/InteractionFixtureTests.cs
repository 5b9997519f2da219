using System.Collections.Immutable;
using MogaSharp.Cpu;
using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Tasks.Tests.Explain;

/// <summary>Interactions against those that were computed from their definition with PyTorch.</summary>
public sealed class InteractionFixtureTests : IDisposable
{
    private readonly CpuEngine _engine = new(new(Threads: 2));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _engine.Dispose();

    [Theory]
    [InlineData("interaction_exact_3x3", "log_odds")]
    [InlineData("interaction_exact_3x3", "log_prob")]
    [InlineData("interaction_exact_3x3", "logit")]
    [InlineData("interaction_exact_4x4", "log_odds")]
    public void Of_all_sets_they_are_those_of_the_definition(string name, string value)
    {
        var fixture = new ExplainFixture(name);
        ImageInteractions[] images =
        [
            .. fixture.Labels.Select(
                (label, image) =>
                {
                    using MultiOrderInteraction meter = Open(fixture, fixture.Grid, value);
                    return meter.MeasureAll(fixture.Image(image), label, cancellationToken: Token);
                }
            ),
        ];
        for (int image = 0; image < images.Length; image++)
        {
            double largest = 20 * double.Parse(fixture.File.Metadata[$"value.f32_noise.image{image}"]);
            if (value == "log_odds")
                Assert.InRange(
                    fixture.File.Difference($"image{image}.v.log_odds", [.. images[image].Values.Select(x => (float)x)]),
                    0,
                    largest
                );
            AssertPairMajor(fixture.File.Doubles($"image{image}.I.{value}"), images[image], 4 * largest);
            Assert.Equal(1 << images[image].Grid * images[image].Grid, images[image].Passes);
        }

        Assert.Equal(fixture.File.Longs("pairs"), images[0].Pairs.SelectMany(pair => new long[] { pair.First, pair.Second }));
        double noise = Enumerable
            .Range(0, images.Length)
            .Max(image => double.Parse(fixture.File.Metadata[$"value.f32_noise.image{image}"]));
        AssertClose(fixture.File.Doubles($"J.all_pairs.{value}"), images, null, noise);
        AssertClose(fixture.File.Doubles($"J.distance_1.{value}"), images, 1, noise);
        AssertClose(fixture.File.Doubles($"J.distance_2.{value}"), images, 2, noise);
    }

    [Theory]
    [InlineData("interaction_exact_3x3")]
    [InlineData("interaction_exact_4x4")]
    public void Values_of_all_sets_are_put_together_as_the_definition_does(string name)
    {
        var fixture = new ExplainFixture(name);
        double[] values = [.. fixture.File.Floats("v.log_odds").Select(x => (double)x)];
        AssertPairMajor(fixture.File.Doubles("image0.I.log_odds"), ImageInteractions.OfAllSets(fixture.Grid, values), 1e-12);
    }

    [Theory]
    [InlineData("interaction_sampled_6x6_50px", "log_odds")]
    [InlineData("interaction_sampled_6x6_50px", "log_prob")]
    [InlineData("interaction_sampled_6x6_50px", "logit")]
    [InlineData("interaction_sampled_8x8", "log_odds")]
    [InlineData("interaction_sampled_8x8", "log_prob")]
    [InlineData("interaction_sampled_8x8", "logit")]
    public void Of_given_pairs_and_contexts_they_are_those_of_the_definition(string name, string value)
    {
        var fixture = new ExplainFixture(name);
        using MultiOrderInteraction meter = Open(fixture, fixture.Grid, value);
        ImageInteractions[] images =
        [
            .. fixture.Labels.Select((label, image) => meter.Measure(fixture.Image(image), label, fixture.Draw(image), null, Token)),
        ];
        if (value == "log_odds")
        {
            double bound = 20 * fixture.File.Noise("value");
            Assert.InRange(
                fixture.File.Difference("v_log_odds", [.. images.SelectMany(image => image.Values).Select(x => (float)x)]),
                0,
                bound
            );
            double[] interactions = [.. images.SelectMany(image => image.Interactions).SelectMany(row => row)];
            double[] expected = fixture.File.Doubles("I_log_odds");
            Assert.Equal(expected.Length, interactions.Length);
            Assert.All(expected.Zip(interactions), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 4 * bound));
        }

        AssertClose(fixture.File.Doubles($"J.{value}"), images, null, fixture.File.Noise("value"));
    }

    [Fact]
    public void Dropped_patches_give_the_logits_of_the_definition()
    {
        var fixture = new ExplainFixture("patch_drop_7x7");
        (ComputationGraph graph, WeightSet weights) = fixture.Network();
        float[] mean = [0.485f, 0.456f, 0.406f],
            deviation = [0.229f, 0.224f, 0.225f];
        int plane = fixture.InputShape[2] * fixture.InputShape[3];
        var images = new Tensor(
            fixture.InputShape,
            [
                .. FormulaWeights
                    .Uniform(fixture.InputShape.ElementCount, fixture.File.Metadata["input_name"])
                    .Select((u, i) => ((float)u - mean[i / plane % 3]) / deviation[i / plane % 3]),
            ]
        );
        using var occlusion = new PatchOcclusion(graph, weights, new() { Grid = fixture.Grid, Batch = 4 }, _engine, mean, deviation);
        byte[] dropped = fixture.File.Bytes("dropped");
        int patches = fixture.Grid * fixture.Grid,
            steps = dropped.Length / patches;
        Tensor[] logits =
        [
            .. Enumerable
                .Range(0, steps)
                .Select(step =>
                    occlusion.Logits(images, [.. Enumerable.Range(0, patches).Where(p => dropped[(step * patches) + p] != 0)], Token)
                ),
        ];
        Assert.InRange(fixture.File.Difference("logits", logits.SelectMany(x => x.Data).ToArray()), 0, 20 * fixture.File.Noise("logits"));
        int[] clean = [.. ClassesOf(logits[0])];
        Assert.Equal(
            fixture.File.Doubles("agreement_with_clean"),
            logits.Select(row => ClassesOf(row).Zip(clean, (a, b) => a == b ? 1.0 : 0).Average())
        );
        Assert.Equal(
            Enumerable.Range(0, steps / 2).Select(step => dropped.AsSpan(step * patches, patches).ToArray().Sum(x => x)),
            OcclusionOptions.Counts(patches)
        );
    }

    private static IEnumerable<int> ClassesOf(Tensor logits) =>
        logits.Data.Chunk(logits.Shape[1]).Select(row => Array.IndexOf(row, row.Max()));

    private MultiOrderInteraction Open(ExplainFixture fixture, int grid, string value)
    {
        (ComputationGraph graph, WeightSet weights) = fixture.Network();
        return new(
            graph,
            weights,
            new()
            {
                Grid = grid,
                Value = InteractionValues.Parse(value),
                Batch = 64,
            },
            _engine
        );
    }

    // The fixture has rows of pairs, results have rows of orders.
    private static void AssertPairMajor(double[] expected, ImageInteractions result, double bound)
    {
        int orders = result.Orders.Length;
        Assert.Equal(expected.Length, orders * result.Pairs.Length);
        for (int at = 0; at < expected.Length; at++)
            Assert.InRange(Math.Abs(expected[at] - result.Interactions[at % orders][at / orders]), 0, bound);
    }

    // How far J is off when the values are, each by as much as the official ones in single precision: a few times what that does.
    private static void AssertClose(double[] expected, ImageInteractions[] images, int? distance, double noise)
    {
        double[] j = [.. InteractionCurve.Of(images, distance).J],
            bounds = new double[j.Length];
        for (int run = 0; run < 8; run++)
        {
            var random = new Random(run);
            ImageInteractions[] moved = [.. images.Select(image => Moved(image, noise, random))];
            double[] other = [.. InteractionCurve.Of(moved, distance).J];
            for (int order = 0; order < j.Length; order++)
                bounds[order] = Math.Max(bounds[order], 4 * Math.Abs(other[order] - j[order]));
        }

        Assert.Equal(expected.Length, j.Length);
        for (int order = 0; order < j.Length; order++)
            Assert.InRange(Math.Abs(expected[order] - j[order]), 0, bounds[order]);
        Assert.All(bounds, bound => Assert.InRange(bound, 0, 1e-3));
    }

    // Equal values are of one masked image, which went through the network once.
    private static ImageInteractions Moved(ImageInteractions image, double noise, Random random)
    {
        Dictionary<double, double> known = [];
        double[] values =
        [
            .. image.Values.Select(value =>
                known.TryGetValue(value, out double moved) ? moved : known[value] = value + (noise * ((2 * random.NextDouble()) - 1))
            ),
        ];
        if (values.Length == 1 << (image.Grid * image.Grid))
            return ImageInteractions.OfAllSets(image.Grid, values);
        int contexts = values.Length / (4 * image.Orders.Length * image.Pairs.Length);
        double[] sums = [.. values.Chunk(4).Select(corner => corner[0] - corner[1] - corner[2] + corner[3])];
        double[] means = [.. sums.Chunk(contexts).Select(chunk => chunk.Average())];
        return image with { Interactions = [.. means.Chunk(image.Pairs.Length).Select(row => row.ToImmutableArray())] };
    }
}
