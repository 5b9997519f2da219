using System.Text.Json;
using MogaSharp.Testing;

namespace MogaSharp.Vision.Tests;

public sealed class AnchorTests
{
    private static readonly FixtureFile Expected = DetectionFixtures.Units("anchors");
    private static readonly int[][] Sizes = JsonSerializer.Deserialize<int[][]>(Expected.Metadata["grid_sizes_hw"])!;

    public static TheoryData<string, int> Levels() =>
        [.. from kind in new[] { "retina", "rpn" } from level in Enumerable.Range(0, 5) select (kind, level)];

    [Theory]
    [MemberData(nameof(Levels))]
    public void Anchors_are_the_official_ones_to_the_bit(string kind, int level)
    {
        AnchorGenerator anchors = Of(kind);
        var map = new ImageSize(Sizes[level][1], Sizes[level][0]);
        Assert.Equal(Expected.Floats($"{kind}.base.{level}"), anchors.BaseAnchors(level).ToArray());
        Assert.Equal(Expected.Floats($"{kind}.grid.{level}"), anchors.Grid(level, map));
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void Anchors_of_padding_are_not_valid(string kind, int level)
    {
        AnchorGenerator anchors = Of(kind);
        using JsonDocument shapes = JsonDocument.Parse(Expected.Metadata["valid_for_pad_shape"]);
        int[] padded = shapes.RootElement.GetProperty(kind).Deserialize<int[]>()!;
        var map = new ImageSize(Sizes[level][1], Sizes[level][0]);
        bool[] valid = new bool[map.Width * map.Height * anchors.Count];
        anchors.WriteValid(level, map, new ImageSize(padded[1], padded[0]), valid);
        Assert.Equal(Expected.Bytes($"{kind}.valid.{level}").Select(value => value != 0), valid);
    }

    [Fact]
    public void What_gives_no_anchors_is_refused()
    {
        Assert.StartsWith(
            "Anchors need a stride, a ratio and a scale.",
            Assert.Throws<ArgumentException>(() => new AnchorGenerator([8], [], [1])).Message
        );
        foreach (float bad in new[] { 0, -1, float.NaN, float.PositiveInfinity })
            Assert.StartsWith(
                "Strides, ratios and scales of anchors are positive.",
                Assert.Throws<ArgumentException>(() => new AnchorGenerator([8], [1], [bad])).Message
            );
        Assert.StartsWith(
            "7 numbers are not those of 9 anchors for each place of 2 x 1.",
            Assert.Throws<ArgumentException>(() => AnchorGenerator.RetinaNet.WriteGrid(0, new ImageSize(2, 1), new float[7])).Message
        );
        Assert.StartsWith(
            "7 values are not those of 3 anchors for each place of 2 x 1.",
            Assert
                .Throws<ArgumentException>(() =>
                    AnchorGenerator.RegionProposals.WriteValid(0, new ImageSize(2, 1), new ImageSize(9, 9), new bool[7])
                )
                .Message
        );
    }

    private static AnchorGenerator Of(string kind) => kind == "rpn" ? AnchorGenerator.RegionProposals : AnchorGenerator.RetinaNet;
}
