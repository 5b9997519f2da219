using System.Collections.Immutable;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using MogaSharp.Graph;
using MogaSharp.Models;

namespace MogaSharp.Extensions.Tests;

/// <summary>A task of somebody's own: where in an image a bright spot is.</summary>
public static class SpotTask
{
    public static ModelTask Task { get; } = new("spots", "photos");
}

/// <summary>A family of somebody's own, whose networks are for that task.</summary>
public sealed record SpotOptions : ModelOptions
{
    public int Width { get; init; } = 8;

    public override string Family => "spotnet";

    public override ModelTask Task => SpotTask.Task;

    public override IModelDefinition CreateDefinition() => new SpotDefinition(new SpotBackbone(Width), new SpotHead());
}

public sealed class SpotFamily : ModelFamily<SpotOptions>
{
    protected override IJsonTypeInfoResolver Json => SpotContext.Default;
}

[JsonSourceGenerationOptions(
    GenerationMode = JsonSourceGenerationMode.Metadata,
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower
)]
[JsonSerializable(typeof(SpotOptions))]
internal sealed partial class SpotContext : JsonSerializerContext;

internal sealed class SpotBackbone(int width) : IBackbone
{
    public int InChannels => 3;

    public ImmutableArray<FeatureInfo> Features => [new("stage1", width, 2), new("stage2", 2 * width, 4)];

    public IReadOnlyList<Value> Build(Scope net, Value image)
    {
        Value first = net.Activate(ActivationKind.Relu, net["stage1"].Conv("0", image, width, kernel: 3, stride: 2, padding: 1));
        Value second = net.Activate(ActivationKind.Relu, net["stage2"].Conv("0", first, 2 * width, kernel: 3, stride: 2, padding: 1));
        return [first, second];
    }
}

/// <summary>Two outputs, so that a task with several losses is tried.</summary>
internal sealed class SpotHead : IHead
{
    public IReadOnlyList<GraphOutput> Build(Scope net, IReadOnlyList<Value> features)
    {
        Value map = features[^1];
        int cells = map.Shape[1];
        Value pooled = net.SpatialMean(net.Conv("neck", map, cells, kernel: 8));
        return [new("x", net.Linear("x", pooled, 1)), new("y", net.Linear("y", pooled, 1))];
    }
}

internal sealed class SpotDefinition(IBackbone backbone, IHead head) : IModelDefinition
{
    public Shape InputShape(int batch, int height, int width) => new(batch, backbone.InChannels, height, width);

    public ComputationGraph Build(Shape input, ModelOutputs outputs = ModelOutputs.Head)
    {
        var builder = new GraphBuilder();
        Scope net = builder.Root;
        return builder.Build([.. head.Build(net, backbone.Build(net, builder.Input("input", input)))]);
    }
}
