using System.Collections.Immutable;

namespace MogaSharp.Drawing;

/// <summary>A point of a skeleton, in pixels of the image.</summary>
/// <param name="X">From the left edge.</param>
/// <param name="Y">From the top edge.</param>
/// <param name="Score">How sure it is, or 0 for what is not visible.</param>
public readonly record struct Keypoint(float X, float Y, float Score = 1);

/// <summary>Points and the bones between them.</summary>
/// <param name="Points">The points.</param>
/// <param name="Edges">Pairs of points, by their indices.</param>
/// <param name="Color">The color of points and bones.</param>
public sealed record Skeleton(ImmutableArray<Keypoint> Points, ImmutableArray<(int From, int To)> Edges, RgbColor Color)
{
    /// <summary>Points with a lower score, 0 and places that are not finite are left out, with their bones.</summary>
    public float MinScore { get; init; } = 0.3f;

    /// <summary>A color for each point; empty for <see cref="Color"/>.</summary>
    public ImmutableArray<RgbColor> PointColors { get; init; } = [];

    /// <summary>A color for each bone; empty for <see cref="Color"/>.</summary>
    public ImmutableArray<RgbColor> EdgeColors { get; init; } = [];

    internal bool IsVisible(int point) =>
        Points[point] is var p && p.Score > 0 && p.Score >= MinScore && float.IsFinite(p.X) && float.IsFinite(p.Y);
}
