namespace MogaSharp;

/// <summary>How an image is brought to the size before the center crop.</summary>
public enum ResizeMode
{
    /// <summary>
    /// Keep the aspect ratio; the shorter side becomes floor(size / crop fraction). With different width and height, the smallest image
    /// that covers both.
    /// </summary>
    KeepAspect,

    /// <summary>Each side becomes floor(size / crop fraction), whatever the aspect ratio.</summary>
    Squash,

    /// <summary>Keep the aspect ratio; the image fits into the size lying or standing: the longer side into the longer, the shorter into
    /// the shorter. Nothing is cropped, so inputs differ in size.</summary>
    Fit,

    /// <summary>A box within the image, warped to the size with its aspect ratio kept.</summary>
    Box,
}
