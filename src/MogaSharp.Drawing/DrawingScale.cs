namespace MogaSharp.Drawing;

/// <summary>How large text is and how wide lines are.</summary>
/// <param name="FontSize">The size of text in pixels, above 0. It shrinks where a text would not fit.</param>
/// <param name="LineWidth">The width of lines in pixels, at least 1.</param>
public sealed record DrawingScale(float FontSize, int LineWidth)
{
    /// <summary>The smallest size at which letters can be told apart.</summary>
    internal const float MinFont = 6;

    /// <summary>What is readable on an image that is looked at as a whole: both grow with its size.</summary>
    /// <param name="width">The width in pixels.</param>
    /// <param name="height">The height in pixels.</param>
    public static DrawingScale For(int width, int height)
    {
        float side = MathF.Sqrt((float)width * height);
        return new(Math.Max(side * 0.03f, 12), Math.Max(1, (int)MathF.Round(side * 0.004f)));
    }

    /// <summary>The smallest size at which text of an image of a size is readable where it is shown as a whole.</summary>
    internal static float MinFor(int width, int height) => Math.Max(MinFont, MathF.Sqrt((float)width * height) * 0.0225f);
}
