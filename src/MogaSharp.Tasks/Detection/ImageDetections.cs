using System.Collections.Immutable;
using MogaSharp.Vision;

namespace MogaSharp.Tasks;

/// <summary>The things found in an image.</summary>
/// <param name="Objects">The things, the surest first.</param>
/// <param name="Classes">The classes in the order of their indices.</param>
/// <param name="Size">The image.</param>
public sealed record ImageDetections(ImmutableArray<DetectedObject> Objects, ImmutableArray<ClassLabel> Classes, ImageSize Size);

/// <summary>A thing found in an image.</summary>
/// <param name="Box">Where it is, in pixels of the image.</param>
/// <param name="Score">How sure the model is, 0 to 1.</param>
/// <param name="Class">The index of its class.</param>
/// <param name="Label">The class.</param>
public sealed record DetectedObject(Box Box, double Score, int Class, ClassLabel Label)
{
    /// <summary>Its pixels, in the size of the image; null where the model makes no masks.</summary>
    public RunLengthMask? Mask { get; init; }
}
