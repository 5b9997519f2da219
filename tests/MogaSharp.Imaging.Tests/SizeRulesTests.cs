using System.Text.Json;
using MogaSharp.Testing;
using MogaSharp.Vision;

namespace MogaSharp.Imaging.Tests;

public sealed class SizeRulesTests
{
    [Fact]
    public void Sizes_are_those_of_the_official_pipelines()
    {
        using JsonDocument sizes = JsonDocument.Parse(File.ReadAllText(Repository.Fixture("dense", "preprocess", "sizes.json")));
        int cases = 0;
        foreach (JsonElement one in sizes.RootElement.GetProperty("cases").EnumerateArray())
        {
            ImageSize image = SizeOf(one, "w", "h");
            ImageSize detection = SizeRules.KeepRatio(image, 1333, 800),
                segmentation = SizeRules.KeepRatio(image, 2048, 512);
            JsonElement expected = one.GetProperty("detection");
            Assert.Equal(SizeOf(expected, "w", "h"), detection);
            Assert.Equal(SizeOf(expected, "pad_w", "pad_h"), SizeRules.UpToMultiple(detection, 32));
            expected = one.GetProperty("segmentation");
            Assert.Equal(SizeOf(expected, "keep_ratio_w", "keep_ratio_h"), segmentation);
            Assert.Equal(SizeOf(expected, "align_w", "align_h"), SizeRules.UpToMultiple(segmentation, 32));
            cases++;
        }

        Assert.Equal(12, cases);
    }

    [Fact]
    public void A_line_stays_a_line_and_impossible_sizes_are_refused()
    {
        Assert.Equal(new ImageSize(1333, 1), SizeRules.KeepRatio(new ImageSize(10_000, 1), 1333, 800));
        Assert.Throws<ArgumentOutOfRangeException>(() => SizeRules.KeepRatio(new ImageSize(0, 1), 1333, 800));
        Assert.Throws<ArgumentOutOfRangeException>(() => SizeRules.UpToMultiple(new ImageSize(1, 1), 0));
        Assert.Throws<OverflowException>(() => SizeRules.UpToMultiple(new ImageSize(int.MaxValue, 1), 32));
    }

    private static ImageSize SizeOf(JsonElement element, string width, string height) =>
        new(element.GetProperty(width).GetInt32(), element.GetProperty(height).GetInt32());
}
