using System.Collections.Immutable;
using System.Drawing;

namespace MogaSharp.Tasks;

/// <summary>How images are segmented: whole or in windows, at which scales, mirrored too. Immutable; the default is the official
/// setting.</summary>
public sealed record SegmentationInference
{
    /// <summary>The image whole, at the card's scale, not mirrored.</summary>
    public static SegmentationInference Default { get; } = new();

    /// <summary>The size of windows that the network sees in place of the whole image, each side at least 32; null for the image whole.
    /// Where windows overlap, their numbers count the same.</summary>
    public Size? Window { get; init; }

    /// <summary>How far windows are apart, each side at least 1; null for two thirds of <see cref="Window"/>.</summary>
    public Size? Stride { get; init; }

    /// <summary>What the size that the card states is multiplied by, each 0.05 to 16; of several the mean of their probabilities
    /// decides.</summary>
    public ImmutableArray<double> Scales { get; init; } = [1];

    /// <summary>Whether the mirrored image counts too.</summary>
    public bool Flip { get; init; }

    /// <summary>Threads that make label maps of the network's outputs; 0 for one per processor. Results do not depend on it.</summary>
    public int Threads { get; init; }

    internal void Check()
    {
        const int MinWindow = 32;
        if (Window is { } window)
            ArgumentOutOfRangeException.ThrowIfLessThan(Math.Min(window.Width, window.Height), MinWindow, nameof(Window));
        if (Stride is { } stride)
            ArgumentOutOfRangeException.ThrowIfLessThan(Math.Min(stride.Width, stride.Height), 1, nameof(Stride));
        if (Stride is { } apart && (Window is not { } size || apart.Width > size.Width || apart.Height > size.Height))
            throw new ArgumentException("Windows are not further apart than they are large.", nameof(Stride));
        if (Scales.IsDefaultOrEmpty || Scales.Any(scale => !(scale is >= 0.05 and <= 16)))
            throw new ArgumentOutOfRangeException(nameof(Scales), "There is at least one scale, and each lies from 0.05 to 16.");
        ArgumentOutOfRangeException.ThrowIfNegative(Threads);
    }
}
