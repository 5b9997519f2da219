using MogaSharp.Graph;

namespace MogaSharp.Models.Tests;

/// <summary>The graphs of detectors in two steps.</summary>
public sealed class RegionDefinitionTests
{
    public static TheoryData<string> Names => ["mask_rcnn_moganet_xt", "cascade_mask_rcnn_moganet_s", "cascade_mask_rcnn_moganet_s_giou"];

    [Theory]
    [MemberData(nameof(Names))]
    public void All_graphs_share_the_parameters_of_the_image_graph(string name)
    {
        var definition = (IRegionDefinition)ModelCatalogue.Official.Find(name).CreateDefinition();
        ComputationGraph image = definition.Build(definition.InputShape(1, 64, 96));
        Shape[] maps =
        [
            .. definition.RegionStrides.Select(
                (_, i) => image.Outputs.Single(output => output.Name == IRegionDefinition.MapName(i)).Value.Shape
            ),
        ];
        ComputationGraph[] others =
        [
            .. definition.Stages.Select((_, stage) => definition.BuildBoxes(stage, maps, 5, ModelOutputs.All)),
            definition.BuildMasks(maps, 5),
        ];
        var all = image.Parameters.ToDictionary(spec => spec.Name);
        Assert.All(others, graph => Assert.All(graph.Parameters, spec => Assert.Equal(spec, all[spec.Name])));
        ComputationGraph[] graphs = [image, .. others];
        var read = graphs.SelectMany(graph => graph.Values).SelectMany(value => value.Op.Parameters).ToHashSet();
        Assert.Equal([], all.Keys.Except(read));
        for (int stage = 0; stage < definition.Stages.Length; stage++)
        {
            Assert.Equal(
                [IRegionDefinition.StageClasses(stage), IRegionDefinition.StageBoxes(stage), IRegionDefinition.RegionMaps],
                others[stage].Outputs.Select(output => output.Name)
            );
            Assert.Equal(
                [new Shape(5, 81), new Shape(5, definition.Stages[stage].IsClassAgnostic ? 4 : 320), new Shape(5, 256, 7, 7)],
                others[stage].Outputs.Select(output => output.Value.Shape)
            );
        }

        Assert.Equal(definition.Stages.Length, others[^1].Outputs.Count);
        Assert.All(others[^1].Outputs, output => Assert.Equal(new Shape(5, 80, 28, 28), output.Value.Shape));
    }

    [Fact]
    public void Stages_and_maps_that_there_are_not_are_refused()
    {
        var definition = (IRegionDefinition)new MaskRcnnOptions().CreateDefinition();
        Shape[] maps = [.. Enumerable.Repeat(new Shape(1, 256, 8, 8), 4)];
        Assert.Contains(
            "1 stage(s)",
            Assert.Throws<GraphException>(() => definition.BuildBoxes(1, maps, 1)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "4 maps",
            Assert.Throws<GraphException>(() => definition.BuildMasks(maps[..3], 1)).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("bbox_head.retina_cls", 720, 80, "retinanet_moganet_xt")]
    [InlineData("roi_head.bbox_head.fc_cls", 81, 80, "mask_rcnn_moganet_xt")]
    [InlineData("roi_head.bbox_head.0.fc_cls", 21, 20, "cascade_mask_rcnn_moganet_s")]
    public void The_number_of_classes_is_known_from_the_head(string head, int outputs, int classes, string name)
    {
        ModelOptions options = ModelCatalogue.Official.Find(name).Options.WithClasses(classes);
        Assert.Equal((head, classes), (options.HeadNames[0], options.ClassesOf(outputs)));
        Assert.Equal(
            outputs,
            options.CreateDefinition().Build(new Shape(1, 3, 64, 64)).Parameters.Single(spec => spec.Name == head + ".weight").Shape[0]
        );
    }
}
