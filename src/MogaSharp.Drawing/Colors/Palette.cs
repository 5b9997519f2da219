using System.Collections.Immutable;

namespace MogaSharp.Drawing;

/// <summary>Colors of classes: the same index always has the same color, and neighbors differ well.</summary>
public static class Palette
{
    // Told apart by most people with a color vision deficiency up to the eighth; all of them stand out from photographs.
    private static readonly ImmutableArray<RgbColor> First =
    [
        .. new[]
        {
            "#e6194b",
            "#3cb44b",
            "#4363d8",
            "#ffe119",
            "#f58231",
            "#42d4f4",
            "#911eb4",
            "#f032e6",
            "#bfef45",
            "#9a6324",
            "#469990",
            "#fabed4",
            "#800000",
            "#aaffc3",
            "#000075",
            "#dcbeff",
            "#808000",
            "#ffd8b1",
            "#1e90ff",
            "#a9a9a9",
        }.Select(RgbColor.Parse),
    ];

    /// <summary>The color of a class. The first 20 are chosen by hand; those after them go around the hues by the golden angle.</summary>
    /// <param name="index">The index of the class, at least 0.</param>
    public static RgbColor Color(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        if (index < First.Length)
            return First[index];
        double hue = index * 137.50776405 % 360;
        (double saturation, double lightness) = (index % 3) switch
        {
            0 => (0.75, 0.5),
            1 => (0.6, 0.68),
            _ => (0.85, 0.35),
        };
        return FromHue(hue, saturation, lightness);
    }

    private static RgbColor FromHue(double hue, double saturation, double lightness)
    {
        double chroma = saturation * Math.Min(lightness, 1 - lightness);
        return new(Sample(0), Sample(8), Sample(4));

        byte Sample(int offset)
        {
            double k = (offset + (hue / 30)) % 12;
            return (byte)Math.Round(255 * (lightness - (chroma * Math.Clamp(Math.Min(k - 3, 9 - k), -1, 1))));
        }
    }
}
