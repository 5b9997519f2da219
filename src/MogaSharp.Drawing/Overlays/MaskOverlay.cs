namespace MogaSharp.Drawing;

/// <summary>A part of an image that is tinted.</summary>
/// <param name="Width">The image's width.</param>
/// <param name="Height">The image's height.</param>
/// <param name="Inside">Height x Width values, row by row: 0 is outside, anything else inside.</param>
/// <param name="Color">The color.</param>
public sealed record MaskOverlay(int Width, int Height, ReadOnlyMemory<byte> Inside, RgbColor Color)
{
    /// <summary>How much of the color there is: 0 (none) to 1 (nothing else).</summary>
    public double Opacity { get; init; } = 0.5;

    /// <summary>Whether the edge of the part is drawn in the full color; edges of the image are not drawn.</summary>
    public bool HasOutline { get; init; }

    /// <summary>A mask of booleans.</summary>
    /// <param name="width">The image's width.</param>
    /// <param name="height">The image's height.</param>
    /// <param name="inside">height x width values, row by row.</param>
    /// <param name="color">The color.</param>
    public static MaskOverlay Of(int width, int height, ReadOnlySpan<bool> inside, RgbColor color)
    {
        byte[] values = new byte[inside.Length];
        for (int i = 0; i < values.Length; i++)
            values[i] = inside[i] ? (byte)1 : (byte)0;
        return new(width, height, values, color);
    }
}
