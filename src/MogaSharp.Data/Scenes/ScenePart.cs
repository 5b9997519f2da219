using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>A place in the coordinates of an object.</summary>
internal readonly record struct Spot(double X, double Y);

/// <summary>
/// A part of an object: everything within a radius of a point (a disc), of a line (a limb) or of a polygon with its inside, which need
/// not be convex.
/// </summary>
internal sealed class ScenePart
{
    private readonly Spot[] _points;
    private readonly double _radius;
    private readonly (double X, double Y, double InverseSquare)[] _edges;

    public ScenePart(ScenePaint paint, double radius, params Spot[] points)
    {
        (Paint, _radius, _points) = (paint, radius, points);
        _edges = new (double, double, double)[points.Length];
        for (int i = 0; i < points.Length; i++)
        {
            Spot next = points[(i + 1) % points.Length];
            double x = next.X - points[i].X,
                y = next.Y - points[i].Y,
                square = (x * x) + (y * y);
            _edges[i] = (x, y, square > 0 ? 1 / square : 0);
        }
    }

    /// <summary>What it is painted with.</summary>
    public ScenePaint Paint { get; }

    /// <summary>The joints that can be seen where this part is in front, a bit for each.</summary>
    public int Joints { get; init; }

    /// <summary>The box around it after it was moved.</summary>
    public Box BoxIn(in AffineMap map, double scale)
    {
        double left = double.MaxValue,
            top = double.MaxValue,
            right = double.MinValue,
            bottom = double.MinValue;
        foreach (Spot point in _points)
        {
            (double x, double y) = map.Apply(point.X, point.Y);
            (left, top) = (Math.Min(left, x), Math.Min(top, y));
            (right, bottom) = (Math.Max(right, x), Math.Max(bottom, y));
        }

        double reach = _radius * scale;
        return Box.FromCorners(left - reach, top - reach, right + reach, bottom + reach);
    }

    /// <summary>How far outside a place is; less than 0 inside.</summary>
    public double Distance(double x, double y)
    {
        if (_points.Length == 1)
        {
            (double awayX, double awayY) = (x - _points[0].X, y - _points[0].Y);
            return Math.Sqrt((awayX * awayX) + (awayY * awayY)) - _radius;
        }

        if (_points.Length == 2)
            return Math.Sqrt(SquareToEdge(0, x, y)) - _radius;
        double square = double.MaxValue;
        bool isInside = false;
        for (int i = 0; i < _points.Length; i++)
        {
            square = Math.Min(square, SquareToEdge(i, x, y));
            // A ray to the right crosses the outline an odd number of times from inside.
            (Spot from, Spot to) = (_points[i], _points[(i + 1) % _points.Length]);
            if (from.Y > y != to.Y > y && x < from.X + ((to.X - from.X) * (y - from.Y) / (to.Y - from.Y)))
                isInside = !isInside;
        }

        double distance = Math.Sqrt(square);
        return (isInside ? -distance : distance) - _radius;
    }

    private double SquareToEdge(int edge, double x, double y)
    {
        (double edgeX, double edgeY, double inverse) = _edges[edge];
        double fromX = x - _points[edge].X,
            fromY = y - _points[edge].Y,
            along = Math.Clamp(((fromX * edgeX) + (fromY * edgeY)) * inverse, 0, 1),
            awayX = fromX - (edgeX * along),
            awayY = fromY - (edgeY * along);
        return (awayX * awayX) + (awayY * awayY);
    }
}

/// <summary>An object that can be put into a scene, about 1 long in coordinates of its own.</summary>
/// <param name="ClassIndex">Its class.</param>
/// <param name="Parts">Its parts, from the one at the back to the one in front.</param>
internal sealed record SceneThing(int ClassIndex, ScenePart[] Parts)
{
    /// <summary>The joints of a person; null where the face is turned away.</summary>
    public Spot?[] Joints { get; init; } = [];

    /// <summary>The label of the digit that it shows.</summary>
    public int? Digit { get; init; }
}
