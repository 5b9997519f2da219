using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data.Tests;

/// <summary>Large-scale jitter.</summary>
public sealed class JitterTests
{
    private const int Side = 96;

    private static DetectionTransformOptions Options { get; } = new(Side, Side) { Jitter = (0.1, 2), Flip = 0.5 };

    [Fact]
    public void Every_input_has_the_size_and_what_the_image_does_not_reach_has_the_mean_color()
    {
        var transform = new DetectionTransform(Options);
        // No level is exactly the mean.
        PixelBlock image = new(Enumerable.Repeat((byte)200, 80 * 60).ToArray(), 80, 60, PixelLayout.Gray);
        float[] input = new float[3 * Side * Side];
        var factors = new List<double>();
        int cropped = 0;
        for (int draw = 0; draw < 300; draw++)
        {
            input.AsSpan().Fill(9);
            (AffineMap map, ImageSize size) = transform.ApplySized(image, [], Random(draw), input);
            Assert.Equal(new ImageSize(Side, Side), size);
            factors.Add(map.Yy * 80 / Side);
            (int width, int height) = ((int)Math.Round(Math.Abs(map.Xx) * 80), (int)Math.Round(map.Yy * 60));
            cropped += width > Side ? 1 : 0;
            for (int at = 0; at < input.Length; at++)
            {
                (int x, int y) = (at % Side, at / Side % Side);
                Assert.True(x < width && y < height ? input[at] is not (0 or 9) : input[at] == 0, $"draw {draw}, {x}, {y}: {input[at]}");
            }
        }

        Assert.InRange(factors.Min(), 0.09, 0.15);
        Assert.InRange(factors.Max(), 1.95, 2.01);
        Assert.Equal(1.05, factors.Average(), 0.1);
        Assert.InRange(cropped, 120, 200);
    }

    [Fact]
    public void Boxes_masks_and_pixels_go_the_same_way()
    {
        byte[] pixels = new byte[80 * 60];
        for (int y = 20; y < 44; y++)
            pixels.AsSpan((y * 80) + 16, 32).Fill(255);
        var image = new PixelBlock(pixels, 80, 60, PixelLayout.Gray);
        var annotation = new ObjectAnnotation(
            new AnnotatedObject(new Box(16, 20, 32, 24), 768, 0) { Mask = RunLengthMask.FromPixels(pixels, new(80, 60)) }
        );
        var transform = new DetectionTransform(Options with { Mean = [0], StandardDeviation = [1] });
        float[] input = new float[3 * Side * Side];
        int seen = 0;
        for (int draw = 0; draw < 100; draw++)
        {
            (AffineMap map, ImageSize size) = transform.ApplySized(image, [annotation], Random(draw), input);
            AnnotatedObject moved = annotation.Apply(map, size).Object;
            Box bounds = moved.Mask!.Bounds;
            if (moved.Mask.Area > 0)
            {
                seen++;
                foreach (
                    (double one, double other) in new[]
                    {
                        (moved.Box.X, bounds.X),
                        (moved.Box.Y, bounds.Y),
                        (moved.Box.Right, bounds.Right),
                        (moved.Box.Bottom, bounds.Bottom),
                    }
                )
                    Assert.InRange(one - other, -1, 1);
            }

            int bright = input.AsSpan(0, Side * Side).ToArray().Count(value => value > 0.5);
            Assert.InRange(bright - moved.Mask.Area, -2 * (bounds.Width + bounds.Height + 2), 2 * (bounds.Width + bounds.Height + 2));
        }

        Assert.InRange(seen, 80, 100);
    }

    [Fact]
    public void A_flip_mirrors_the_map_and_other_draws_stay_as_they_are()
    {
        DetectionDraw draw = DetectionDraw.Draw(Options, Random(5));
        var transform = new DetectionTransform(Options);
        var image = new PixelBlock(new byte[80 * 60], 80, 60, PixelLayout.Gray);
        float[] input = new float[3 * Side * Side];
        AffineMap plain = transform.Apply(image, draw with { IsFlipped = false }, input).Map,
            mirrored = transform.Apply(image, draw with { IsFlipped = true }, input).Map;
        int width = (int)Math.Min(Side, Math.Round(plain.Xx * 80));
        Assert.Equal(plain.Then(AffineMap.FlipHorizontally(width)), mirrored);
        // Without jitter nothing more is drawn than before.
        Assert.Equal(DetectionDraw.Draw(Options with { Jitter = null }, Random(5)), draw with { Jitter = null });
        Assert.Equal(draw, DetectionDraw.Draw(Options, Random(5)));
    }

    [Theory]
    [InlineData(1, 3000)]
    [InlineData(3000, 1)]
    [InlineData(1, 1)]
    public void Any_image_keeps_a_pixel(int width, int height)
    {
        var transform = new DetectionTransform(Options);
        float[] input = new float[3 * Side * Side];
        for (int draw = 0; draw < 20; draw++)
            Assert.Equal(
                new ImageSize(Side, Side),
                transform.ApplySized(new(new byte[width * height], width, height, PixelLayout.Gray), [], Random(draw), input).Size
            );
    }

    private static RandomStream Random(int index) => new(2, RandomPurpose.Augmentation, 0, index);
}
