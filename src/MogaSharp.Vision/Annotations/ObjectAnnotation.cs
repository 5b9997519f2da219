namespace MogaSharp.Vision;

/// <summary>An object of an image.</summary>
/// <param name="Object">The object.</param>
public sealed record ObjectAnnotation(AnnotatedObject Object) : Annotation
{
    /// <inheritdoc/>
    /// <remarks>The box is the smallest one around the moved corners, cut off at the edges of the new image: an object that comes to lie
    /// outside of it has a box without extent. A mask counts its area anew; without one the area is scaled, and shrinks by as much as the
    /// box does where that is cut off.</remarks>
    /// <exception cref="ArgumentException">It has a mask, and the map has no inverse.</exception>
    public override ObjectAnnotation Apply(in AffineMap map, ImageSize target)
    {
        Box moved = Object.Box.Apply(map),
            box = moved.Clip(target);
        RunLengthMask? mask = Object.Mask?.Apply(map, target);
        double kept = moved.Area > 0 ? box.Area / moved.Area : 0;
        return new ObjectAnnotation(
            Object with
            {
                Box = box,
                Area = mask?.Area ?? (Object.Area * Math.Abs(map.Determinant) * kept),
                Mask = mask,
            }
        );
    }
}
