using System.Text.Json;
using MogaSharp.Testing;

namespace MogaSharp.Vision.Tests;

public sealed class SkeletonTests
{
    private static readonly SkeletonDefinition Coco = SkeletonDefinition.Coco;

    [Fact]
    public void Pairs_are_the_left_and_right_joints_of_the_same_name()
    {
        (int, int)[] expected =
        [
            .. Coco
                .Joints.Select((joint, i) => (i, Coco.Joints.IndexOf(joint.Replace("left_", "right_", StringComparison.Ordinal))))
                .Where(pair => pair.i != pair.Item2),
        ];
        Assert.Equal(8, expected.Length);
        Assert.Equal(expected, Coco.FlipPairs);
        Assert.Equal([0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15], Coco.Mirrored);
    }

    [Fact]
    public void Pairs_and_sigmas_are_the_official_ones()
    {
        using JsonDocument suppression = JsonDocument.Parse(File.ReadAllText(Repository.Fixture("dense", "pose", "units", "oks_nms.json")));
        double[] sigmas = [.. suppression.RootElement.GetProperty("sigmas").EnumerateArray().Select(sigma => sigma.GetDouble())];
        Assert.Equal(sigmas.Length, Coco.Sigmas.Length);
        foreach ((double expected, double actual) in sigmas.Zip(Coco.Sigmas))
            Assert.Equal(expected, actual, 12);
        var network = new FixtureFile(Repository.Fixture("dense", "pose", "topdown", "moganet_t_256x192.safetensors"));
        int[][] pairs = JsonSerializer.Deserialize<int[][]>(network.Metadata["flip_pairs"])!;
        Assert.Equal(pairs.Select(pair => (pair[0], pair[1])), Coco.FlipPairs);
    }

    [Fact]
    public void Limbs_join_joints_of_the_same_side_or_the_middle()
    {
        Assert.Equal(19, Coco.Limbs.Distinct().Count());
        foreach ((int from, int to) in Coco.Limbs)
        {
            // Mirrored, the skeleton is the same.
            (int a, int b) = (Coco.Mirrored[from], Coco.Mirrored[to]);
            Assert.Contains(Coco.Limbs, limb => limb == (a, b) || limb == (b, a));
        }
    }

    [Fact]
    public void A_box_follows_a_map_by_its_corners()
    {
        var box = new Box(1, 2, 3, 4);
        Assert.Equal((4, 6, 12), (box.Right, box.Bottom, box.Area));
        Assert.Equal(new Box(6, 2, 3, 4), box.Apply(AffineMap.FlipHorizontally(10)));
        Assert.Equal(new Box(-6, 1, 4, 3), box.Apply(new AffineMap(0, -1, 0, 1, 0, 0)));
        Assert.Equal(Box.FromCorners(1, 2, 3, 5), box.Clip(new ImageSize(3, 5)));
        Assert.Equal(0, new Box(-5, 2, 3, 4).Clip(new ImageSize(3, 5)).Area);
    }
}
