using System.Collections.Immutable;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>An object of a <see cref="Scene"/>.</summary>
/// <param name="ClassIndex">The index of its class in <see cref="SceneGenerator.Classes"/>, at least 1.</param>
/// <param name="Box">The smallest box around its visible pixels, in continuous coordinates.</param>
/// <param name="Area">The number of its visible pixels, at least 1.</param>
/// <param name="CoveredArea">The number of its pixels within the image that objects in front of it hide.</param>
public sealed record SceneObject(int ClassIndex, Box Box, int Area, int CoveredArea)
{
    /// <summary>The joints of a person, in the order of <see cref="SkeletonDefinition.Coco"/> and in continuous coordinates; empty for
    /// other objects. A joint outside of the image, or of a face that is turned away, is unlabeled; one that something lies over is
    /// hidden.</summary>
    public ImmutableArray<KeyPoint> Joints { get; init; } = [];

    /// <summary>The label of the handwritten digit on a sign; null for other objects.</summary>
    public int? Digit { get; init; }
}

/// <summary>
/// An image that was drawn, and what it shows, exactly: a pixel belongs to the object that its center lies in, or to the background.
/// </summary>
public sealed class Scene
{
    private readonly byte[] _owners;

    internal Scene(RgbImage image, byte[] owners, ImmutableArray<SceneObject> objects)
    {
        (Image, _owners, Objects) = (image, owners, objects);
        byte[] labels = new byte[owners.Length];
        for (int i = 0; i < labels.Length; i++)
            labels[i] = owners[i] == 0 ? (byte)0 : (byte)objects[owners[i] - 1].ClassIndex;
        Labels = new LabelMap(new ImageSize(image.Width, image.Height), labels);
    }

    /// <summary>The pixels.</summary>
    public RgbImage Image { get; }

    /// <summary>The class of every pixel, by <see cref="SceneGenerator.Classes"/>; none is <see cref="LabelMap.Ignored"/>.</summary>
    public LabelMap Labels { get; }

    /// <summary>The objects, from the one at the back to the one in front.</summary>
    public ImmutableArray<SceneObject> Objects { get; }

    /// <summary>The number of the object that each pixel belongs to, counted from 1; 0 is the background. Height x width, row by
    /// row.</summary>
    public ReadOnlyMemory<byte> Owners => _owners;

    /// <summary>The visible pixels of an object, height x width, row by row.</summary>
    /// <param name="index">The place in <see cref="Objects"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such object.</exception>
    public bool[] MaskOf(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Objects.Length);
        return [.. _owners.Select(owner => owner == index + 1)];
    }
}
