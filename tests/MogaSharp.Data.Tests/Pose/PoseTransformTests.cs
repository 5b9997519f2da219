using System.Collections.Immutable;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data.Tests;

public sealed class PoseTransformTests
{
    private const int Width = 200,
        Height = 160;

    private static readonly PoseDraw Nothing = new(0, 0, false, false, true, 1, 0);
    private static readonly RgbImage Image = Noise();
    private static readonly Box Person = new(40, 20, 60, 90);
    private static readonly PoseTransform Transform = new(new(48, 64) { Mean = [0], StandardDeviation = [1] });

    [Fact]
    public void Without_chance_it_is_what_evaluation_sees()
    {
        AffineMap map = Apply(Nothing, out float[] input);
        AffineMap expected = PoseRegion.FromBox(Person, new(48, 64)).ToInput(new(48, 64));
        Assert.Equal(expected, map);
        AssertPixels(AffineWarp.Apply(Image, expected, new(48, 64)), input);
    }

    [Fact]
    public void Shift_size_and_rotation_are_those_that_were_drawn()
    {
        AffineMap map = Apply(Nothing with { ShiftX = 0.1, ShiftY = -0.16, Scale = 1.5, Degrees = 90 }, out _);
        // The box of 60 x 90 is widened to 67.5 x 90 and padded by a quarter: 84.375 x 112.5 about (70, 65).
        double centerX = 70 + (0.1 * 84.375),
            centerY = 65 - (0.16 * 112.5);
        AssertAt((24, 32), map, centerX, centerY);
        // Turned by a right angle, what was above is at the right or at the left; 126.5625 pixels are 48.
        double step = 48 / 126.5625;
        AssertAt((24 - (10 * step), 32), map, centerX, centerY - 10);
        AssertAt((24, 32 + (10 * step)), map, centerX - 10, centerY);
    }

    [Fact]
    public void A_flip_moves_pixels_and_places()
    {
        AffineMap map = Apply(Nothing with { IsFlipped = true, ShiftX = 0.1, Degrees = 20 }, out float[] input);
        // The same person in the mirrored image, whose centers of pixels are x and 199 - x.
        PoseRegion region = PoseRegion.FromBox(Person, new(48, 64));
        region = region with { CenterX = Width - 1 - (region.CenterX + (0.1f * 84.375f)) };
        AffineMap mirrored = region.ToInput(new(48, 64), 20);
        AssertPixels(AffineWarp.Apply(Image.Mirrored(), mirrored, new(48, 64)), input);
        Assert.True(map.Determinant < 0);
        foreach ((double x, double y) in new[] { (0.0, 0.0), (70, 65), (199, 20) })
            AssertAt(mirrored.Apply(Width - 1 - x, y), map, x, y);
    }

    [Theory]
    [InlineData(true, 11, 6, 8, 60, 40)]
    [InlineData(false, 11, 6, 8, 80, 120)]
    [InlineData(true, 2, 6, 7, 80, 120)]
    [InlineData(false, 11, 2, 8, 60, 40)]
    public void A_half_of_the_body_is_cut_out(bool prefersUpper, int upper, int lower, int more, double centerX, double centerY)
    {
        var transform = new PoseTransform(Transform.Options with { HalfBodyJoints = more });
        AffineMap map = Apply(Nothing with { IsHalfBody = true, PrefersUpper = prefersUpper }, out _, Joints(upper, lower), transform);
        AssertAt((24, 32), map, centerX, centerY, 1e-3);
        // Twenty pixels high and less wide, at half as much again.
        AssertAt((24, 32 + (64 / 3.0)), map, centerX, centerY + 10, 1e-3);
        AffineMap flipped = Apply(
            Nothing with
            {
                IsHalfBody = true,
                PrefersUpper = prefersUpper,
                IsFlipped = true,
            },
            out _,
            Joints(upper, lower),
            transform
        );
        AssertAt((24, 32), flipped, centerX, centerY, 1e-3);
    }

    [Theory]
    [InlineData(4, 4)]
    [InlineData(2, 2)]
    [InlineData(0, 0)]
    public void With_few_joints_the_whole_body_is_cut_out(int upper, int lower)
    {
        AffineMap whole = Apply(Nothing, out _);
        Assert.Equal(whole, Apply(Nothing with { IsHalfBody = true }, out _, Joints(upper, lower)));
    }

    [Fact]
    public void A_half_without_extent_is_not_cut_out()
    {
        ImmutableArray<KeyPoint> points = [.. Enumerable.Repeat(new KeyPoint(50, 50, KeyPointVisibility.Visible), 17)];
        Assert.Equal(Apply(Nothing, out _), Apply(Nothing with { IsHalfBody = true }, out _, points));
    }

    [Fact]
    public void Draws_are_spread_as_the_official_ones()
    {
        const int Count = 20_000;
        PoseDraw[] draws =
        [
            .. Enumerable
                .Range(0, Count)
                .Select(i => PoseDraw.Draw(Transform.Options, new RandomStream(4, RandomPurpose.Augmentation, 0, i))),
        ];
        Often(0.3, draws.Count(draw => draw.ShiftX != 0));
        Often(0.5, draws.Count(draw => draw.IsFlipped));
        Often(0.3, draws.Count(draw => draw.IsHalfBody));
        // A number of the normal distribution below one half.
        Often(0.6914625, draws.Count(draw => draw.PrefersUpper));
        Often(0.6, draws.Count(draw => draw.Degrees != 0));
        // One standard deviation cuts the sizes off, two the angles.
        Often(0.1586553, draws.Count(draw => draw.Scale == 0.5));
        Often(0.1586553, draws.Count(draw => draw.Scale == 1.5));
        Often(0.6 * 0.0227501, draws.Count(draw => draw.Degrees == 80));
        double[] shifts = [.. draws.Where(draw => draw.ShiftX != 0).SelectMany(draw => new[] { draw.ShiftX, draw.ShiftY })];
        Assert.InRange(shifts.Min(), -0.16, -0.159);
        Assert.InRange(shifts.Max(), 0.159, 0.16);
        Assert.Equal(0, shifts.Average(), 0.01);

        static void Often(double probability, int count) =>
            Assert.Equal(probability, (double)count / Count, 5 * Math.Sqrt(probability * (1 - probability) / Count));
    }

    [Fact]
    public async Task A_loader_moves_the_joints_and_changes_their_names()
    {
        var set = new SceneDataset(new SceneGenerator(new PlainDigits()), 12, SceneView.OnePerson);
        using var loader = new BatchLoader(set, new OrderedSampler(12, ProcessShare.Single), Transform, new(4), LoaderUse.Training);
        int flipped = 0,
            seen = 0;
        await foreach (Batch batch in loader.ReadAsync(0, cancellationToken: TestContext.Current.CancellationToken))
        {
            using (batch)
            {
                for (int i = 0; i < batch.Count; i++, seen++)
                {
                    AffineMap map = batch.Maps[i];
                    var before = (PersonAnnotation)set[batch.Indices[i]].ReadAnnotations()[0];
                    var after = (PersonAnnotation)batch.Annotations[i][0];
                    bool isFlipped = map.Determinant < 0;
                    flipped += isFlipped ? 1 : 0;
                    for (int joint = 0; joint < 17; joint++)
                    {
                        KeyPoint from = before.Person.Points[isFlipped ? before.Skeleton.Mirrored[joint] : joint],
                            to = after.Person.Points[joint];
                        Assert.Equal(from.Visibility, to.Visibility);
                        if (from.Visibility != KeyPointVisibility.Unlabeled)
                            Assert.Equal(map.Apply(from.X, from.Y), (to.X, to.Y));
                    }
                }
            }
        }

        Assert.Equal(12, seen);
        Assert.InRange(flipped, 1, 11);
    }

    [Fact]
    public void An_image_without_a_person_is_one()
    {
        float[] input = new float[3 * 48 * 64];
        var still = new PoseTransform(Transform.Options with { ShiftProbability = 0, Flip = 0, Scale = 0, RotationProbability = 0 });
        AffineMap map = still.Apply(PixelBlock.Of(Image), new RandomStream(0, default, 0, 0), input);
        Assert.Equal(PoseRegion.FromBox(new Box(0, 0, Width, Height), new(48, 64)).ToInput(new(48, 64)), map);
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        foreach (
            PoseTransformOptions options in new PoseTransformOptions[]
            {
                new(0, 4),
                new() { Padding = 0 },
                new() { Shift = -1 },
                new() { ShiftProbability = 2 },
                new() { Flip = -0.1 },
                new() { HalfBodyProbability = 1.1 },
                new() { HalfBodyJoints = -1 },
                new() { UpperBody = default },
                new() { Scale = 1 },
                new() { Rotation = 91 },
                new() { RotationProbability = double.NaN },
                new() { Mean = [1, 2] },
            }
        )
            Assert.ThrowsAny<ArgumentException>(() => new PoseTransform(options));
        var random = new RandomStream(0, default, 0, 0);
        Assert.Throws<ArgumentException>(() => Transform.Apply(PixelBlock.Of(Image), random, new float[5]));
        var nobody = new PersonAnnotation(new AnnotatedPerson(default, 0, []), SkeletonDefinition.Coco);
        Assert.Throws<ArgumentException>(() => Transform.Apply(PixelBlock.Of(Image), [nobody], random, new float[3 * 48 * 64]));
    }

    private static AffineMap Apply(
        PoseDraw draw,
        out float[] input,
        ImmutableArray<KeyPoint> joints = default,
        PoseTransform? transform = null
    )
    {
        input = new float[3 * 48 * 64];
        return (transform ?? Transform).Apply(
            PixelBlock.Of(Image),
            new AnnotatedPerson(Person, 1, joints.IsDefault ? [] : joints),
            draw,
            input
        );
    }

    private static void AssertAt((double X, double Y) expected, AffineMap map, double x, double y, double tolerance = 1e-4)
    {
        (double atX, double atY) = map.Apply(x, y);
        Assert.Equal(expected.X, atX, tolerance);
        Assert.Equal(expected.Y, atY, tolerance);
    }

    private static void AssertPixels(RgbImage expected, float[] input)
    {
        int plane = expected.Width * expected.Height;
        for (int i = 0; i < input.Length; i++)
            Assert.Equal(expected.Pixels[(i % plane * 3) + (i / plane)] / 255f, input[i]);
    }

    // The upper ones about (60, 40) and the lower ones about (80, 120), each on two or three rows from 10 above to 10 below.
    private static ImmutableArray<KeyPoint> Joints(int upper, int lower)
    {
        var points = new KeyPoint[17];
        Place(points.AsSpan(0, upper), 60, 40);
        Place(points.AsSpan(11, lower), 80, 120);
        return [.. points];
    }

    private static void Place(Span<KeyPoint> points, double x, double y)
    {
        for (int i = 0; i < points.Length; i++)
        {
            double side = i == points.Length - 1 && i % 2 == 0 ? 0 : 1 - (i % 2 * 2);
            points[i] = new KeyPoint(x + (2 * side), y + (10 * side), i % 3 == 0 ? KeyPointVisibility.Hidden : KeyPointVisibility.Visible);
        }
    }

    private static RgbImage Noise()
    {
        byte[] pixels = new byte[Width * Height * 3];
        new Random(3).NextBytes(pixels);
        return new RgbImage(Width, Height, pixels);
    }
}
