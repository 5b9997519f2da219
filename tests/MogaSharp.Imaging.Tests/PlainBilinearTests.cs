using System.Drawing;
using MogaSharp.Testing;

namespace MogaSharp.Imaging.Tests;

/// <summary>The bilinear resize of the dense tasks' pipelines, equal to theirs.</summary>
public sealed class PlainBilinearTests
{
    private static readonly FixtureFile Expected = Fixtures.Tensors("resize_plain_chelsea.safetensors");
    private static readonly RgbImage Chelsea = ImageDecoder.Load(Fixtures.At("chelsea.png"));

    [Theory]
    [InlineData("up")]
    [InlineData("down")]
    [InlineData("small")]
    public void A_photo_equals_that_of_the_official_pipeline(string name)
    {
        int height = Expected.StatedShape(name)[0],
            width = Expected.StatedShape(name)[1];
        int stride = int.Parse(Expected.Metadata[$"{name}.stride"]);
        byte[] resized = Chelsea.Resize(width, height, ResizeFilter.PlainBilinear).Pixels;
        AssertPixels.Equal(Expected.Bytes($"{name}.sample"), [.. resized.Where((_, i) => i % stride == 0)]);
    }

    [Fact]
    public void Exactly_half_the_size_is_the_mean_of_two_by_two_pixels()
    {
        byte[] gray = [0, 1, 10, 20, 1, 0, 30, 43, 255, 255, 9, 8, 255, 254, 7, 6];
        byte[] half = new byte[4];
        Resampler.Resize(gray, 4, 4, 1, half, 2, 2, ResizeFilter.PlainBilinear);
        Assert.Equal([1, 26, 255, 8], half);
    }

    [Fact]
    public void The_same_size_changes_nothing() =>
        AssertPixels.Equal(Chelsea.Pixels, Chelsea.Resize(Chelsea.Width, Chelsea.Height, ResizeFilter.PlainBilinear).Pixels);

    // Rows are kept from one row of the result to the next, and pixels but the last are computed in vectors.
    [Theory]
    [InlineData(3, 640, 29)]
    [InlineData(3, 13, 400)]
    [InlineData(3, 1, 57)]
    [InlineData(1, 61, 411)]
    public void Any_window_is_that_of_the_whole(int channels, int width, int height)
    {
        byte[] source = channels == 3 ? Chelsea.Pixels : Chelsea.Pixels[..(Chelsea.Width * Chelsea.Height)];
        Size size = new(Chelsea.Width, Chelsea.Height),
            newSize = new(width, height);
        byte[] whole = new byte[width * height * channels];
        Resampler.Resize(source, size.Width, size.Height, channels, whole, width, height, ResizeFilter.PlainBilinear);
        byte[] pixel = new byte[channels];
        for (int i = 0; i < width * height; i += 7)
        {
            var window = new Rectangle(i % width, i / width, 1, 1);
            PlainBilinear.Resize(source, size, channels, pixel, newSize, window);
            AssertPixels.Equal(whole.AsSpan(i * channels, channels), pixel);
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 300)]
    [InlineData(903, 2)]
    public void Every_sample_is_near_exact_interpolation(int width, int height)
    {
        RgbImage resized = Chelsea.Resize(width, height, ResizeFilter.PlainBilinear);
        for (int i = 0; i < resized.Pixels.Length; i++)
        {
            double x = (((i / 3 % width) + 0.5) * Chelsea.Width / width) - 0.5,
                y = (((i / 3 / width) + 0.5) * Chelsea.Height / height) - 0.5;
            double exact = Interpolate(x, y, i % 3);
            Assert.True(Math.Abs(exact - resized.Pixels[i]) <= 1, $"sample {i}: exactly {exact}, got {resized.Pixels[i]}");
        }
    }

    private static double Interpolate(double x, double y, int channel)
    {
        (int left, int top) = ((int)Math.Floor(x), (int)Math.Floor(y));
        double right = x - left,
            down = y - top;
        double upper = ((1 - right) * Sample(left, top, channel)) + (right * Sample(left + 1, top, channel));
        double lower = ((1 - right) * Sample(left, top + 1, channel)) + (right * Sample(left + 1, top + 1, channel));
        return ((1 - down) * upper) + (down * lower);
    }

    private static byte Sample(int x, int y, int channel) =>
        Chelsea.Row(Math.Clamp(y, 0, Chelsea.Height - 1))[(Math.Clamp(x, 0, Chelsea.Width - 1) * 3) + channel];
}
