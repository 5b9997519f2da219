using System.Collections.Immutable;

namespace MogaSharp.Vision;

/// <summary>A person of an image.</summary>
/// <param name="Person">The person.</param>
/// <param name="Skeleton">What the joints are, and which change names when the image is mirrored.</param>
public sealed record PersonAnnotation(AnnotatedPerson Person, SkeletonDefinition Skeleton) : Annotation
{
    /// <inheritdoc/>
    /// <remarks>A joint that comes to lie outside of the new image stays labeled, unlike one of <see cref="KeyPoints"/>: its heat map may
    /// still reach into it. The box is the smallest one around the moved corners.</remarks>
    public override PersonAnnotation Apply(in AffineMap map, ImageSize target)
    {
        var moved = new KeyPoint[Person.Points.Length];
        for (int i = 0; i < moved.Length; i++)
        {
            KeyPoint point = Person.Points[i];
            if (point.Visibility == KeyPointVisibility.Unlabeled)
                continue;
            (double x, double y) = map.Apply(point.X, point.Y);
            moved[i] = point with { X = x, Y = y };
        }

        double determinant = map.Determinant;
        if (determinant < 0)
            foreach ((int left, int right) in Skeleton.FlipPairs)
                (moved[left], moved[right]) = (moved[right], moved[left]);
        return this with
        {
            Person = Person with
            {
                Box = Person.Box.Apply(map),
                Area = Person.Area * Math.Abs(determinant),
                Points = ImmutableArray.Create(moved),
            },
        };
    }
}
