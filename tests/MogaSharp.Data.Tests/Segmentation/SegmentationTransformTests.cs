using System.Collections.Immutable;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data.Tests;

public sealed class SegmentationTransformTests
{
    private static readonly ImmutableArray<float> Zero = [0],
        One = [1];

    [Fact]
    public void A_draw_that_changes_nothing_gives_the_pixels()
    {
        RgbImage image = Noise(40, 30);
        var transform = new SegmentationTransform(Plain(40, 30));
        float[] input = new float[3 * 40 * 30];
        AffineMap map = transform.Apply(PixelBlock.Of(image), null, Draw(1), input);
        Assert.Equal(AffineMap.Identity, map);
        for (int i = 0; i < 40 * 30; i++)
            Assert.Equal((Value(image, i, 0), Value(image, i, 1), Value(image, i, 2)), (input[i], input[i + 1200], input[i + 2400]));
    }

    [Fact]
    public void Sizes_crops_and_flips_are_those_that_were_drawn()
    {
        RgbImage image = Noise(61, 47);
        // 61 x 47 into 90 x 90 at 1.5 is 135 x 104.
        var transform = new SegmentationTransform(Plain(50, 60) with { Scale = new(90, 90) });
        float[] input = new float[3 * 50 * 60];
        AffineMap map = transform.Apply(PixelBlock.Of(image), null, Draw(1.5, 0.5, 0.999, isFlipped: true), input);
        RgbImage resized = image.Resize(135, 104, ResizeFilter.PlainBilinear);
        // (135 - 50 + 1) / 2 and 104 - 60.
        const int Left = 43,
            Top = 44;
        for (int y = 0; y < 60; y++)
        for (int x = 0; x < 50; x++)
            Assert.Equal(Value(resized, ((Top + y) * 135) + Left + 49 - x, 2), input[(((2 * 60) + y) * 50) + x]);
        (double atX, double atY) = map.Apply(61, 47);
        Assert.Equal(50 - (135 - Left), atX, 1e-9);
        Assert.Equal(104 - Top, atY, 1e-9);
    }

    [Fact]
    public void What_the_image_does_not_reach_is_zero_and_ignored()
    {
        RgbImage image = Noise(20, 10);
        var options = new SegmentationTransformOptions(32, 24) { Scale = new(20, 10), Photometric = null };
        float[] input = new float[3 * 32 * 24];
        AffineMap map = new SegmentationTransform(options).Apply(PixelBlock.Of(image), null, Draw(1, isFlipped: true), input);
        LabelMap labels = new LabelMap(new(20, 10), new byte[200]).Apply(map, new(32, 24));
        for (int i = 0; i < 32 * 24; i++)
        {
            bool isInside = i % 32 < 20 && i / 32 < 10;
            Assert.Equal(isInside ? 0 : LabelMap.Ignored, labels.Labels[i]);
            // No level is exactly the mean.
            Assert.Equal(isInside, input[i] != 0);
        }
    }

    [Fact]
    public void A_crop_of_almost_one_class_is_drawn_again()
    {
        // Class 1 is a stripe at the right, the left edge is not labeled.
        byte[] labels = new byte[100 * 20];
        for (int i = 0; i < labels.Length; i++)
            labels[i] = (byte)(
                i % 100 < 10 ? 255
                : i % 100 < 80 ? 0
                : 1
            );
        var map = new LabelMap(new(100, 20), labels);
        PixelBlock image = PixelBlock.Of(Noise(100, 20));
        var transform = new SegmentationTransform(Plain(20, 20) with { Scale = new(100, 20) });
        // Room for 81 places: 0 (one class), 70 (half and half) and 65 (a quarter is of class 1, which is not enough).
        Assert.Equal(-70, X0(0.01, 70.5 / 81, 0.3));
        Assert.Equal(-65, X0(0.01, 0.4, 65.5 / 81));
        Assert.Equal(-66, X0(65.5 / 81, 66.5 / 81, 0.01));
        Assert.Equal(0, X0(0.01, 0.4, 0.002));
        Assert.Equal(
            -40,
            new SegmentationTransform(Plain(20, 20) with { Scale = new(100, 20) }).Apply(image, null, Draw([0.5, 0.1]), Input()).X0
        );

        double X0(params double[] places) => transform.Apply(image, map, Draw(places), Input()).X0;

        static SegmentationDraw Draw(double[] places) => new(1, [.. places.Select(x => (x, 0.0))], false, null);

        static float[] Input() => new float[3 * 20 * 20];
    }

    [Fact]
    public void Draws_are_spread_as_the_official_ones()
    {
        var options = new SegmentationTransformOptions();
        SegmentationDraw[] draws =
        [
            .. Enumerable.Range(0, 8000).Select(i => SegmentationDraw.Draw(options, new RandomStream(1, RandomPurpose.Augmentation, 0, i))),
        ];
        Spread(draws.Select(draw => draw.Ratio), 0.5, 2);
        Spread(draws.Select(draw => draw.Places[10].X), 0, 1);
        Spread(draws.Select(draw => draw.Places[0].Y), 0, 1);
        Half(draws.Count(draw => draw.IsFlipped));
        PhotometricDistortion[] colors = [.. draws.Select(draw => draw.Colors!)];
        Half(colors.Count(color => color.IsContrastLast));
        Some(color => color.Brightness, -32, 32);
        Some(color => color.Contrast, 0.5, 1.5);
        Some(color => color.Saturation, 0.5, 1.5);
        Some(color => color.Hue, -18, 17);
        Assert.Equal(36, colors.Select(color => color.Hue).Where(hue => hue is not null).Distinct().Count());
        Assert.Null(
            SegmentationDraw.Draw(options with { Photometric = null }, new RandomStream(1, RandomPurpose.Augmentation, 0, 0)).Colors
        );
        Assert.Single(
            SegmentationDraw.Draw(options with { MaxClassShare = 1 }, new RandomStream(1, RandomPurpose.Augmentation, 0, 0)).Places
        );

        void Some(Func<PhotometricDistortion, double?> part, double low, double high)
        {
            double[] values = [.. colors.Select(part).Where(value => value is not null).Select(value => value!.Value)];
            Half(values.Length);
            Spread(values, low, high);
        }

        static void Half(int count) => Assert.InRange(count, 4000 - 225, 4000 + 225);

        static void Spread(IEnumerable<double> drawn, double low, double high)
        {
            double[] values = [.. drawn];
            Assert.True(values.All(value => value >= low && value <= high));
            Assert.Equal((low + high) / 2, values.Average(), 5 * (high - low) * 0.2887 / Math.Sqrt(values.Length));
            Assert.InRange(values.Min(), low, low + ((high - low) * 0.01));
            Assert.InRange(values.Max(), high - ((high - low) * 0.01), high);
        }
    }

    [Fact]
    public void Label_maps_and_spots_go_where_the_pixels_go()
    {
        // Bright blocks are class 1, the rest is class 0; the loader moves the labels by the map alone.
        byte[] pixels = new byte[90 * 70 * 3],
            labels = new byte[90 * 70];
        for (int i = 0; i < labels.Length; i++)
        {
            labels[i] = (byte)(((i % 90 / 13) + (i / 90 / 11)) % 2);
            pixels.AsSpan(i * 3, 3).Fill((byte)(labels[i] * 255));
        }

        var item = new PixelImageItem("blocks", new PixelBlock(pixels, 90, 70, PixelLayout.Rgb), new LabelMap(new(90, 70), labels));
        var transform = new SegmentationTransform(Plain(64, 64) with { Scale = new(90, 70), Flip = 0.5, MinRatio = 0.5, MaxRatio = 2 });
        float[] input = new float[3 * 64 * 64];
        for (int i = 0; i < 40; i++)
        {
            AffineMap map = ((IImageTransform)transform).Apply(
                item.Block,
                item.Annotations,
                new RandomStream(2, RandomPurpose.Augmentation, 0, i),
                input
            );
            byte[] moved = ((LabelMap)item.Annotations[0].Apply(map, new(64, 64))).Labels;
            // Between classes a level is decided by a part of a pixel.
            int wrong = Enumerable
                .Range(0, moved.Length)
                .Count(at => moved[at] == LabelMap.Ignored ? input[at] != 0 : Math.Abs(moved[at] - input[at]) > 0.75);
            Assert.InRange(wrong, 0, 12);
            Assert.True(moved.Count(label => label == 1) > 300);
        }
    }

    [Fact]
    public void Gray_images_become_three_equal_planes_and_bgr_turns_them()
    {
        byte[] gray = [10, 20, 30, 40];
        float[] input = new float[12];
        var transform = new SegmentationTransform(Plain(2, 2));
        transform.Apply(new PixelBlock(gray, 2, 2, PixelLayout.Gray), null, Draw(1), input);
        Assert.Equal([.. gray.Select(level => level / 255f), .. gray.Select(level => level / 255f)], input[4..]);
        RgbImage image = Noise(2, 2);
        new SegmentationTransform(Plain(2, 2) with { IsBgr = true }).Apply(PixelBlock.Of(image), null, Draw(1), input);
        Assert.Equal(Value(image, 3, 2), input[3]);
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        foreach (
            SegmentationTransformOptions options in new SegmentationTransformOptions[]
            {
                new(0, 4),
                new() { Scale = new(0, 5) },
                new() { MinRatio = 0 },
                new() { MinRatio = 2, MaxRatio = 1 },
                new() { MaxClassShare = 0 },
                new() { Flip = 1.5 },
                new() { StandardDeviation = [0] },
                new() { Photometric = new() { Hue = 91 } },
                new() { Photometric = new() { Brightness = -1 } },
                new() { Photometric = new() { Contrast = 2 } },
                new() { Photometric = new() { Saturation = double.NaN } },
            }
        )
            Assert.ThrowsAny<ArgumentException>(() => new SegmentationTransform(options));
        Assert.Throws<ArgumentException>(() =>
            new SegmentationTransform().Apply(PixelBlock.Of(Noise(2, 2)), new RandomStream(0, default, 0, 0), new float[5])
        );
    }

    private static SegmentationTransformOptions Plain(int width, int height) =>
        new(width, height)
        {
            Scale = new(width, height),
            Photometric = null,
            Mean = Zero,
            StandardDeviation = One,
        };

    private static SegmentationDraw Draw(double ratio, double x = 0, double y = 0, bool isFlipped = false) =>
        new(ratio, [(x, y)], isFlipped, null);

    private static float Value(RgbImage image, int pixel, int channel) => image.Pixels[(pixel * 3) + channel] / 255f;

    private static RgbImage Noise(int width, int height)
    {
        byte[] pixels = new byte[width * height * 3];
        new Random(width).NextBytes(pixels);
        return new RgbImage(width, height, pixels);
    }
}
