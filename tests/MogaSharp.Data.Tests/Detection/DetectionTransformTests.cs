using System.Drawing;
using System.Text.Json;
using MogaSharp.Imaging;
using MogaSharp.Testing;
using MogaSharp.Vision;

namespace MogaSharp.Data.Tests;

public sealed class DetectionTransformTests
{
    [Fact]
    public void Sizes_are_those_of_the_official_rule()
    {
        using JsonDocument sizes = JsonDocument.Parse(File.ReadAllText(Repository.Fixture("dense", "preprocess", "sizes.json")));
        var transform = new DetectionTransform(Plain() with { Flip = 0 });
        float[] input = new float[3 * 1344 * 1344];
        foreach (JsonElement one in sizes.RootElement.GetProperty("cases").EnumerateArray())
        {
            var image = new PixelBlock(new byte[Number(one, "w") * Number(one, "h")], Number(one, "w"), Number(one, "h"), PixelLayout.Gray);
            JsonElement expected = one.GetProperty("detection");
            (AffineMap map, ImageSize size) = transform.ApplySized(image, [], Random(0), input);
            Assert.Equal(new ImageSize(Number(expected, "w"), Number(expected, "h")), size);
            Assert.Equal(expected.GetProperty("scale_factor")[0].GetDouble(), map.Xx, 1e-6);
            Assert.Equal(expected.GetProperty("scale_factor")[1].GetDouble(), map.Yy, 1e-6);
            Assert.Equal(
                new ImageSize(Number(expected, "pad_w"), Number(expected, "pad_h")),
                InputPadding.Common([size], transform.SizeMultiple)
            );
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Pixels_are_those_of_the_resized_image(double flip)
    {
        RgbImage image = Noise(61, 47),
            resized = image.Resize(78, 60, ResizeFilter.PlainBilinear);
        var transform = new DetectionTransform(Plain(96, 64) with { Scales = [new(60, 90)], Flip = flip });
        float[] input = new float[3 * 96 * 64];
        Array.Fill(input, 9);
        (AffineMap map, ImageSize size) = transform.ApplySized(PixelBlock.Of(image), [], Random(0), input);
        Assert.Equal(new ImageSize(78, 60), size);
        for (int channel = 0; channel < 3; channel++)
        for (int y = 0; y < 60; y++)
        for (int x = 0; x < 78; x++)
            Assert.Equal(
                resized.Pixels[(((y * 78) + (flip > 0 ? 77 - x : x)) * 3) + channel] / 255f,
                input[(((channel * 60) + y) * 78) + x]
            );
        AffineMap expected = AffineMap.Resize(new(61, 47), size);
        Assert.Equal(flip > 0 ? expected.Then(AffineMap.FlipHorizontally(78)) : expected, map);
    }

    [Fact]
    public void A_crop_takes_its_objects_along()
    {
        // A white square on black, cropped by chance: wherever it lies in the input, its box does too.
        const int Side = 96;
        byte[] pixels = new byte[Side * Side * 3];
        for (int y = 40; y < 56; y++)
            pixels.AsSpan(((y * Side) + 32) * 3, 16 * 3).Fill(255);
        var image = PixelBlock.Of(new RgbImage(Side, Side, pixels));
        var transform = new DetectionTransform(
            Plain(128, 128) with
            {
                Scales = [new(128, 112)],
                Flip = 0.5,
                Crop = 1,
                CropScales = [48, 96],
                CropSides = [24, 40],
            }
        );
        var square = new ObjectAnnotation(new AnnotatedObject(new Box(32, 40, 16, 16), 256, 0));
        int seen = 0;
        var sizes = new HashSet<double>();
        for (int draw = 0; draw < 60; draw++)
        {
            float[] input = new float[3 * 128 * 128];
            (AffineMap map, ImageSize size) = transform.ApplySized(image, [square], Random(draw), input);
            Assert.True(Math.Max(size.Width, size.Height) == 128 || Math.Min(size.Width, size.Height) == 112, $"{size}");
            Assert.InRange(Math.Max(size.Width, size.Height), 112, 128);
            sizes.Add(Math.Round(map.Yy, 3));
            Box box = square.Apply(map, size).Object.Box;
            double white = input.AsSpan(0, size.Width * size.Height).ToArray().Count(value => value > 0.5);
            Assert.InRange(white - (box.Width * box.Height), -2 * (box.Width + box.Height + 4), 2 * (box.Width + box.Height + 4));
            seen += box is { Width: > 0, Height: > 0 } ? 1 : 0;
        }

        Assert.InRange(seen, 20, 59);
        Assert.True(sizes.Count > 20);
    }

    [Fact]
    public void What_the_image_does_not_reach_is_zero()
    {
        var transform = new DetectionTransform(new(32, 32) { Scales = [new(20, 10)], Flip = 1 });
        PixelBlock image = PixelBlock.Of(Noise(20, 10));
        float[] input = new float[3 * 32 * 32],
            sized = new float[3 * 32 * 32];
        Array.Fill(input, 9);
        AffineMap map = transform.Apply(image, Random(0), input);
        Assert.Equal(new SizedInput(map, new(20, 10)), transform.ApplySized(image, [], Random(0), sized));
        for (int i = 0; i < input.Length; i++)
        {
            (int x, int y) = (i % 32, i / 32 % 32);
            // No level is exactly the mean.
            Assert.NotEqual(0, sized[i % (3 * 20 * 10)]);
            Assert.Equal(x < 20 && y < 10 ? sized[(((i / 1024 * 10) + y) * 20) + x] : 0, input[i]);
        }
    }

    [Fact]
    public void An_image_that_has_no_room_is_fitted()
    {
        var transform = new DetectionTransform(Plain(64, 32) with { Scales = [new(200, 100)] });
        float[] input = new float[3 * 64 * 32];
        Assert.Equal(new ImageSize(64, 21), SizeOf(60, 20));
        Assert.Equal(new ImageSize(11, 32), SizeOf(20, 60));
        Assert.Equal(new ImageSize(64, 1), SizeOf(4000, 1));

        ImageSize SizeOf(int width, int height) =>
            transform.ApplySized(new(new byte[width * height], width, height, PixelLayout.Gray), [], Random(0), input).Size;
    }

    [Fact]
    public void Scales_and_flips_are_drawn_evenly()
    {
        DetectionTransformOptions options = Plain() with { Scales = DetectionTransformOptions.MultiScale };
        DetectionDraw[] draws = Draws(options);
        Assert.Equal(
            [480, 512, 544, 576, 608, 640, 672, 704, 736, 768, 800],
            DetectionTransformOptions.MultiScale.Select(scale => scale.Height)
        );
        Assert.All(DetectionTransformOptions.MultiScale, scale => Assert.Equal(1333, scale.Width));
        foreach (Size scale in options.Scales)
            Assert.InRange(draws.Count(draw => (draw.Longer, draw.Shorter) == (1333, scale.Height)), 650, 850);
        Assert.InRange(draws.Count(draw => draw.IsFlipped), 3800, 4200);
        Assert.InRange(Draws(options with { Flip = 0.25 }).Count(draw => draw.IsFlipped), 1850, 2150);
        draws = Draws(options with { Scales = [new(640, 1333), new(800, 1300)], Choice = ScaleChoice.Between });
        Assert.Equal(Enumerable.Range(1300, 34), draws.Select(draw => draw.Longer).Distinct().Order());
        Assert.Equal(Enumerable.Range(640, 161), draws.Select(draw => draw.Shorter).Distinct().Order());
        Assert.Equal(720, draws.Average(draw => draw.Shorter), 3.0);

        static DetectionDraw[] Draws(DetectionTransformOptions options) =>
            [.. Enumerable.Range(0, 8000).Select(i => DetectionDraw.Draw(options, Random(i)))];
    }

    [Fact]
    public void Objects_go_where_the_pixels_go()
    {
        // A bright rectangle in the dark.
        byte[] pixels = new byte[90 * 70];
        for (int y = 20; y < 50; y++)
            pixels.AsSpan((y * 90) + 30, 25).Fill(255);
        var image = new PixelBlock(pixels, 90, 70, PixelLayout.Gray);
        var annotation = new ObjectAnnotation(
            new AnnotatedObject(new Box(30, 20, 25, 30), 750, 0) { Mask = RunLengthMask.FromPixels(pixels, new(90, 70)) }
        );
        var transform = new DetectionTransform(
            Plain(192, 192) with
            {
                Scales = [new(60, 50), new(150, 140)],
                Choice = ScaleChoice.Between,
            }
        );
        float[] input = new float[3 * 192 * 192];
        for (int i = 0; i < 40; i++)
        {
            (AffineMap map, ImageSize size) = transform.ApplySized(image, [annotation], Random(i), input);
            AnnotatedObject moved = annotation.Apply(map, size).Object;
            byte[] inside = new byte[size.Width * size.Height];
            moved.Mask!.CopyTo(inside);
            for (int at = 0; at < inside.Length; at++)
            {
                (double x, double y) = (0.5 + (at % size.Width), 0.5 + (at / size.Width));
                double within = Math.Min(Math.Min(x - moved.Box.X, moved.Box.Right - x), Math.Min(y - moved.Box.Y, moved.Box.Bottom - y));
                // A center on the edge may be on either side of it.
                if (Math.Abs(within) > 1e-9)
                    Assert.Equal(within > 0 ? 1 : 0, inside[at]);
                // At the edge a level is decided by a part of a pixel.
                Assert.InRange(input[at] - inside[at], -0.8, 0.8);
            }

            Assert.Equal(inside.Sum(value => value), moved.Area);
            Assert.Equal(inside.Sum(value => value), inside.Where((_, at) => input[at] > 0.5).Count(), moved.Area * 0.1);
        }
    }

    [Fact]
    public void Planes_may_be_blue_green_red()
    {
        RgbImage image = Noise(2, 2);
        float[] input = new float[12];
        new DetectionTransform(Plain(2, 2) with { IsBgr = true, SizeMultiple = 2, Scales = [new(2, 2)], Flip = 0 }).Apply(
            PixelBlock.Of(image),
            Random(0),
            input
        );
        Assert.Equal(image.Pixels[(3 * 3) + 2] / 255f, input[3]);
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        foreach (
            DetectionTransformOptions options in new DetectionTransformOptions[]
            {
                new(0, 32),
                new(40, 32),
                new(32, 33),
                new() { SizeMultiple = 0 },
                new() { Scales = [] },
                new() { Scales = default },
                new() { Scales = [new(5, 0)] },
                new() { Choice = (ScaleChoice)7 },
                new() { Flip = double.NaN },
                new() { Jitter = (0, 1) },
                new() { Jitter = (2, 1) },
                new() { Jitter = (double.NaN, 1) },
                new() { Jitter = (1, 11) },
                new() { Jitter = (0.5, 2), Crop = 0.5 },
                new() { CopyPaste = new() { Probability = 1.5 } },
                new() { CopyPaste = new() { Share = -1 } },
                new() { StandardDeviation = [0] },
            }
        )
            Assert.ThrowsAny<ArgumentException>(() => new DetectionTransform(options));
        var transform = new DetectionTransform(Plain(64, 64));
        PixelBlock image = PixelBlock.Of(Noise(20, 20));
        Assert.Throws<ArgumentException>(() => transform.Apply(image, Random(0), new float[5]));
        Assert.Throws<ArgumentException>(() => transform.ApplySized(image, [], Random(0), new float[5]));
    }

    private static DetectionTransformOptions Plain(int width = 1344, int height = 1344) =>
        new(width, height) { Mean = [0], StandardDeviation = [1] };

    private static RandomStream Random(int index) => new(2, RandomPurpose.Augmentation, 0, index);

    private static int Number(JsonElement element, string name) => element.GetProperty(name).GetInt32();

    private static RgbImage Noise(int width, int height)
    {
        byte[] pixels = new byte[width * height * 3];
        new Random(width).NextBytes(pixels);
        return new RgbImage(width, height, pixels);
    }
}
