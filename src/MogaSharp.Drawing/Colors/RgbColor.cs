using System.Globalization;
using SkiaSharp;

namespace MogaSharp.Drawing;

/// <summary>An opaque color in sRGB.</summary>
/// <param name="Red">0 to 255.</param>
/// <param name="Green">0 to 255.</param>
/// <param name="Blue">0 to 255.</param>
public readonly record struct RgbColor(byte Red, byte Green, byte Blue)
{
    /// <summary>Black.</summary>
    public static RgbColor Black => new(0, 0, 0);

    /// <summary>White.</summary>
    public static RgbColor White => new(255, 255, 255);

    /// <summary>The relative luminance of WCAG 2: 0 for black to 1 for white.</summary>
    public double Luminance => (0.2126 * Linear(Red)) + (0.7152 * Linear(Green)) + (0.0722 * Linear(Blue));

    /// <summary>Black or white, whichever reads better on this color. The contrast is at least 4.5.</summary>
    public RgbColor TextColor => Contrast(Black) >= Contrast(White) ? Black : White;

    /// <summary>Reads a color as HTML writes it.</summary>
    /// <param name="text"><c>#rrggbb</c>.</param>
    /// <exception cref="FormatException">The text is not such a color.</exception>
    public static RgbColor Parse(string text)
    {
        if (
            text is not ['#', _, _, _, _, _, _]
            || !int.TryParse(text.AsSpan(1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int bits)
        )
            throw new FormatException($"'{text}' is not a color such as #1f77b4.");
        return new((byte)(bits >> 16), (byte)(bits >> 8), (byte)bits);
    }

    /// <summary>The contrast ratio of WCAG 2: 1 for the same luminance to 21 for black and white.</summary>
    /// <param name="other">The other color.</param>
    public double Contrast(RgbColor other)
    {
        (double a, double b) = (Luminance, other.Luminance);
        return (Math.Max(a, b) + 0.05) / (Math.Min(a, b) + 0.05);
    }

    /// <summary><c>#rrggbb</c>.</summary>
    public override string ToString() => $"#{Red:x2}{Green:x2}{Blue:x2}";

    internal SKColor ToSkia(double opacity = 1) => new(Red, Green, Blue, (byte)Math.Round(255 * opacity));

    private static double Linear(byte sample)
    {
        double value = sample / 255.0;
        return value <= 0.04045 ? value / 12.92 : Math.Pow((value + 0.055) / 1.055, 2.4);
    }
}
