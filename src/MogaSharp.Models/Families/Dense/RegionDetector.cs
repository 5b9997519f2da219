using System.Collections.Immutable;
using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>Mask R-CNN and its cascade: the image graph, and graphs that look at regions.</summary>
internal sealed class RegionDetector(RegionOptions options, IBackbone backbone, ImmutableArray<RegionStage> stages)
    : DenseNetwork(
        backbone,
        (
            "rpn_head",
            new RpnHead
            {
                Anchors = Proposals.Count,
                RegionMaps = Strides.Length,
                Channels = options.ProposalChannels,
            }
        ),
        new Fpn(options.NeckChannels) { ExtraCount = 1 }
    ),
        IRegionDefinition
{
    private const int BoxSide = 7,
        MaskSide = 14,
        FinestScale = 56;

    private static readonly ImmutableArray<int> Strides = [4, 8, 16, 32];

    private static readonly AnchorLayout Proposals = new() { Strides = [4, 8, 16, 32, 64], Scales = [8] };

    public int NumClasses => options.NumClasses;

    public AnchorLayout Anchors => Proposals;

    public ImmutableArray<int> RegionStrides => Strides;

    public ImmutableArray<RegionStage> Stages => stages;

    public int MaskSize => 2 * MaskSide;

    public string ClassOutput(int level) => $"rpn.cls.{level}";

    public string BoxOutput(int level) => $"rpn.reg.{level}";

    public ComputationGraph BuildBoxes(int stage, IReadOnlyList<Shape> maps, int regions, ModelOutputs outputs = ModelOutputs.Head)
    {
        if (stage < 0 || stage >= stages.Length)
            throw new GraphException($"The network has {stages.Length} stage(s), not one of number {stage}.");
        var builder = new GraphBuilder(ParameterOrder.Modules);
        Value cut = Cut(builder, maps, regions, BoxSide);
        (Value classes, Value boxes) = Boxes(builder, stage, cut);
        List<GraphOutput> results = [new(IRegionDefinition.StageClasses(stage), classes), new(IRegionDefinition.StageBoxes(stage), boxes)];
        if (outputs.HasFlag(ModelOutputs.Stages))
            results.Add(new(IRegionDefinition.RegionMaps, cut));
        return builder.Build([.. results]);
    }

    public ComputationGraph BuildMasks(IReadOnlyList<Shape> maps, int regions)
    {
        var builder = new GraphBuilder(ParameterOrder.Modules);
        Value cut = Cut(builder, maps, regions, MaskSide);
        return builder.Build([
            .. stages.Select((_, stage) => new GraphOutput(IRegionDefinition.MaskLogits(stage), Masks(builder, stage, cut))),
        ]);
    }

    private protected override void DeclareRest(GraphBuilder builder)
    {
        var other = new GraphBuilder();
        var cut = new Shape(1, options.NeckChannels, BoxSide, BoxSide);
        for (int stage = 0; stage < stages.Length; stage++)
            Boxes(other, stage, other.Input(IRegionDefinition.RegionMaps, cut));
        for (int stage = 0; stage < stages.Length; stage++)
            Masks(other, stage, other.Input(IRegionDefinition.RegionMaps, cut));
        foreach (ParameterSpec spec in other.Build().Parameters)
            builder.Declare(spec);
    }

    private static Value Cut(GraphBuilder builder, IReadOnlyList<Shape> maps, int regions, int side)
    {
        if (maps.Count != Strides.Length)
            throw new GraphException($"Regions are cut out of {Strides.Length} maps, {maps.Count} were given.");
        Value[] inputs =
        [
            .. maps.Select((shape, i) => builder.Input(IRegionDefinition.MapName(i), shape)),
            builder.Input(IRegionDefinition.Regions, new Shape(regions, 5)),
        ];
        return builder.Add("roi_head", new RoiAlign(side, Strides[0], FinestScale), inputs);
    }

    private (Value Classes, Value Boxes) Boxes(GraphBuilder builder, int stage, Value cut)
    {
        var head = new BoxHead(
            options.NumClasses,
            stages[stage].IsClassAgnostic,
            options.BoxConvs,
            options.NeckChannels,
            options.BoxLayers,
            options.BoxFeatures
        );
        return head.Build(At(builder, "bbox_head", stage), cut);
    }

    private Value Masks(GraphBuilder builder, int stage, Value cut) =>
        new MaskHead(options.NumClasses, options.MaskConvs, options.MaskChannels).Build(At(builder, "mask_head", stage), cut);

    // The official code numbers the heads where there are several.
    private Scope At(GraphBuilder builder, string head, int stage)
    {
        Scope scope = builder.Root["roi_head"][head];
        return stages.Length == 1 ? scope : scope[stage];
    }
}
