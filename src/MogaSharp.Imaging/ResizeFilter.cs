namespace MogaSharp.Imaging;

/// <summary>The filters of the resizer. All but <see cref="Nearest"/> widen when shrinking, so that nothing aliases.</summary>
public enum ResizeFilter
{
    /// <summary>The pixel under the new pixel's centre.</summary>
    Nearest,

    /// <summary>The mean of the covered pixels.</summary>
    Box,

    /// <summary>A triangle of one pixel to either side.</summary>
    Bilinear,

    /// <summary>A Hamming-windowed sinc of one pixel to either side.</summary>
    Hamming,

    /// <summary>Keys' cubic with a = -0.5, two pixels to either side.</summary>
    Bicubic,

    /// <summary>A Lanczos-windowed sinc of three pixels to either side.</summary>
    Lanczos,
}
