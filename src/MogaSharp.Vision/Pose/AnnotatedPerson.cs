using System.Collections.Immutable;

namespace MogaSharp.Vision;

/// <summary>A person as an annotator saw it.</summary>
/// <param name="Box">Where the person is, in pixels of the image.</param>
/// <param name="Area">The area of the person's outline in square pixels, the scale of errors of its joints.</param>
/// <param name="Points">The joints, in the order of their skeleton.</param>
public sealed record AnnotatedPerson(Box Box, double Area, ImmutableArray<KeyPoint> Points)
{
    /// <summary>Whether it is a group of people: any number of poses may be found there.</summary>
    public bool IsCrowd { get; init; }

    /// <summary>Whether an evaluation demands no pose here, and counts none as wrong, since no joint is annotated.</summary>
    public bool IsIgnored { get; init; }

    /// <summary>Equal when everything is, all joints included.</summary>
    public bool Equals(AnnotatedPerson? other) =>
        other is not null
        && (Box, Area, IsCrowd, IsIgnored) == (other.Box, other.Area, other.IsCrowd, other.IsIgnored)
        && Points.AsSpan().SequenceEqual(other.Points.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Box, Area, Points.Length);
}
