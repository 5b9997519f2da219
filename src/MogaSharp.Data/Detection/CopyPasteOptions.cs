namespace MogaSharp.Data;

/// <summary>
/// How objects are copied from one image of a batch into another one (Ghiasi et al., "Simple Copy-Paste is a Strong Data Augmentation
/// Method for Instance Segmentation", CVPR 2021, arXiv 2012.07177, section 3). Objects without masks and crowds are not copied.
/// </summary>
public sealed record CopyPasteOptions
{
    /// <summary>The probability that objects are pasted into an image, 0..1. Default 0.5.</summary>
    public double Probability { get; init; } = 0.5;

    /// <summary>The probability of each object of the other image to be copied, 0..1. Default 0.5.</summary>
    public double Share { get; init; } = 0.5;

    /// <summary>Checks all options.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public void Check()
    {
        AugmentationOptions.Require(Probability is >= 0 and <= 1, nameof(Probability), "a probability");
        AugmentationOptions.Require(Share is >= 0 and <= 1, nameof(Share), "a probability");
    }
}
