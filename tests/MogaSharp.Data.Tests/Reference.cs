using System.Text.Json;
using MogaSharp.Imaging;
using MogaSharp.Testing;

namespace MogaSharp.Data.Tests;

/// <summary>What timm 0.6.13 and numpy give, from tests/fixtures/augment.</summary>
internal static class Reference
{
    public static JsonElement Json { get; } =
        JsonDocument.Parse(File.ReadAllText(Repository.Fixture("augment", "reference.json"))).RootElement;

    public static FixtureFile Operations { get; } = new(Repository.Fixture("augment", "ops.safetensors"));

    /// <summary>A small photo or drawing of the fixture.</summary>
    public static PixelBlock Image(string name)
    {
        byte[] pixels = Operations.Bytes(name);
        MogaSharp.Graph.Shape shape = Operations.ShapeOf(name);
        return new PixelBlock(pixels, shape[1], shape[0], shape[2] == 1 ? PixelLayout.Gray : PixelLayout.Rgb);
    }

    public static string[] Strings(string name) => [.. Json.GetProperty(name).EnumerateArray().Select(element => element.GetString()!)];

    public static double[] Doubles(this JsonElement element) => [.. element.EnumerateArray().Select(value => value.GetDouble())];

    /// <summary>Checks mean and spread of drawn numbers against those of the official code, within five standard errors of both.</summary>
    public static void AssertLike(JsonElement moments, IReadOnlyCollection<double> drawn, string what)
    {
        double expected = moments.GetProperty("mean").GetDouble(),
            deviation = moments.GetProperty("deviation").GetDouble();
        double mean = drawn.Average(),
            spread = Math.Sqrt(drawn.Average(value => (value - mean) * (value - mean)));
        double error = 5 * deviation * Math.Sqrt((1.0 / drawn.Count) + (1.0 / moments.GetProperty("count").GetInt32()));
        Assert.True(Math.Abs(mean - expected) <= error, $"{what}: the mean is {mean}, not {expected} +- {error}");
        // The standard error of a deviation is at most about that of the mean for the distributions here.
        Assert.True(Math.Abs(spread - deviation) <= 1.5 * error, $"{what}: the deviation is {spread}, not {deviation} +- {1.5 * error}");
    }
}
