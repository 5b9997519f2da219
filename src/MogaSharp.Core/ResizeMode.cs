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
}
