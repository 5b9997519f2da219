using System.Collections.Immutable;

namespace MogaSharp.Models;

/// <summary>Options of top-down pose networks with heat maps (arXiv 1804.06208; Westlake-AI/MogaNet, <c>pose_estimation</c>).</summary>
public sealed record HeatMapPoseOptions : DenseOptions
{
    /// <inheritdoc/>
    public override string Family => "heatmap_pose";

    /// <inheritdoc/>
    public override ModelTask Task => ModelTask.Pose;

    /// <summary>Joints, 1 or more.</summary>
    public int Joints { get; init; } = 17;

    /// <summary>Channels of the transposed convolutions, one each.</summary>
    public ImmutableArray<int> HeadChannels { get; init; } = [256, 256, 256];

    /// <inheritdoc/>
    public override int ClassCount => Joints;

    /// <inheritdoc/>
    public override ModelOptions WithClasses(int classes) => this with { Joints = classes };

    /// <inheritdoc/>
    public override ImmutableArray<string> HeadNames => ["keypoint_head.final_layer"];

    /// <inheritdoc/>
    public override IModelDefinition CreateDefinition() =>
        new PoseNetwork(Joints, CreateBackbone(), new HeatMapHead { Joints = Joints, Channels = HeadChannels });

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require(Joints > 0, "there is at least one joint");
        Require(!HeadChannels.IsDefault && HeadChannels.All(channels => channels > 0), "channels are positive");
    }

    /// <inheritdoc/>
    protected internal override void CheckLimits(Action<bool, string> require)
    {
        base.CheckLimits(require);
        require(HeadChannels.Length <= 16, "there are at most 16 transposed convolutions");
        RequireChannels(require, HeadChannels.AsSpan());
    }
}

/// <summary>Top-down pose networks as a family: the official weights and recipes.</summary>
public sealed class HeatMapPoseFamily : DenseFamily<HeatMapPoseOptions>
{
    /// <inheritdoc/>
    public override Stream? OpenCatalogue() => Resource("heatmap_pose.json");

    /// <inheritdoc/>
    /// <remarks>Westlake-AI/MogaNet, <c>pose_estimation/configs</c>: eight GPUs with 32 people each.</remarks>
    public override Stream? OpenPresets() => Resource("heatmap_pose.presets.json");
}
