using System.Collections.Immutable;

namespace MogaSharp.Vision;

/// <summary>A joint that was found.</summary>
/// <param name="X">The column, in pixels of the image.</param>
/// <param name="Y">The row, in pixels of the image.</param>
/// <param name="Score">How sure the network is: the height of the heat map, about 0..1.</param>
public readonly record struct PosePoint(double X, double Y, double Score);

/// <summary>The joints of one person that were found.</summary>
/// <param name="Box">Where the person is, in pixels of the image.</param>
/// <param name="Score">How sure the person is, 0..1.</param>
/// <param name="Points">The joints, in the order of their skeleton.</param>
public sealed record PersonPose(Box Box, double Score, ImmutableArray<PosePoint> Points)
{
    /// <summary>
    /// The area in square pixels by which poses are compared with one another; that of <see cref="Box"/> unless set. The official code
    /// takes that of the <see cref="PoseRegion"/> that the network saw.
    /// </summary>
    public double Area { get; init; } = Box.Area;

    /// <summary>Equal when everything is, all joints included.</summary>
    public bool Equals(PersonPose? other) =>
        other is not null
        && (Box, Score, Area) == (other.Box, other.Score, other.Area)
        && Points.AsSpan().SequenceEqual(other.Points.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Box, Score, Points.Length);
}
