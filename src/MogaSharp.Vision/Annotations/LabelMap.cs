namespace MogaSharp.Vision;

/// <summary>The class of every pixel of an image, as semantic segmentation has it.</summary>
public sealed record LabelMap : Annotation
{
    /// <summary>The label of pixels that belong to no class, which neither losses nor measures count.</summary>
    public const byte Ignored = 255;

    /// <summary>Wraps labels; the array is not copied.</summary>
    /// <param name="size">The size of the image, each side at least 1.</param>
    /// <param name="labels">height x width class indices from 0, row by row; <see cref="Ignored"/> for no class.</param>
    /// <exception cref="ArgumentException">The array has another length.</exception>
    public LabelMap(ImageSize size, byte[] labels)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size.Width, nameof(size));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size.Height, nameof(size));
        if (labels.Length != (long)size.Width * size.Height)
            throw new ArgumentException($"{size} pixels do not have {labels.Length} labels.", nameof(labels));
        (Size, Labels) = (size, labels);
    }

    /// <summary>The size of the image.</summary>
    public ImageSize Size { get; }

    /// <summary>The labels, height x width, row by row.</summary>
    public byte[] Labels { get; }

    /// <summary>The number of pixels of each label: 256 counts, the last one of <see cref="Ignored"/>.</summary>
    public int[] Histogram()
    {
        int[] counts = new int[256];
        foreach (byte label in Labels)
            counts[label]++;
        return counts;
    }

    /// <inheritdoc/>
    /// <remarks>A pixel takes the label of the old pixel that its center comes from; from outside of the old image it is
    /// <see cref="Ignored"/>.</remarks>
    /// <exception cref="ArgumentException">The map has no inverse.</exception>
    public override LabelMap Apply(in AffineMap map, ImageSize target)
    {
        AffineMap toSource = map.Inverse();
        byte[] moved = new byte[checked(target.Width * target.Height)];
        int at = 0;
        for (int y = 0; y < target.Height; y++)
        {
            for (int x = 0; x < target.Width; x++)
            {
                (double fromX, double fromY) = toSource.Apply(x + 0.5, y + 0.5);
                bool isInside = fromX >= 0 && fromY >= 0 && fromX < Size.Width && fromY < Size.Height;
                moved[at++] = isInside ? Labels[((int)fromY * Size.Width) + (int)fromX] : Ignored;
            }
        }

        return new LabelMap(target, moved);
    }

    /// <summary>Equal when size and all labels are.</summary>
    public bool Equals(LabelMap? other) => other is not null && Size == other.Size && Labels.AsSpan().SequenceEqual(other.Labels);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Size, Labels[0], Labels[^1]);
}
