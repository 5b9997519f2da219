using System.Drawing;
using System.Text.Json;
using MogaSharp.Imaging;
using MogaSharp.Testing;

namespace MogaSharp.Data.Tests;

public sealed class TrainingTransformTests
{
    // Values that tell samples exactly: mean 0, deviation 1/255.
    private static readonly AugmentationOptions Raw = new(40, 24)
    {
        Crop = TrainingCrop.Resize,
        Interpolation = ResizeFilter.Bicubic,
        HorizontalFlip = 0,
        ColorJitter = 0,
        Mean = [0],
        StandardDeviation = [1 / 255f],
    };

    private static readonly PixelBlock Cat = Reference.Image("cat");

    [Theory]
    [InlineData("500x375")]
    [InlineData("64x64")]
    [InlineData("1000x120")]
    [InlineData("90x700")]
    public void Crops_are_distributed_as_in_timm(string size)
    {
        int[] sides = [.. size.Split('x').Select(int.Parse)];
        JsonElement expected = Reference.Json.GetProperty("crops").GetProperty(size);
        Rectangle[] crops = [.. Enumerable.Range(0, 40_000).Select(i => RandomCrop.Draw(Stream(i), sides[0], sides[1], Raw))];
        Assert.All(crops, crop => Assert.True(new Rectangle(0, 0, sides[0], sides[1]).Contains(crop) && crop.Width > 0 && crop.Height > 0));
        double area = (double)sides[0] * sides[1];
        Reference.AssertLike(expected.GetProperty("area"), [.. crops.Select(crop => crop.Width * crop.Height / area)], "area");
        Reference.AssertLike(
            expected.GetProperty("log_ratio"),
            [.. crops.Select(crop => Math.Log((double)crop.Width / crop.Height))],
            "ratio"
        );
        Reference.AssertLike(expected.GetProperty("top"), [.. crops.Select(crop => (double)crop.Top)], "top");
        Reference.AssertLike(expected.GetProperty("left"), [.. crops.Select(crop => (double)crop.Left)], "left");
        Reference.AssertLike(expected.GetProperty("width"), [.. crops.Select(crop => (double)crop.Width)], "width");
        Reference.AssertLike(expected.GetProperty("height"), [.. crops.Select(crop => (double)crop.Height)], "height");
    }

    [Fact]
    public void Images_of_a_pixel_are_cropped()
    {
        for (int i = 0; i < 100; i++)
            Assert.Equal(new Rectangle(0, 0, 1, 1), RandomCrop.Draw(Stream(i), 1, 1, Raw));
        for (int i = 0; i < 100; i++)
            Assert.InRange(RandomCrop.Draw(Stream(i), 1, 50, Raw).Height, 1, 50);
    }

    [Theory]
    [InlineData("crop/17/30/211/280/bilinear")]
    [InlineData("crop/100/201/41/30/bicubic")]
    [InlineData("crop/0/0/300/451/bicubic")]
    public void A_resized_crop_equals_that_of_Pillow(string name)
    {
        string[] parts = name.Split('/');
        int top = int.Parse(parts[1]),
            left = int.Parse(parts[2]),
            height = int.Parse(parts[3]),
            width = int.Parse(parts[4]);
        PixelBlock photo = PixelBlock.Of(ImageDecoder.Load(Repository.Fixture("imaging", "chelsea.png")));
        var crop = new RgbImage(width, height, new byte[width * height * 3]);
        for (int y = 0; y < height; y++)
            photo.CopyRow(top + y, left, crop.Row(y), 3);
        var transform = new TrainingTransform(Raw with { Interpolation = Enum.Parse<ResizeFilter>(parts[5], ignoreCase: true) });
        AssertSamples(Reference.Operations.Bytes(name), Run(transform, PixelBlock.Of(crop), 0), 3);
    }

    [Fact]
    public void The_drawn_rectangle_is_what_comes_out()
    {
        AugmentationOptions options = Raw with { Crop = TrainingCrop.RandomResized };
        var transform = new TrainingTransform(options);
        for (int i = 0; i < 20; i++)
        {
            Rectangle window = RandomCrop.Draw(Stream(i), Cat.Width, Cat.Height, options);
            var crop = new RgbImage(window.Width, window.Height, new byte[window.Width * window.Height * 3]);
            for (int y = 0; y < window.Height; y++)
                Cat.CopyRow(window.Top + y, window.Left, crop.Row(y), 3);
            AssertSamples(crop.Resize(40, 24).Pixels, Run(transform, Cat, i), 3);
        }
    }

    [Fact]
    public void Planes_can_be_blue_green_red()
    {
        float[] rgb = new float[3 * 40 * 24],
            bgr = new float[3 * 40 * 24];
        new TrainingTransform(Raw).Apply(Cat, Stream(1), rgb);
        new TrainingTransform(Raw with { IsBgr = true }).Apply(Cat, Stream(1), bgr);
        Assert.Equal([.. rgb[(2 * 960)..], .. rgb[960..(2 * 960)], .. rgb[..960]], bgr);
        Assert.NotEqual(rgb, bgr);
    }

    [Fact]
    public void Values_are_normalised_as_in_evaluation()
    {
        var transform = new TrainingTransform(
            Raw with
            {
                Mean = PreprocessOptions.ImageNetMean,
                StandardDeviation = PreprocessOptions.ImageNetStandardDeviation,
            }
        );
        var preprocessor = new Preprocessor(new PreprocessOptions(40, 24) { CropFraction = 1, Mode = ResizeMode.Squash });
        float[] expected = new float[preprocessor.InputLength];
        preprocessor.Process(Cat.Pixels.Span, Cat.Width, Cat.Height, Cat.Layout, 0, expected);
        Assert.Equal(expected, Run(transform, Cat, 0));
    }

    [Fact]
    public void Flips_have_their_probabilities()
    {
        byte[] plain = Samples(Run(new TrainingTransform(Raw), Cat, 0));
        byte[] mirrored = [.. plain],
            upsideDown = [.. plain],
            both;
        FlipPlanes(mirrored, horizontally: true);
        FlipPlanes(upsideDown, horizontally: false);
        FlipPlanes(both = [.. mirrored], horizontally: false);
        var transform = new TrainingTransform(Raw with { HorizontalFlip = 0.5, VerticalFlip = 0.2 });
        int[] counts = new int[4];
        for (int i = 0; i < 2000; i++)
        {
            byte[] result = Samples(Run(transform, Cat, i));
            int kind = Array.FindIndex([plain, mirrored, upsideDown, both], other => other.AsSpan().SequenceEqual(result));
            Assert.InRange(kind, 0, 3);
            counts[kind]++;
        }
        Assert.InRange(counts[0], 700, 900);
        Assert.InRange(counts[1], 700, 900);
        Assert.InRange(counts[2], 140, 260);
        Assert.InRange(counts[3], 140, 260);
    }

    [Fact]
    public void The_recipe_of_Fashion_MNIST_can_be_expressed()
    {
        // 28x28 gray, bicubic to 64x64, flip, shift by up to 6 pixels with black at the edge, one mean, three equal planes.
        var options = new AugmentationOptions(64, 64)
        {
            Crop = TrainingCrop.Resize,
            Interpolation = ResizeFilter.Bicubic,
            MaxShift = 6,
            ColorJitter = 0,
            Mean = [0.2860f],
            StandardDeviation = [0.3530f],
        };
        var fixture = new FixtureFile(Repository.Fixture("imaging", "fashion.safetensors"));
        var image = new PixelBlock(fixture.Bytes("images").AsMemory(0, 784), 28, 28, PixelLayout.Gray);
        byte[] resized = fixture.Bytes("resized")[..4096];
        var transform = new TrainingTransform(options);
        var seen = new HashSet<(int, int, bool)>();
        for (int i = 0; i < 3000; i++)
        {
            float[] result = Run(transform, image, i);
            Assert.Equal(result.AsSpan(0, 4096), result.AsSpan(4096, 4096));
            Assert.Equal(result.AsSpan(0, 4096), result.AsSpan(8192, 4096));
            byte[] samples = [.. result.Take(4096).Select(value => (byte)MathF.Round(((value * 0.3530f) + 0.2860f) * 255))];
            seen.Add(FindShift(resized, samples));
        }
        Assert.Equal(13 * 13 * 2, seen.Count);

        float[] one = Run(new TrainingTransform(options with { Channels = 1 }), image, 5);
        Assert.Equal(Run(transform, image, 5)[..4096], one);
    }

    [Fact]
    public void Gray_images_give_what_the_same_RGB_image_gives()
    {
        PixelBlock gray = Reference.Image("grey");
        PixelBlock colour = PixelBlock.Of(RgbImage.FromPixels(gray.Pixels.Span, gray.Width, gray.Height, PixelLayout.Gray));
        AugmentationOptions[] recipes =
        [
            new(32, 32)
            {
                AutoAugment = "rand-m9-mstd0.5-inc1",
                Mean = [0.5f],
                StandardDeviation = [0.5f],
            },
            new(32, 32) { AutoAugment = "rand-m9-mstd0.5-inc1" },
            new(32, 32),
        ];
        foreach (AugmentationOptions recipe in recipes)
        {
            var transform = new TrainingTransform(recipe);
            for (int i = 0; i < 60; i++)
                Assert.Equal(Run(transform, colour, i), Run(transform, gray, i));
        }
    }

    [Fact]
    public void Colours_become_gray_for_one_channel()
    {
        var transform = new TrainingTransform(Raw with { Width = Cat.Width, Height = Cat.Height, Channels = 1 });
        byte[] expected = new byte[Cat.Width * Cat.Height];
        for (int y = 0; y < Cat.Height; y++)
            Cat.CopyRow(y, 0, expected.AsSpan(y * Cat.Width, Cat.Width), 1);
        AssertSamples(expected, Run(transform, Cat, 0), 1);
        // The luma of the first pixel by hand.
        ReadOnlySpan<byte> first = Cat.Pixels.Span[..3];
        Assert.Equal((byte)Math.Round((0.299 * first[0]) + (0.587 * first[1]) + (0.114 * first[2])), expected[0]);
    }

    [Fact]
    public void Colour_jitter_scales_brightness_evenly()
    {
        // On an even gray, contrast and saturation change nothing.
        var flat = new PixelBlock(Enumerable.Repeat((byte)100, 12).ToArray(), 2, 2, PixelLayout.Rgb);
        var transform = new TrainingTransform(Raw with { Width = 2, Height = 2, ColorJitter = 0.4 });
        double[] values = [.. Enumerable.Range(0, 4000).Select(i => (double)Samples(Run(transform, flat, i))[0])];
        Assert.InRange(values.Min(), 60, 61);
        Assert.InRange(values.Max(), 138, 140);
        Assert.InRange(values.Average(), 98.3, 100.7);

        // On a photo all three act, and with RandAugment none does.
        transform = new TrainingTransform(Raw with { ColorJitter = 0.4 });
        Assert.True(Enumerable.Range(0, 50).Select(i => Run(transform, Cat, i)[0]).Distinct().Count() > 20);
        Assert.Equal(
            Run(new TrainingTransform(Raw), Cat, 0),
            Run(new TrainingTransform(Raw with { ColorJitter = 0.4, AutoAugment = "rand-n0" }), Cat, 0)
        );
    }

    [Fact]
    public void Colour_jitter_turns_hues_when_asked_to()
    {
        // Hues alone: a pure colour keeps its brightest and its darkest channel, and every direction comes up.
        var red = new PixelBlock(
            Enumerable.Repeat(new byte[] { 240, 10, 10 }, 4).SelectMany(pixel => pixel).ToArray(),
            2,
            2,
            PixelLayout.Rgb
        );
        var transform = new TrainingTransform(Raw with { Width = 2, Height = 2, ColorJitter = new JitterStrength(0, 0, 0, 0.25) });
        byte[][] colours =
        [
            .. Enumerable
                .Range(0, 400)
                .Select(i => Run(transform, red, i))
                .Select(input => Samples(input))
                .Select(samples => new[] { samples[0], samples[4], samples[8] }),
        ];
        Assert.All(colours, colour => Assert.Equal((240, 10), (colour.Max(), colour.Min())));
        // A quarter of a turn either way: red and green, or red and blue, but never more green than red and no blue at once with green.
        Assert.Contains(colours, colour => colour[1] > 100);
        Assert.Contains(colours, colour => colour[2] > 100);
        Assert.DoesNotContain(colours, colour => colour[1] > 20 && colour[2] > 20);

        // The numbers that are drawn for the others do not depend on it.
        var three = new TrainingTransform(Raw with { ColorJitter = 0.4 });
        var four = new TrainingTransform(Raw with { ColorJitter = new JitterStrength(0.4, 0.4, 0.4) });
        Assert.Equal(Run(three, Cat, 3), Run(four, Cat, 3));
        Assert.NotEqual(
            Run(three, Cat, 3),
            Run(new TrainingTransform(Raw with { ColorJitter = new JitterStrength(0.4, 0.4, 0.4, 0.1) }), Cat, 3)
        );
    }

    [Fact]
    public void RandAugment_fills_with_the_mean_in_whole_numbers()
    {
        // Only geometric operations bring in levels that an even image does not have; mean 0.3 is 76.5, which Python rounds to 76.
        var white = new PixelBlock(Enumerable.Repeat((byte)255, 300).ToArray(), 10, 10, PixelLayout.Rgb);
        var transform = new TrainingTransform(
            Raw with
            {
                Width = 10,
                Height = 10,
                Interpolation = ResizeFilter.Bilinear,
                AutoAugment = "rand-m9-w0",
                Mean = [0.485f, 0.456f, 0.3f],
                StandardDeviation = [1 / 255f],
            }
        );
        var seen = new HashSet<(int, int, int)>();
        for (int i = 0; i < 300; i++)
        {
            float[] result = Run(transform, white, i);
            for (int p = 0; p < 100; p++)
            {
                seen.Add(
                    (
                        (int)MathF.Round(result[p] + (0.485f * 255)),
                        (int)MathF.Round(result[100 + p] + (0.456f * 255)),
                        (int)MathF.Round(result[200 + p] + (0.3f * 255))
                    )
                );
            }
        }
        Assert.Contains((124, 116, 76), seen);
        Assert.Contains((255, 255, 255), seen);
    }

    [Fact]
    public void Bad_options_are_refused()
    {
        AssertRefused(Raw with { Width = 0 }, "Width");
        AssertRefused(Raw with { Channels = 2 }, "1 or 3");
        AssertRefused(Raw with { MinScale = 0 }, "scales");
        AssertRefused(Raw with { MaxScale = 0.05 }, "scales");
        AssertRefused(Raw with { MinRatio = 2 }, "ratios");
        AssertRefused(Raw with { Interpolation = ResizeFilter.Lanczos }, "bilinear, bicubic or null");
        AssertRefused(Raw with { HorizontalFlip = 1.5 }, "a probability");
        AssertRefused(Raw with { VerticalFlip = double.NaN }, "a probability");
        AssertRefused(Raw with { MaxShift = -1 }, "MaxShift");
        AssertRefused(Raw with { ColorJitter = -1 }, "ColorJitter");
        AssertRefused(Raw with { ColorJitter = new JitterStrength(0, 0, 0, 0.6) }, "ColorJitter: a hue of 0 to 0.5");
        AssertRefused(Raw with { Mean = [1, 2] }, "one number or 3 are needed");
        AssertRefused(Raw with { StandardDeviation = [0] }, "more than 0");
        AssertRefused(Raw with { Erasing = new ErasingOptions { MaxArea = 2 } }, "areas");
        AssertRefused(Raw with { Erasing = new ErasingOptions { MaxCount = 0 } }, "1 to 100");
        AssertRefused(Raw with { Erasing = new ErasingOptions { MinAspect = 0 } }, "MinAspect");
        AssertRefused(
            Raw with
            {
                Mixing = new MixOptions { MixupAlpha = 0, CutMixAlpha = 0 },
            },
            "mixup or CutMix must be on"
        );
        AssertRefused(Raw with { Mixing = new MixOptions { CutMixSides = (0.5, 0.2) } }, "CutMixSides");
        Assert.Throws<FormatException>(() => new TrainingTransform(Raw with { AutoAugment = "random" }));
        Assert.Contains(
            "the destination 3",
            Assert.Throws<ArgumentException>(() => new TrainingTransform(Raw).Apply(Cat, Stream(0), new float[3])).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Options_survive_JSON()
    {
        AugmentationOptions options = new(64, 48)
        {
            AutoAugment = "rand-m7-mstd0.5-inc1",
            Erasing = new ErasingOptions(),
            Mixing = new MixOptions { MixupAlpha = 0.1 },
        };
        AugmentationOptions? read = JsonSerializer.Deserialize<AugmentationOptions>(JsonSerializer.Serialize(options));
        Assert.Equal(JsonSerializer.Serialize(options), JsonSerializer.Serialize(read));
        Assert.Equal((0.1, 0.25, 48), (read!.Mixing!.MixupAlpha, read.Erasing!.Probability, read.Height));
        Assert.Equal(0.08, JsonSerializer.Deserialize<AugmentationOptions>("""{"Width":8,"Height":8}""")!.MinScale);
    }

    private static void AssertRefused(AugmentationOptions options, string problem)
    {
        ArgumentException refusal = Assert.ThrowsAny<ArgumentException>(() => new TrainingTransform(options));
        Assert.Contains(problem, refusal.Message, StringComparison.Ordinal);
    }

    private static RandomStream Stream(int index) => new(4, RandomPurpose.Augmentation, 0, index);

    private static float[] Run(TrainingTransform transform, PixelBlock image, int index)
    {
        float[] result = new float[transform.InputLength];
        transform.Apply(image, Stream(index), result);
        return result;
    }

    private static byte[] Samples(float[] values) => [.. values.Select(value => (byte)MathF.Round(value))];

    private static void AssertSamples(byte[] interleaved, float[] planes, int channels)
    {
        Assert.Equal(interleaved.Length, planes.Length);
        int plane = planes.Length / channels;
        byte[] samples = new byte[planes.Length];
        for (int i = 0; i < samples.Length; i++)
            samples[i] = (byte)MathF.Round(planes[((i % channels) * plane) + (i / channels)]);
        Assert.Equal(interleaved, samples);
    }

    private static void FlipPlanes(byte[] planes, bool horizontally)
    {
        for (int start = 0; start < planes.Length; start += 40 * 24)
        {
            if (horizontally)
                Flip.Horizontal(planes.AsSpan(start, 40 * 24), 40, 1);
            else
                Flip.Vertical(planes.AsSpan(start, 40 * 24), 40, 1);
        }
    }

    private static (int X, int Y, bool IsFlipped) FindShift(byte[] image, byte[] result)
    {
        foreach (bool isFlipped in (bool[])[false, true])
        {
            byte[] source = [.. image];
            if (isFlipped)
                Flip.Horizontal(source, 64, 1);
            for (int y = -6; y <= 6; y++)
            for (int x = -6; x <= 6; x++)
                if (IsShift(source, result, x, y))
                    return (x, y, isFlipped);
        }
        throw new InvalidOperationException("no shift of the image");
    }

    private static bool IsShift(byte[] source, byte[] result, int right, int down)
    {
        for (int y = 0; y < 64; y++)
        {
            for (int x = 0; x < 64; x++)
            {
                bool isInside = x - right is >= 0 and < 64 && y - down is >= 0 and < 64;
                if (result[(y * 64) + x] != (isInside ? source[((y - down) * 64) + x - right] : 0))
                    return false;
            }
        }
        return true;
    }
}
