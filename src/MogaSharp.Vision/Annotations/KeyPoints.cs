using System.Collections.Immutable;

namespace MogaSharp.Vision;

/// <summary>Whether a key point is annotated, by COCO's numbers.</summary>
public enum KeyPointVisibility
{
    /// <summary>Nobody said where it is; its coordinates mean nothing.</summary>
    Unlabeled = 0,

    /// <summary>It is annotated, but hidden behind something.</summary>
    Hidden = 1,

    /// <summary>It is annotated and can be seen.</summary>
    Visible = 2,
}

/// <summary>A point of an object, such as a wrist.</summary>
/// <param name="X">The column, continuous: 0 is the left edge of the image.</param>
/// <param name="Y">The row, continuous: 0 is the upper edge of the image.</param>
/// <param name="Visibility">Whether it is annotated.</param>
public readonly record struct KeyPoint(double X, double Y, KeyPointVisibility Visibility);

/// <summary>The key points of one object, in the order of its skeleton.</summary>
/// <param name="Points">The points.</param>
/// <param name="Pairs">The places of points that change names when an image is mirrored, such as the left and the right wrist.</param>
public sealed record KeyPoints(ImmutableArray<KeyPoint> Points, ImmutableArray<(int Left, int Right)> Pairs) : Annotation
{
    /// <inheritdoc/>
    /// <remarks>A point that comes to lie outside of the new image is unlabeled there.</remarks>
    public override Annotation Apply(in AffineMap map, ImageSize target)
    {
        var moved = new KeyPoint[Points.Length];
        for (int i = 0; i < moved.Length; i++)
        {
            (double x, double y) = map.Apply(Points[i].X, Points[i].Y);
            bool isInside = x >= 0 && y >= 0 && x <= target.Width && y <= target.Height;
            moved[i] = new KeyPoint(x, y, isInside ? Points[i].Visibility : KeyPointVisibility.Unlabeled);
        }

        if (map.Determinant < 0)
            foreach ((int left, int right) in Pairs)
                (moved[left], moved[right]) = (moved[right], moved[left]);
        return this with { Points = [.. moved] };
    }

    /// <summary>Equal when all points and pairs are.</summary>
    public bool Equals(KeyPoints? other) =>
        other is not null && Points.AsSpan().SequenceEqual(other.Points.AsSpan()) && Pairs.AsSpan().SequenceEqual(other.Pairs.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Points.Length, Points.FirstOrDefault(), Pairs.Length);
}
