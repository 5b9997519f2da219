using MogaSharp.Graph;

namespace MogaSharp.Testing;

/// <summary>Regions of one map at stride 4, cut by the official RoIAlign.</summary>
public static class RegionFixture
{
    /// <summary>The file.</summary>
    public static FixtureFile File { get; } = new(Repository.Fixture("dense", "detection", "units", "roi_align.safetensors"));

    /// <summary>The two sizes that regions are brought to.</summary>
    public static IReadOnlyList<int> Sizes { get; } = [7, 14];

    /// <summary>The map and the regions.</summary>
    public static Tensor[] Inputs { get; } = [Read("feature"), Read("rois")];

    /// <summary>The graph that gives regions of a size as <c>output</c>.</summary>
    public static ComputationGraph Graph(int size)
    {
        var builder = new GraphBuilder();
        Value map = builder.Input("map", Inputs[0].Shape);
        return builder.Build(new GraphOutput("output", builder.Root.RoiAlign([map], builder.Input("regions", Inputs[1].Shape), size)));
    }

    /// <summary>A tensor of the file.</summary>
    public static Tensor Read(string name) => new(File.ShapeOf(name), File.Floats(name));
}
