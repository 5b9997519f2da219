namespace MogaSharp.Imaging;

/// <summary>The order of the 8-bit samples of one pixel in memory.</summary>
public enum PixelLayout
{
    /// <summary>One gray sample.</summary>
    Gray,

    /// <summary>Red, green, blue.</summary>
    Rgb,

    /// <summary>Blue, green, red.</summary>
    Bgr,

    /// <summary>Red, green, blue, alpha (not premultiplied).</summary>
    Rgba,

    /// <summary>Blue, green, red, alpha (not premultiplied).</summary>
    Bgra,
}
