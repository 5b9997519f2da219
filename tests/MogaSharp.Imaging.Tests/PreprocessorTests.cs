using System.Drawing;
using System.Security.Cryptography;
using MogaSharp.Testing;

namespace MogaSharp.Imaging.Tests;

public sealed class PreprocessorTests
{
    private static readonly RgbImage Chelsea = ImageDecoder.Load(Fixtures.At("chelsea.png"));

    [Theory]
    [InlineData("chelsea")]
    [InlineData("coffee")]
    public void Evaluation_input_equals_the_official_one(string photo)
    {
        FixtureFile expected = Fixtures.Tensors($"eval_{photo}_224.safetensors");
        RgbImage image = ImageDecoder.Load(Fixtures.At($"{photo}.png"));
        var preprocessor = new Preprocessor(new PreprocessOptions(224, 224));
        AssertPixels.Equal(expected.Bytes("crop_uint8_hwc"), preprocessor.Crop(image).Pixels);
        float[] input = Process(preprocessor, image);
        Assert.Equal(expected.Floats("input_chw_every7"), input.Where((_, i) => i % 7 == 0));
    }

    [Fact]
    public void Evaluation_crop_of_256_pixels_equals_the_official_one()
    {
        RgbImage crop = new Preprocessor(new PreprocessOptions(256, 256)).Crop(Chelsea);
        Assert.Equal(
            "931bcae1c6f53c9b82b72d7edec7bf5edc6c551fab64b8a53aca47c73094696f",
            Convert.ToHexStringLower(SHA256.HashData(crop.Pixels))
        );
    }

    [Fact]
    public void Blue_green_red_is_the_same_with_the_planes_turned_round()
    {
        var options = new PreprocessOptions(32, 24) { Mean = [0.1f, 0.2f, 0.3f], StandardDeviation = [0.5f, 0.6f, 0.7f] };
        float[] rgb = Process(
            new Preprocessor(options with { Mean = [0.3f, 0.2f, 0.1f], StandardDeviation = [0.7f, 0.6f, 0.5f] }),
            Chelsea
        );
        float[] bgr = Process(new Preprocessor(options with { IsBgr = true }), Chelsea);
        const int Plane = 32 * 24;
        Assert.Equal([.. rgb[(2 * Plane)..], .. rgb[Plane..(2 * Plane)], .. rgb[..Plane]], bgr);
        Assert.NotEqual(rgb, bgr);
    }

    [Fact]
    public void The_fashion_card_resizes_whole_images_and_repeats_gray()
    {
        FixtureFile fashion = Fixtures.Tensors("fashion.safetensors");
        byte[] images = fashion.Bytes("images"),
            resized = fashion.Bytes("resized");
        var preprocessor = new Preprocessor(
            new PreprocessOptions(64, 64)
            {
                CropFraction = 1,
                Mode = ResizeMode.Squash,
                Mean = [0.2860f],
                StandardDeviation = [0.3530f],
            }
        );
        float[] input = new float[preprocessor.InputLength];
        for (int i = 0; i < 8; i++)
        {
            preprocessor.Process(images.AsSpan(i * 784, 784), 28, 28, PixelLayout.Gray, 0, input);
            float[] expected = [.. resized.Skip(i * 4096).Take(4096).Select(sample => ((sample / 255f) - 0.2860f) / 0.3530f)];
            Assert.Equal([.. expected, .. expected, .. expected], input);
            RgbImage expanded = RgbImage.FromPixels(images.AsSpan(i * 784, 784), 28, 28, PixelLayout.Gray);
            Assert.Equal(input, Process(preprocessor, expanded));
        }
    }

    // Expected values worked out with the rules of torchvision Resize(int) and timm ResizeKeepRatio in Python.
    [Theory]
    [InlineData(451, 300, 224, 224, 0.9, 372, 248)]
    [InlineData(300, 451, 224, 224, 0.9, 248, 372)]
    [InlineData(500, 375, 224, 224, 0.875, 341, 256)]
    [InlineData(100, 100, 256, 256, 0.9, 284, 284)]
    [InlineData(1, 30000, 224, 224, 0.9, 248, 7440000)]
    [InlineData(640, 427, 192, 256, 0.9, 426, 284)]
    [InlineData(427, 640, 256, 192, 0.9, 284, 426)]
    public void The_size_before_the_crop_is_the_official_one(
        int width,
        int height,
        int inputWidth,
        int inputHeight,
        double crop,
        int resizedWidth,
        int resizedHeight
    )
    {
        var preprocessor = new Preprocessor(new PreprocessOptions(inputWidth, inputHeight) { CropFraction = crop });
        Assert.Equal(new Size(resizedWidth, resizedHeight), preprocessor.ResizedSize(width, height));
    }

    [Theory]
    [InlineData(ResizeFilter.Nearest, ResizeMode.KeepAspect, 0.9)]
    [InlineData(ResizeFilter.Bicubic, ResizeMode.KeepAspect, 0.6)]
    [InlineData(ResizeFilter.Lanczos, ResizeMode.Squash, 0.7)]
    [InlineData(ResizeFilter.Box, ResizeMode.KeepAspect, 1)]
    [InlineData(ResizeFilter.PlainBilinear, ResizeMode.KeepAspect, 0.8)]
    public void The_crop_equals_a_full_resize_that_is_cropped(ResizeFilter filter, ResizeMode mode, double fraction)
    {
        // With 300 rows and a fraction of 1, one of the two passes has nothing to do.
        foreach ((int width, int height) in new[] { (120, 90), (90, 120), (300, 300), (500, 500) })
        {
            var preprocessor = new Preprocessor(
                new PreprocessOptions(width, height)
                {
                    Filter = filter,
                    Mode = mode,
                    CropFraction = fraction,
                }
            );
            Size size = preprocessor.ResizedSize(Chelsea.Width, Chelsea.Height);
            RgbImage expected = Chelsea.Resize(size.Width, size.Height, filter).CenterCrop(width, height);
            AssertPixels.Equal(expected.Pixels, preprocessor.Crop(Chelsea).Pixels);
        }
    }

    [Fact]
    public void A_very_long_image_costs_no_more_than_its_crop()
    {
        var line = new RgbImage(1, 30000, new byte[90000]);
        var preprocessor = new Preprocessor(new PreprocessOptions(224, 224));
        long before = GC.GetAllocatedBytesForCurrentThread();
        float[] input = Process(preprocessor, line);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 << 20);
        Assert.Equal(-0.485f / 0.229f, input[0]);
    }

    [Theory]
    [InlineData(PixelLayout.Rgb, 0)]
    [InlineData(PixelLayout.Rgb, 5)]
    [InlineData(PixelLayout.Bgr, 0)]
    [InlineData(PixelLayout.Rgba, 3)]
    [InlineData(PixelLayout.Bgra, 0)]
    [InlineData(PixelLayout.Gray, 7)]
    public void Every_layout_of_pixels_gives_the_input_of_the_image(PixelLayout layout, int gap)
    {
        const int Width = 61,
            Height = 47;
        int stride = (Width * PixelConversion.BytesPerPixel(layout)) + gap;
        byte[] pixels = new byte[stride * Height];
        new Random(3).NextBytes(pixels);
        var preprocessor = new Preprocessor(new PreprocessOptions(40, 32));
        float[] input = new float[preprocessor.InputLength];
        preprocessor.Process(pixels, Width, Height, layout, stride, input);
        Assert.Equal(Process(preprocessor, RgbImage.FromPixels(pixels, Width, Height, layout, stride)), input);
    }

    [Fact]
    public void Preprocessing_allocates_nothing_once_warm()
    {
        var preprocessor = new Preprocessor(new PreprocessOptions(224, 224));
        float[] input = Process(preprocessor, Chelsea);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++)
            preprocessor.Process(Chelsea, input);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10 * 1024);
    }

    [Fact]
    public void Wrong_options_are_refused()
    {
        var good = new PreprocessOptions(8, 8);
        AssertRefused(good with { Width = 0 });
        AssertRefused(good with { Height = -1 });
        AssertRefused(good with { CropFraction = 0 });
        AssertRefused(good with { CropFraction = 1.01 });
        AssertRefused(good with { CropFraction = double.NaN });
        AssertRefused(good with { Filter = (ResizeFilter)99 });
        AssertRefused(good with { Mode = (ResizeMode)99 });
        AssertRefused(good with { Mean = default });
        AssertRefused(good with { Mean = [1, 2] });
        AssertRefused(good with { Mean = [float.NaN] });
        AssertRefused(good with { StandardDeviation = [0, 1, 1] });
    }

    [Fact]
    public void A_destination_of_another_length_is_refused()
    {
        var preprocessor = new Preprocessor(new PreprocessOptions(8, 8));
        var refusal = Assert.Throws<ArgumentException>(() => preprocessor.Process(Chelsea, new float[191]));
        Assert.Contains("192 values, the destination 191", refusal.Message, StringComparison.Ordinal);
    }

    private static void AssertRefused(PreprocessOptions options) => Assert.ThrowsAny<ArgumentException>(() => new Preprocessor(options));

    private static float[] Process(Preprocessor preprocessor, RgbImage image)
    {
        float[] input = new float[preprocessor.InputLength];
        preprocessor.Process(image, input);
        return input;
    }
}
