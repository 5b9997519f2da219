namespace MogaSharp.Vision;

/// <summary>An object as an annotator saw it.</summary>
/// <param name="Box">Where it is, in pixels of the image.</param>
/// <param name="Area">The area of its outline in square pixels, by which evaluations tell small objects from large ones.</param>
/// <param name="Label">The number of its class, from 0.</param>
public sealed record AnnotatedObject(Box Box, double Area, int Label)
{
    /// <summary>Whether it is a group of objects: any number may be found there, and none has to be.</summary>
    public bool IsCrowd { get; init; }

    /// <summary>Its pixels; null where only its box is known.</summary>
    public RunLengthMask? Mask { get; init; }
}
