namespace MogaSharp.Data;

/// <summary>Which images of a batch share the random numbers of mixing. Image i is always mixed with image n - 1 - i.</summary>
public enum MixMode
{
    /// <summary>One weight, and one box, for the whole batch.</summary>
    Batch,

    /// <summary>Own ones for each image.</summary>
    Element,

    /// <summary>Own ones for each pair of images.</summary>
    Pair,
}

/// <summary>
/// Options of mixup and CutMix, as in <c>timm/data/mixup.py</c> of version 0.6.13. The defaults are those of the official recipe
/// for the small, base and larger sizes.
/// </summary>
public sealed record MixOptions
{
    /// <summary>The parameter of mixup's beta distribution; 0 is no mixup. Default 0.8.</summary>
    public double MixupAlpha { get; init; } = 0.8;

    /// <summary>The parameter of CutMix's beta distribution; 0 is no CutMix. Default 1.</summary>
    public double CutMixAlpha { get; init; } = 1;

    /// <summary>
    /// The least and the most part of each side that CutMix's box covers, instead of a box by the weight; then CutMix is on
    /// whatever <see cref="CutMixAlpha"/> says. Default null.
    /// </summary>
    public (double Least, double Most)? CutMixSides { get; init; }

    /// <summary>The probability to mix at all, for each batch, image or pair. Default 1.</summary>
    public double Probability { get; init; } = 1;

    /// <summary>The probability of CutMix where both are on. Default 0.5.</summary>
    public double SwitchProbability { get; init; } = 0.5;

    /// <summary>Which images share random numbers. Default <see cref="MixMode.Batch"/>.</summary>
    public MixMode Mode { get; init; } = MixMode.Batch;

    /// <summary>Whether CutMix's weight is that of the box after it was cut off at the border. Default true.</summary>
    public bool CorrectsWeight { get; init; } = true;

    internal double EffectiveCutMixAlpha => CutMixSides is null ? CutMixAlpha : 1;

    internal void Check()
    {
        AugmentationOptions.Require(MixupAlpha >= 0 && double.IsFinite(MixupAlpha), nameof(MixupAlpha), "at least 0");
        AugmentationOptions.Require(CutMixAlpha >= 0 && double.IsFinite(CutMixAlpha), nameof(CutMixAlpha), "at least 0");
        AugmentationOptions.Require(
            CutMixSides is not { } sides || (sides.Least >= 0 && sides.Least < sides.Most && sides.Most <= 1),
            nameof(CutMixSides),
            "the parts must be 0 <= least < most <= 1"
        );
        AugmentationOptions.Require(MixupAlpha > 0 || EffectiveCutMixAlpha > 0, nameof(MixupAlpha), "mixup or CutMix must be on");
        AugmentationOptions.Require(Probability is >= 0 and <= 1, nameof(Probability), "a probability");
        AugmentationOptions.Require(SwitchProbability is >= 0 and <= 1, nameof(SwitchProbability), "a probability");
        AugmentationOptions.Require(Enum.IsDefined(Mode), nameof(Mode), "not a mode");
    }
}
