using System.Globalization;
using System.Text.Json;
using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Vision.Tests;

public sealed class VideoMetricsTests
{
    [Theory]
    [InlineData("metrics_noise")]
    [InlineData("metrics_blocks")]
    [InlineData("metrics_small_error")]
    [InlineData("metrics_rgb_scaled")]
    public void Numbers_are_those_of_the_official_code(string name)
    {
        var fixture = new FixtureFile(Repository.Fixture("video", $"{name}.safetensors"));
        (float[] predicted, float[] truth, Shape shape) = Clips(fixture);
        Assert.Equal(0, fixture.Difference("pred", predicted));
        Assert.Equal(0, fixture.Difference("true", truth));
        var metrics = new VideoMetrics(shape[2], shape[3], shape[4], Number(fixture, "mean"), Number(fixture, "std"));
        metrics.Add(predicted, truth);
        Assert.Equal(shape[0] * shape[1], metrics.Frames);
        // The official sums are in single precision; what it has from 8-bit values is exact.
        Check("mse", metrics.Mse, 1e-6);
        Check("mae", metrics.Mae, 1e-6);
        Check("rmse", metrics.Rmse, 1e-6);
        Check("mse_spatial_norm", metrics.MseSpatialNorm, 1e-6);
        Check("mae_spatial_norm", metrics.MaeSpatialNorm, 1e-6);
        Check("rmse_spatial_norm", metrics.RmseSpatialNorm, 1e-6);
        Check("ssim", metrics.OfficialSsim, 1e-9);
        Check("ssim_data_range_1", metrics.Ssim, 1e-9);
        Check("psnr", metrics.OfficialPsnr, 1e-12);
        Check("psnr_true_8bit", metrics.Psnr8Bit, 1e-12);
        Check("psnr_true_float", metrics.Psnr, 1e-6);

        void Check(string metric, double value, double tolerance)
        {
            double expected = fixture.Doubles(metric)[0];
            Assert.True(Math.Abs(value - expected) <= tolerance * Math.Abs(expected), $"{metric}: {value:R}, not {expected:R}");
        }
    }

    [Fact]
    public void Parts_add_up_to_the_whole()
    {
        var fixture = new FixtureFile(Repository.Fixture("video", "metrics_blocks.safetensors"));
        (float[] predicted, float[] truth, Shape shape) = Clips(fixture);
        int frame = shape[3] * shape[4];
        var whole = new VideoMetrics(1, 64, 64);
        whole.Add(predicted, truth);
        var parts = new VideoMetrics(1, 64, 64);
        var other = new VideoMetrics(1, 64, 64);
        parts.Add(predicted.AsMemory(0, 3 * frame), truth.AsMemory(0, 3 * frame));
        other.Add(predicted.AsMemory(3 * frame), truth.AsMemory(3 * frame));
        parts.Merge(other.Save());
        foreach ((string name, double value) in whole.Figures())
            Assert.Equal(value, parts.Figures()[name], 1e-12 * Math.Abs(value));
        Assert.Equal(20, parts.Frames);
    }

    [Fact]
    public void Equal_frames_are_perfect_and_what_is_wrong_is_refused()
    {
        float[] frame = [.. Enumerable.Range(0, 100).Select(i => i / 100f)];
        var metrics = new VideoMetrics(1, 10, 10);
        Assert.True(double.IsNaN(metrics.Mse));
        metrics.Add(frame, frame);
        Assert.Equal((0, 0, 1, double.PositiveInfinity), (metrics.Mse, metrics.Mae, metrics.Ssim, metrics.Psnr));
        // Too small for a window.
        var small = new VideoMetrics(1, 5, 20);
        small.Add(frame, frame);
        Assert.True(double.IsNaN(small.Ssim));
        Assert.Equal(0, small.Mse);
        Assert.Contains(
            "are not whole frames of 100.",
            Assert.Throws<ArgumentException>(() => metrics.Add(new float[150], new float[150])).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentException>(() => metrics.Add(new float[100], new float[200]));
        Assert.Contains(
            "cannot be added",
            Assert.Throws<ArgumentException>(() => metrics.Merge(small.Save())).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentException>(() => metrics.Merge(new byte[7]));
        Assert.Throws<ArgumentException>(() => StructuralSimilarity.Of(frame, frame, 1, 10, 11, 1));
    }

    [Fact]
    public void The_official_psnr_takes_an_error_of_16_gray_levels_for_none()
    {
        float[] truth = new float[64],
            predicted = new float[64];
        Array.Fill(predicted, 16.5f / 255);
        var metrics = new VideoMetrics(1, 8, 8);
        metrics.Add(predicted, truth);
        Assert.Equal(double.PositiveInfinity, metrics.OfficialPsnr);
        Assert.Equal(20 * Math.Log10(255.0 / 16), metrics.Psnr8Bit, 1e-9);
        Assert.Equal(20 * Math.Log10(255 / 16.5), metrics.Psnr, 1e-5);
    }

    private static (float[] Predicted, float[] Truth, Shape Shape) Clips(FixtureFile fixture)
    {
        var shape = new Shape(JsonSerializer.Deserialize<long[]>(fixture.Metadata["shape"])!);
        float[] noise = Uniform(shape, fixture.Metadata["noise_name"]);
        float[] truth =
            fixture.Metadata["kind"] == "noise"
                ? Uniform(shape, fixture.Metadata["true_name"])
                : Blocks(shape, fixture.Metadata["true_name"]);
        double amplitude = double.Parse(fixture.Metadata["amplitude"], CultureInfo.InvariantCulture);
        return ([.. truth.Zip(noise, (value, u) => (float)(value + (amplitude * (u - 0.5))))], truth, shape);
    }

    private static float[] Blocks(Shape shape, string name)
    {
        int height = shape[3],
            width = shape[4],
            rows = height / 8,
            columns = width / 8;
        float[] small = Uniform(new Shape(shape[0], shape[1], shape[2], rows, columns), name);
        return
        [
            .. Enumerable
                .Range(0, (int)shape.ElementCount)
                .Select(i => small[(((i / (height * width)) * rows) + (i / width % height / 8)) * columns + (i % width / 8)]),
        ];
    }

    // The fixtures' inputs are 2 (2 u - 1).
    private static float[] Uniform(Shape shape, string name) =>
        [.. FormulaWeights.Input(shape, name).Data.Select(value => (value + 2) / 4)];

    private static float Number(FixtureFile fixture, string name) => float.Parse(fixture.Metadata[name], CultureInfo.InvariantCulture);
}
