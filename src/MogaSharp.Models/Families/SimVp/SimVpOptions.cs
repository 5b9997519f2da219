using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace MogaSharp.Models;

/// <summary>The blocks of SimVP's translator (the official <c>model_type</c>).</summary>
public enum TranslatorKind
{
    /// <summary>Inception-like, with a U-shape: SimVP's first version (CVPR 2022).</summary>
    [JsonStringEnumMemberName("incepu")]
    IncepU,

    /// <summary>Gated spatio-temporal attention by large kernels: SimVP's second version.</summary>
    [JsonStringEnumMemberName("gsta")]
    Gsta,

    /// <summary>Vision Transformer.</summary>
    [JsonStringEnumMemberName("vit")]
    Vit,

    /// <summary>Swin Transformer.</summary>
    [JsonStringEnumMemberName("swin")]
    Swin,

    /// <summary>UniFormer: convolution first and last, attention between.</summary>
    [JsonStringEnumMemberName("uniformer")]
    UniFormer,

    /// <summary>MLP-Mixer.</summary>
    [JsonStringEnumMemberName("mlp")]
    Mlp,

    /// <summary>ConvMixer.</summary>
    [JsonStringEnumMemberName("convmixer")]
    ConvMixer,

    /// <summary>PoolFormer.</summary>
    [JsonStringEnumMemberName("poolformer")]
    PoolFormer,

    /// <summary>ConvNeXt.</summary>
    [JsonStringEnumMemberName("convnext")]
    ConvNeXt,

    /// <summary>Visual Attention Network.</summary>
    [JsonStringEnumMemberName("van")]
    Van,

    /// <summary>HorNet.</summary>
    [JsonStringEnumMemberName("hornet")]
    HorNet,

    /// <summary>MogaNet.</summary>
    [JsonStringEnumMemberName("moga")]
    Moga,
}

/// <summary>
/// The options of the official constructor (<c>simvp/models/simvp_model.py</c>, class SimVP_Model), with its defaults. Stochastic depth
/// falls linearly from 0.01 at the translator's first block to <see cref="ModelOptions.DropPathRate"/> at its last: the early blocks have
/// some even for a rate of 0.
/// </summary>
public sealed record SimVpOptions : ModelOptions, IVideoOptions
{
    /// <inheritdoc/>
    public override string Family => "simvp";

    /// <inheritdoc/>
    public override ModelTask Task => ModelTask.Video;

    /// <summary>The clip that goes in, and out: frames, channels, rows, columns. Rows and columns of a run may differ, save with
    /// MLP-Mixer.</summary>
    public ImmutableArray<int> InShape { get; init; } = [10, 1, 64, 64];

    /// <inheritdoc/>
    public ModelOptions WithInShape(ImmutableArray<int> inShape) => this with { InShape = inShape };

    /// <summary>Channels of a frame in encoder and decoder, even.</summary>
    public int HidS { get; init; } = 16;

    /// <summary>Channels of the translator, all frames together.</summary>
    public int HidT { get; init; } = 256;

    /// <summary>Convolutions of the encoder and of the decoder, even; every other one halves or doubles the size.</summary>
    [JsonPropertyName("n_s")]
    public int NS { get; init; } = 4;

    /// <summary>Blocks of the translator, 2 or more; IncepU has as many again on its way up.</summary>
    [JsonPropertyName("n_t")]
    public int NT { get; init; } = 4;

    /// <summary>The translator's blocks.</summary>
    public TranslatorKind ModelType { get; init; } = TranslatorKind.Gsta;

    /// <summary>Hidden channels of the blocks' MLPs as a multiple of their channels, above 1.</summary>
    public double MlpRatio { get; init; } = 8;

    /// <summary>The side of the encoder's kernels, odd.</summary>
    public int SpatioKernelEnc { get; init; } = 3;

    /// <summary>The side of the decoder's kernels, odd.</summary>
    public int SpatioKernelDec { get; init; } = 3;

    /// <summary>By how much the encoder makes rows and columns fewer: 2^(NS / 2).</summary>
    [JsonIgnore]
    public int Reduction => 1 << (NS / 2);

    /// <inheritdoc/>
    public override IModelDefinition CreateDefinition() => new SimVp(this);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Require(InShape.Length == 4 && InShape.All(extent => extent > 0), "in_shape is frames, channels, rows and columns, each positive");
        Require(NS is >= 2 and <= 16 && NS % 2 == 0, "n_s is even, from 2 to 16");
        Require(
            InShape[2] % Reduction == 0 && InShape[3] % Reduction == 0,
            $"rows and columns are multiples of {Reduction}, by which the encoder divides them"
        );
        Require(HidS > 0 && HidS % 2 == 0 && HidT > 1, "hid_s is even and hid_t above 1");
        Require(NT >= 2 && MlpRatio > 1, "n_t is 2 or more and mlp_ratio above 1");
        Require(
            SpatioKernelEnc > 0 && SpatioKernelEnc % 2 == 1 && SpatioKernelDec > 0 && SpatioKernelDec % 2 == 1,
            "kernels have odd sides"
        );
        int divisor = ModelType switch
        {
            TranslatorKind.IncepU
            or TranslatorKind.Moga
            or TranslatorKind.HorNet
            or TranslatorKind.Vit
            or TranslatorKind.Swin
            or TranslatorKind.UniFormer => 8,
            _ => 1,
        };
        Require(
            HidT % divisor == 0 && (long)InShape[0] * HidS % divisor == 0,
            $"hid_t, and hid_s times the frames, are multiples of {divisor} for this translator"
        );
    }

    /// <inheritdoc/>
    protected internal override void CheckLimits(Action<bool, string> require)
    {
        require(
            InShape[0] <= CardRules.MaxFrames && InShape[1] <= CardRules.MaxChannels,
            $"frames are at most {CardRules.MaxFrames} and channels {CardRules.MaxChannels}"
        );
        require(
            InShape[2] <= CardRules.MaxPixels && InShape[3] <= CardRules.MaxPixels,
            $"rows and columns are at most {CardRules.MaxPixels}"
        );
        require(
            (long)HidS * InShape[0] <= CardRules.MaxChannels && HidT <= CardRules.MaxChannels && MlpRatio <= 64,
            $"channels are at most {CardRules.MaxChannels} and mlp_ratio 64"
        );
        require(NT <= CardRules.MaxBlocks, $"n_t is at most {CardRules.MaxBlocks}");
        require(SpatioKernelEnc <= 255 && SpatioKernelDec <= 255, "kernels have sides of at most 255");
    }
}
