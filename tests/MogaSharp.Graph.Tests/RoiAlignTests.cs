using MogaSharp.Testing;

namespace MogaSharp.Graph.Tests;

/// <summary>Regions of a pyramid, by the reference interpreter.</summary>
public sealed class RoiAlignTests
{
    public static TheoryData<int> Sizes => [.. RegionFixture.Sizes];

    [Theory]
    [MemberData(nameof(Sizes))]
    public void The_reference_gives_what_the_official_code_gives(int size)
    {
        ReferenceTensor result = new ReferenceInterpreter(RegionFixture.Graph(size), new WeightSet([])).Run(RegionFixture.Inputs)["output"];
        Assert.Equal(RegionFixture.File.ShapeOf($"out{size}"), result.Shape);
        Assert.InRange(RegionFixture.File.Difference($"out{size}", Array.ConvertAll(result.Data, x => (float)x)), 0, 2e-6);
    }

    [Fact]
    public void Regions_go_to_the_levels_that_the_official_code_says()
    {
        float[] regions = RegionFixture.File.Floats("level.rois");
        long[] levels = RegionFixture.File.Longs("level");
        Assert.Equal(levels, levels.Select((_, i) => (long)new RoiAlign(7).LevelOf(regions.AsSpan(5 * i, 5), 4)));
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(-8, 8, 0)]
    [InlineData(-8, -8, 0)]
    [InlineData(1e9f, 1e9f, 3)]
    [InlineData(float.PositiveInfinity, 8, 3)]
    [InlineData(float.NaN, 8, 0)]
    public void Whatever_a_region_is_it_has_a_level(float width, float height, int level) =>
        Assert.Equal(level, new RoiAlign(7).LevelOf([0, 100, 100, 100 + width, 100 + height], 4));

    [Fact]
    public void Each_region_is_cut_from_the_map_of_its_level_and_image()
    {
        // Maps of one number an image: what a region is says where it was cut.
        var builder = new GraphBuilder();
        Value[] maps = [.. Enumerable.Range(0, 3).Select(level => builder.Input($"p{level}", new Shape(2, 1, 64 >> level, 64 >> level)))];
        Value regions = builder.Input("regions", new Shape(4, 5));
        ComputationGraph graph = builder.Build(new GraphOutput("y", builder.Root.RoiAlign(maps, regions, 2)));
        Tensor[] inputs =
        [
            .. maps.Select(
                (map, level) =>
                    new Tensor(
                        map.Shape,
                        [
                            .. Enumerable.Repeat<float>(level, map.Shape[2] * map.Shape[3]),
                            .. Enumerable.Repeat<float>(10 + level, map.Shape[2] * map.Shape[3]),
                        ]
                    )
            ),
            new(new Shape(4, 5), [0, 10, 10, 60, 60, 1, 10, 10, 122, 122, 1, 10, 10, 240, 240, 0, 0, 0, 256, 256]),
        ];
        Assert.Equal([0, 11, 12, 2], new ReferenceInterpreter(graph, new WeightSet([])).Run(inputs)["y"].Data.Where((_, i) => i % 4 == 0));
    }

    [Theory]
    [InlineData(float.NaN, 0, 8, 8)]
    [InlineData(0, 0, float.PositiveInfinity, 8)]
    [InlineData(0, float.NegativeInfinity, 8, 8)]
    [InlineData(0, 0, 1e9f, 8)]
    [InlineData(-3e38f, 0, 3e38f, 8)]
    [InlineData(8, 8, 4, 4)]
    [InlineData(4, 4, 4, 8)]
    [InlineData(-40, 0, -8, 8)]
    public void A_region_without_pixels_is_0(float left, float top, float right, float bottom)
    {
        ReferenceTensor y = Run([0, left, top, right, bottom]);
        Assert.All(y.Data, x => Assert.Equal(0, x));
    }

    [Theory]
    [InlineData(2, "Region 1 lies on image 2; there are 2, counted from 0.")]
    [InlineData(-1, "Region 1 lies on image -1; there are 2, counted from 0.")]
    [InlineData(float.NaN, "Region 1 lies on image NaN; there are 2, counted from 0.")]
    public void A_region_of_no_image_is_refused(float image, string message) =>
        Assert.Equal(message, Assert.Throws<GraphException>(() => Run([1, 0, 0, 8, 8, image, 0, 0, 8, 8])).Message);

    private static ReferenceTensor Run(float[] regions)
    {
        var builder = new GraphBuilder();
        Value map = builder.Input("map", new Shape(2, 3, 5, 6));
        Value y = builder.Root.RoiAlign([map], builder.Input("regions", new Shape(regions.Length / 5, 5)), 2);
        return new ReferenceInterpreter(builder.Build(new GraphOutput("y", y)), new WeightSet([])).Run(
            FormulaWeights.Input(map.Shape),
            new Tensor(new Shape(regions.Length / 5, 5), regions)
        )["y"];
    }
}
