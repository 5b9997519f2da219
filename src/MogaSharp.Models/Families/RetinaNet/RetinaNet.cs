using System.Collections.Immutable;

namespace MogaSharp.Models;

/// <summary>Options of RetinaNet (arXiv 1708.02002; Westlake-AI/MogaNet, <c>detection/configs/moganet/retinanet_*</c>).</summary>
public sealed record RetinaNetOptions : DetectionOptions
{
    /// <inheritdoc/>
    public override string Family => "retinanet";

    /// <summary>Channels of the head's convolutions.</summary>
    public int HeadChannels { get; init; } = 256;

    /// <summary>Convolutions before the classes, and before the boxes.</summary>
    public int HeadDepth { get; init; } = 4;

    /// <inheritdoc/>
    /// <remarks>Its channels are the classes of each anchor.</remarks>
    public override ImmutableArray<string> HeadNames => ["bbox_head.retina_cls"];

    /// <inheritdoc/>
    public override int ClassesOf(int outputs) => outputs / RetinaNet.Layout.Count;

    /// <inheritdoc/>
    public override ModelOptions WithClasses(int classes) => this with { NumClasses = classes };

    /// <inheritdoc/>
    public override IModelDefinition CreateDefinition() => new RetinaNet(this, CreateBackbone());

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require(HeadChannels > 0 && HeadDepth > 0, "channels and layers are positive");
    }

    /// <inheritdoc/>
    protected internal override void CheckLimits(Action<bool, string> require)
    {
        base.CheckLimits(require);
        RequireChannels(require, HeadChannels);
        require(HeadDepth <= 16, "heads have at most 16 layers of a kind");
    }
}

/// <summary>RetinaNet's image graph, which is all there is.</summary>
internal sealed class RetinaNet(RetinaNetOptions options, IBackbone backbone)
    : DenseNetwork(
        backbone,
        (
            "bbox_head",
            new RetinaHead
            {
                NumClasses = options.NumClasses,
                Anchors = Layout.Count,
                Channels = options.HeadChannels,
                Depth = options.HeadDepth,
            }
        ),
        new Fpn(options.NeckChannels)
        {
            Start = 1,
            ExtraCount = 2,
            Extra = ExtraLevels.OnInput,
        }
    ),
        IDetectionDefinition
{
    // Three sizes an octave, the smallest four strides large.
    internal static readonly AnchorLayout Layout = new()
    {
        Strides = [8, 16, 32, 64, 128],
        Scales = [4, 4 * Math.Pow(2, 1.0 / 3), 4 * Math.Pow(2, 2.0 / 3)],
    };

    public int NumClasses => options.NumClasses;

    public AnchorLayout Anchors => Layout;

    public string ClassOutput(int level) => $"cls.{level}";

    public string BoxOutput(int level) => $"reg.{level}";
}

/// <summary>RetinaNet as a family: the official weights.</summary>
public sealed class RetinaNetFamily : DenseFamily<RetinaNetOptions>
{
    /// <inheritdoc/>
    public override Stream? OpenCatalogue() => Resource("retinanet.json");

    /// <inheritdoc/>
    public override Stream? OpenPresets() => Resource("retinanet.presets.json");
}
