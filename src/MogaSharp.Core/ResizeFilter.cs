namespace MogaSharp;

/// <summary>
/// The filters of the resizer. Those of Pillow but <see cref="Nearest"/> widen when shrinking, so that nothing aliases;
/// <see cref="PlainBilinear"/> is OpenCV's.
/// </summary>
public enum ResizeFilter
{
    /// <summary>The pixel under the new pixel's center.</summary>
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

    /// <summary>
    /// Bilinear between the two nearest pixels of each axis, also when shrinking; exactly half the size takes the mean of two by
    /// two pixels. With OpenCV's results bit by bit, as the pipelines of detection and segmentation resize.
    /// </summary>
    PlainBilinear,
}
