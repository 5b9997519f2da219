using MogaSharp.Testing;

namespace MogaSharp.Vision.Tests;

/// <summary>Regions, heat maps and targets of pose networks, equal to those of MMPose.</summary>
public sealed class PoseGeometryTests
{
    private static readonly ImageSize MapSize = new(48, 64);
    private static readonly FixtureFile Affine = new(Repository.Fixture("dense", "pose", "units", "affine.safetensors"));
    private static readonly FixtureFile Decode = new(Repository.Fixture("dense", "pose", "units", "decode.safetensors"));
    private static readonly FixtureFile Network = new(Repository.Fixture("dense", "pose", "topdown", "moganet_t_256x192.safetensors"));

    [Fact]
    public void Regions_of_boxes_equal_the_official_ones_to_the_bit()
    {
        (float[] centers, float[] scales) = (Affine.Floats("center"), Affine.Floats("scale"));
        for (int i = 0; i < 30; i++)
            Assert.Equal(
                new PoseRegion(centers[2 * i], centers[(2 * i) + 1], scales[2 * i], scales[(2 * i) + 1]),
                PoseRegion.FromBox(BoxOf(i), InputOf(i))
            );
    }

    [Fact]
    public void Maps_to_the_input_equal_the_official_ones()
    {
        double[] matrices = Affine.Doubles("matrix"),
            inverses = Affine.Doubles("matrix_inverse"),
            rotations = Affine.Doubles("rotation");
        Assert.Contains(rotations, rotation => rotation != 0);
        for (int i = 0; i < 30; i++)
        {
            AffineMap map = PoseRegion.FromBox(BoxOf(i), InputOf(i)).ToInput(InputOf(i), rotations[i]);
            AssertMatrix(matrices.AsSpan(i * 6, 6), map);
            AssertMatrix(inverses.AsSpan(i * 6, 6), map.Inverse());
        }
    }

    [Fact]
    public void A_region_without_extent_has_no_map() =>
        Assert.StartsWith(
            "The region PoseRegion { CenterX = 1,",
            Assert.Throws<ArgumentException>(() => new PoseRegion(1, 2, 0, 0).ToInput(new ImageSize(192, 256))).Message
        );

    [Theory]
    [InlineData("none", HeatMapRefinement.None, 0)]
    [InlineData("default", HeatMapRefinement.QuarterShift, 0)]
    [InlineData("unbiased", HeatMapRefinement.Unbiased, 1e-3)]
    public void Hand_made_maps_have_the_official_joints(string name, HeatMapRefinement refinement, double tolerance)
    {
        float[] center = Decode.Floats("center"),
            scale = Decode.Floats("scale");
        var region = new PoseRegion(center[0], center[1], scale[0], scale[1]);
        PosePoint[] points = HeatMapDecoder.Decode(Decode.Floats("heatmap"), MapSize, region, refinement);
        AssertPoints(Decode.Floats($"keypoints.{name}"), points, tolerance);
    }

    [Theory]
    [InlineData("heatmap", "noflip.none", HeatMapRefinement.None, 0)]
    [InlineData("heatmap", "noflip.default", HeatMapRefinement.QuarterShift, 0)]
    [InlineData("heatmap", "noflip.unbiased", HeatMapRefinement.Unbiased, 1e-3)]
    [InlineData("heatmap_flip_avg", "flip.none", HeatMapRefinement.None, 0)]
    [InlineData("heatmap_flip_avg", "flip.default", HeatMapRefinement.QuarterShift, 0)]
    [InlineData("heatmap_flip_avg", "flip.unbiased", HeatMapRefinement.Unbiased, 1e-3)]
    public void Maps_of_a_network_have_the_official_joints(string maps, string name, HeatMapRefinement refinement, double tolerance)
    {
        float[] values = Network.Floats(maps),
            centers = Network.Floats("center"),
            scales = Network.Floats("scale"),
            expected = Network.Floats($"keypoints.{name}");
        int length = values.Length / 2;
        for (int person = 0; person < 2; person++)
        {
            int at = 2 * person;
            var region = new PoseRegion(centers[at], centers[at + 1], scales[at], scales[at + 1]);
            PosePoint[] points = HeatMapDecoder.Decode(values.AsSpan(person * length, length), MapSize, region, refinement);
            AssertPoints(expected.AsSpan(person * expected.Length / 2, expected.Length / 2), points, tolerance);
        }
    }

    [Fact]
    public void Maps_of_not_a_number_give_no_joint()
    {
        float[] maps = new float[12 * 12];
        Array.Fill(maps, float.NaN);
        foreach (HeatMapRefinement refinement in Enum.GetValues<HeatMapRefinement>())
        {
            PosePoint point = Assert.Single(
                HeatMapDecoder.Decode(maps, new ImageSize(12, 12), new PoseRegion(60, 60, 0.6f, 0.6f), refinement)
            );
            Assert.Equal((-10, -10, double.NaN), (Math.Round(point.X, 3), Math.Round(point.Y, 3), point.Score));
        }
    }

    [Fact]
    public void Maps_of_the_mirrored_image_come_back_as_the_official_ones()
    {
        float[] maps = Decode.Floats("heatmap"),
            back = new float[maps.Length];
        HeatMaps.Unmirror(maps, MapSize, SkeletonDefinition.Coco, back);
        Assert.Equal(0, Decode.Difference("flip_back_shifted", back));
    }

    [Fact]
    public void The_flip_test_is_the_mean_for_every_person()
    {
        float[] maps = Network.Floats("heatmap"),
            mirrored = Network.Floats("heatmap_flip_avg"),
            back = new float[maps.Length],
            merged = [.. maps];
        HeatMaps.Unmirror(mirrored, MapSize, SkeletonDefinition.Coco, back);
        HeatMaps.MergeMirrored(merged, mirrored, MapSize, SkeletonDefinition.Coco);
        Assert.Equal(maps.Zip(back, (map, other) => (map + other) * 0.5f), merged);
    }

    [Theory]
    [InlineData("target_256x192", 192, 256)]
    [InlineData("target_384x288", 288, 384)]
    public void Targets_equal_the_official_ones(string name, int width, int height)
    {
        var fixture = new FixtureFile(Repository.Fixture("dense", "pose", "units", $"{name}.safetensors"));
        float[] joints = fixture.Floats("joints"),
            visible = fixture.Floats("visible");
        KeyPoint[] points =
        [
            .. Enumerable
                .Range(0, 17)
                .Select(i => new KeyPoint(
                    joints[3 * i],
                    joints[(3 * i) + 1],
                    visible[3 * i] > 0 ? KeyPointVisibility.Visible : KeyPointVisibility.Unlabeled
                )),
        ];
        var size = new ImageSize(width / 4, height / 4);
        float[] target = new float[17 * size.Width * size.Height],
            weights = new float[17];
        HeatMaps.WriteTargets(points, new ImageSize(width, height), size, target, weights);
        Assert.Equal(fixture.Floats("target_weight"), weights);
        Assert.Contains(0, weights);
        Assert.InRange(fixture.Difference("target", target), 0, 1e-7);
    }

    [Fact]
    public void Joints_at_no_place_have_no_target()
    {
        float[] target = new float[3 * 64],
            weights = new float[3];
        KeyPoint[] points =
        [
            new(double.NaN, 1, KeyPointVisibility.Visible),
            new(1e300, 1, KeyPointVisibility.Visible),
            new(1, double.NegativeInfinity, KeyPointVisibility.Visible),
        ];
        HeatMaps.WriteTargets(points, new ImageSize(32, 32), new ImageSize(8, 8), target, weights);
        Assert.All(target.Concat(weights), value => Assert.Equal(0, value));
    }

    [Fact]
    public void Values_that_are_not_whole_maps_are_refused()
    {
        var size = new ImageSize(4, 4);
        ArgumentException wrong = Assert.Throws<ArgumentException>(() => HeatMapDecoder.Decode(new float[17], size, default));
        Assert.StartsWith("17 values are not whole maps of 4 x 4.", wrong.Message);
        wrong = Assert.Throws<ArgumentException>(() =>
            HeatMaps.MergeMirrored(new float[160], new float[160], size, SkeletonDefinition.Coco)
        );
        Assert.StartsWith("160 values are not 17 maps of 4 x 4 for each person.", wrong.Message);
        wrong = Assert.Throws<ArgumentException>(() => HeatMaps.WriteTargets(new KeyPoint[2], size, size, new float[32], new float[1]));
        Assert.StartsWith("32 values and 1 weights are not those of 2 maps of 4 x 4.", wrong.Message);
    }

    private static Box BoxOf(int i)
    {
        double[] boxes = Affine.Doubles("bbox_xywh");
        return new Box(boxes[4 * i], boxes[(4 * i) + 1], boxes[(4 * i) + 2], boxes[(4 * i) + 3]);
    }

    private static ImageSize InputOf(int i)
    {
        long[] sizes = [.. Affine.Doubles("output_wh").Select(BitConverter.DoubleToInt64Bits)];
        return new ImageSize((int)sizes[2 * i], (int)sizes[(2 * i) + 1]);
    }

    // Relative to the largest element of the matrix: the official code solves six equations by elimination.
    private static void AssertMatrix(ReadOnlySpan<double> expected, AffineMap map)
    {
        double[] actual = [map.Xx, map.Xy, map.X0, map.Yx, map.Yy, map.Y0];
        for (int i = 0; i < 6; i++)
            Assert.InRange(
                actual[i],
                expected[i] - 1e-11 * Math.Abs(expected[i]) - 1e-10,
                expected[i] + 1e-11 * Math.Abs(expected[i]) + 1e-10
            );
    }

    private static void AssertPoints(ReadOnlySpan<float> expected, PosePoint[] points, double tolerance)
    {
        Assert.Equal(expected.Length, points.Length * 3);
        for (int i = 0; i < points.Length; i++)
        {
            Assert.InRange(points[i].X, expected[3 * i] - tolerance, expected[3 * i] + tolerance);
            Assert.InRange(points[i].Y, expected[(3 * i) + 1] - tolerance, expected[(3 * i) + 1] + tolerance);
            Assert.Equal(expected[(3 * i) + 2], points[i].Score);
        }
    }
}
