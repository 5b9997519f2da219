using System.Drawing;
using System.Text.Json;
using MogaSharp.Testing;

namespace MogaSharp.Data.Tests;

/// <summary>Mixup and CutMix: timm's results for timm's weights and boxes, and the distribution of our own.</summary>
public sealed class MixPlanTests
{
    private static readonly FixtureFile Tensors = new(Repository.Fixture("augment", "mix.safetensors"));
    private static readonly JsonElement Plans = Reference.Json.GetProperty("mix").GetProperty("plans");
    private static readonly int[] Labels =
    [
        .. Reference.Json.GetProperty("mix").GetProperty("labels").EnumerateArray().Select(label => label.GetInt32()),
    ];

    public static TheoryData<string> Names => [.. Plans.EnumerateObject().Select(plan => plan.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Batches_and_targets_equal_those_of_timm(string name)
    {
        MixPlan plan = PlanOf(name);
        float[] images = Tensors.Floats("images");
        plan.Apply(images, 2, 7, 9);
        float[] expected = Tensors.Floats(name + "/images");
        for (int i = 0; i < images.Length; i++)
            Assert.Equal(expected[i], images[i], 1e-6f);
        float[] targets = new float[6 * 5],
            expectedTargets = Tensors.Floats(name + "/targets");
        plan.WriteTargets(Labels, 5, 0.1, targets);
        for (int i = 0; i < targets.Length; i++)
            Assert.Equal(expectedTargets[i], targets[i], 1e-6f);
    }

    [Fact]
    public void Smoothed_labels_without_mixing_have_known_values()
    {
        float[] targets = new float[8];
        SoftTargets.Write([2, 0], 4, 0.1, targets);
        float[] expected = [0.025f, 0.025f, 0.925f, 0.025f, 0.925f, 0.025f, 0.025f, 0.025f];
        for (int i = 0; i < targets.Length; i++)
            Assert.Equal(expected[i], targets[i], 1e-6f);
    }

    [Theory]
    [InlineData(MixMode.Batch)]
    [InlineData(MixMode.Element)]
    [InlineData(MixMode.Pair)]
    public void Plans_have_the_form_of_their_mode(MixMode mode)
    {
        MixPlan plan = MixPlan.Draw(new MixOptions { Mode = mode }, Stream(1), 8, 32, 24);
        Assert.Equal([7, 6, 5, 4, 3, 2, 1, 0], plan.Images.Select(mix => mix.Partner));
        (float, Rectangle?)[] draws = [.. plan.Images.Select(mix => (mix.Weight, mix.Box))];
        Assert.Equal(
            mode switch
            {
                MixMode.Batch => 1,
                MixMode.Pair => 4,
                _ => 8,
            },
            draws.Distinct().Count()
        );
        if (mode == MixMode.Pair)
            Assert.Equal(draws.AsEnumerable().Reverse(), draws);
        Assert.Equal(plan.Images, MixPlan.Draw(new MixOptions { Mode = mode }, Stream(1), 8, 32, 24).Images);
    }

    [Fact]
    public void Mixup_and_CutMix_take_turns_by_their_probability()
    {
        Mix[] mixes = Draw(new MixOptions { SwitchProbability = 0.3, Probability = 0.8 });
        Assert.InRange(mixes.Count(mix => mix.Box is not null) / 20_000.0, 0.23, 0.25);
        Assert.InRange(mixes.Count(mix => mix is { Box: null, Weight: 1 }) / 20_000.0, 0.185, 0.215);
        double[] weights = [.. mixes.Where(mix => mix is { Box: null, Weight: < 1 }).Select(mix => (double)mix.Weight)];
        // Beta(0.8, 0.8).
        Assert.InRange(weights.Average(), 0.49, 0.51);
        Assert.InRange(weights.Average(weight => (weight - 0.5) * (weight - 0.5)), 0.092, 0.1);
        Assert.All(Draw(new MixOptions { MixupAlpha = 0 }).Take(500), mix => Assert.NotNull(mix.Box));
        Assert.All(Draw(new MixOptions { CutMixAlpha = 0 }).Take(500), mix => Assert.Null(mix.Box));
    }

    [Fact]
    public void Boxes_lie_in_the_image_and_weights_are_corrected()
    {
        foreach (Mix mix in Draw(new MixOptions { MixupAlpha = 0 }))
        {
            Rectangle box = mix.Box!.Value;
            Assert.True(box is { Left: >= 0, Top: >= 0, Right: <= 32, Bottom: <= 24, Width: >= 0, Height: >= 0 });
            Assert.Equal(1 - (box.Width * box.Height / 768.0), mix.Weight, 1e-6);
        }
        // A weight of 0.75 takes half of each side: boxes that the border does not cut have 16 x 12 pixels.
        Rectangle[] boxes = [.. Enumerable.Range(0, 500).Select(i => MixPlan.BoxOfWeight(Stream(i), 32, 24, 0.75))];
        Assert.Equal((16, 12), (boxes.Max(box => box.Width), boxes.Max(box => box.Height)));
        Assert.All(
            boxes.Where(box => box is { Left: > 0, Top: > 0, Right: < 32, Bottom: < 24 }),
            box => Assert.Equal(new Size(16, 12), box.Size)
        );
        Assert.Contains(
            Draw(new MixOptions { MixupAlpha = 0, CorrectsWeight = false }),
            mix => Math.Abs(1 - (mix.Box!.Value.Width * mix.Box.Value.Height / 768.0) - mix.Weight) > 0.05
        );
    }

    [Fact]
    public void Boxes_by_sides_keep_their_bounds()
    {
        // int(32 * 0.25) to int(32 * 0.75) - 1, and so for 24.
        Rectangle[] boxes =
        [
            .. Draw(
                    new MixOptions
                    {
                        MixupAlpha = 0,
                        CutMixAlpha = 0,
                        CutMixSides = (0.25, 0.75),
                    }
                )
                .Select(mix => mix.Box!.Value),
        ];
        Assert.Equal(
            (8, 23, 6, 17),
            (boxes.Min(box => box.Width), boxes.Max(box => box.Width), boxes.Min(box => box.Height), boxes.Max(box => box.Height))
        );
        Assert.All(boxes, box => Assert.True(new Rectangle(0, 0, 32, 24).Contains(box)));
        MixPlan.Draw(new MixOptions { MixupAlpha = 0, CutMixSides = (0.5, 0.51) }, Stream(0), 2, 4, 4);
    }

    [Fact]
    public void Wrong_sizes_are_refused()
    {
        Assert.Contains(
            "an even number of images, not 3",
            Assert.Throws<ArgumentException>(() => MixPlan.Draw(new MixOptions(), Stream(0), 3, 8, 8)).Message,
            StringComparison.Ordinal
        );
        MixPlan plan = MixPlan.Draw(new MixOptions(), Stream(0), 2, 8, 8);
        Assert.Throws<ArgumentException>(() => plan.Apply(new float[10], 1, 8, 8));
        Assert.Throws<ArgumentException>(() => plan.WriteTargets([1], 4, 0, new float[4]));
        Assert.Throws<ArgumentException>(() => plan.WriteTargets([1, 2], 4, 0, new float[4]));
        Assert.Throws<ArgumentOutOfRangeException>(() => plan.WriteTargets([1, 4], 4, 0, new float[8]));
        Assert.Throws<ArgumentOutOfRangeException>(() => SoftTargets.Write([0], 4, 1.5, new float[4]));
    }

    private static RandomStream Stream(int index) => new(2, RandomPurpose.Mixing, 0, index);

    private static Mix[] Draw(MixOptions options) =>
        [.. Enumerable.Range(0, 20_000).Select(i => MixPlan.Draw(options, Stream(i), 2, 32, 24).Images[0])];

    /// <summary>The plan that timm drew; its batch mode reports the weight before the correction.</summary>
    private static MixPlan PlanOf(string name)
    {
        JsonElement plan = Plans.GetProperty(name);
        double[] weights = plan.GetProperty("lambda").Doubles();
        bool[] cuts = [.. plan.GetProperty("cut").EnumerateArray().Select(cut => cut.GetBoolean())];
        var boxes = new Queue<Rectangle>(
            plan.GetProperty("boxes")
                .EnumerateArray()
                .Select(box => Rectangle.FromLTRB(box[2].GetInt32(), box[0].GetInt32(), box[3].GetInt32(), box[1].GetInt32()))
        );
        var images = new Mix[6];
        for (int i = 0; i < weights.Length; i++)
        {
            // A box without pixels was drawn too, and corrected the weight to 1.
            bool isCut = cuts[i] && (weights[i] != 1 || (boxes.TryPeek(out Rectangle next) && next.Width * next.Height == 0));
            Rectangle? box = isCut ? boxes.Dequeue() : null;
            images[i] = new Mix(5 - i, box is { } cut ? MixPlan.Corrected(cut, 7, 9) : (float)weights[i], box);
        }
        Assert.Empty(boxes);
        for (int i = weights.Length; i < 6; i++)
            images[i] = images[weights.Length == 1 ? 0 : 5 - i] with { Partner = 5 - i };
        return new MixPlan([.. images]);
    }
}
