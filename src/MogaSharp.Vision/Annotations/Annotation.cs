namespace MogaSharp.Vision;

/// <summary>
/// What is known of an image, such as its class or where key points lie. Whatever moves the pixels moves it too, by the same
/// <see cref="AffineMap"/>. Data sets may have kinds of their own.
/// </summary>
public abstract record Annotation
{
    /// <summary>The annotation of the image that a map makes of this one's.</summary>
    /// <param name="map">From the pixels of the old image to those of the new one.</param>
    /// <param name="target">The size of the new image.</param>
    public abstract Annotation Apply(in AffineMap map, ImageSize target);
}

/// <summary>The class of a whole image, which stays the same wherever its pixels go.</summary>
/// <param name="Value">The index of the class, from 0.</param>
public sealed record ClassIndex(int Value) : Annotation
{
    /// <inheritdoc/>
    public override Annotation Apply(in AffineMap map, ImageSize target) => this;
}
