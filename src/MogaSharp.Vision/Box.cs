namespace MogaSharp.Vision;

/// <summary>A rectangle along the axes of an image, in continuous coordinates: 0 is the left or upper edge of the image.</summary>
/// <param name="X">The left edge, in pixels.</param>
/// <param name="Y">The upper edge, in pixels.</param>
/// <param name="Width">In pixels, not negative in a proper box.</param>
/// <param name="Height">In pixels, not negative in a proper box.</param>
public readonly record struct Box(double X, double Y, double Width, double Height)
{
    /// <summary>The right edge, in pixels.</summary>
    public double Right => X + Width;

    /// <summary>The lower edge, in pixels.</summary>
    public double Bottom => Y + Height;

    /// <summary>Width times height, in square pixels.</summary>
    public double Area => Width * Height;

    /// <summary>The box of an upper left and a lower right corner.</summary>
    /// <param name="left">The left edge, in pixels.</param>
    /// <param name="top">The upper edge, in pixels.</param>
    /// <param name="right">The right edge, in pixels.</param>
    /// <param name="bottom">The lower edge, in pixels.</param>
    public static Box FromCorners(double left, double top, double right, double bottom) => new(left, top, right - left, bottom - top);

    /// <summary>The smallest box around the four corners after they were moved.</summary>
    /// <param name="map">Where the corners go.</param>
    public Box Apply(in AffineMap map)
    {
        (double x0, double y0) = map.Apply(X, Y);
        (double x1, double y1) = map.Apply(Right, Y);
        (double x2, double y2) = map.Apply(X, Bottom);
        (double x3, double y3) = map.Apply(Right, Bottom);
        return FromCorners(
            Math.Min(Math.Min(x0, x1), Math.Min(x2, x3)),
            Math.Min(Math.Min(y0, y1), Math.Min(y2, y3)),
            Math.Max(Math.Max(x0, x1), Math.Max(x2, x3)),
            Math.Max(Math.Max(y0, y1), Math.Max(y2, y3))
        );
    }

    /// <summary>The part inside an image; without extent where there is none.</summary>
    /// <param name="size">The size of the image.</param>
    public Box Clip(ImageSize size) =>
        FromCorners(
            Math.Clamp(X, 0, size.Width),
            Math.Clamp(Y, 0, size.Height),
            Math.Clamp(Right, 0, size.Width),
            Math.Clamp(Bottom, 0, size.Height)
        );
}
