namespace MogaSharp.Drawing;

/// <summary>
/// Values over an image, shown as colors. The map is stretched over the image, bilinearly, as PyTorch does without aligned corners.
/// </summary>
/// <param name="Width">Values of a row, at least 1.</param>
/// <param name="Height">Rows, at least 1.</param>
/// <param name="Values">Height x Width values, row by row. Where one is NaN, nothing is drawn.</param>
public sealed record HeatMap(int Width, int Height, ReadOnlyMemory<float> Values)
{
    /// <summary>The colors.</summary>
    public Colormap Colormap { get; init; } = Colormap.Viridis;

    /// <summary>How much of the colors there is: 0 (none) to 1 (nothing else).</summary>
    public double Opacity { get; init; } = 0.5;

    /// <summary>The value of the first color; null for the least finite one.</summary>
    public float? Low { get; init; }

    /// <summary>The value of the last color; null for the greatest finite one.</summary>
    public float? High { get; init; }
}
