namespace MogaSharp.Vision;

/// <summary>
/// The part of an image around one person that a network sees, as MMPose has it: its center in pixels, and its sides in units of 200
/// pixels. In single precision, which is part of the official results.
/// </summary>
/// <param name="CenterX">The column of the center, in pixels.</param>
/// <param name="CenterY">The row of the center, in pixels.</param>
/// <param name="ScaleX">The width, in units of 200 pixels.</param>
/// <param name="ScaleY">The height, in units of 200 pixels.</param>
public readonly record struct PoseRegion(float CenterX, float CenterY, float ScaleX, float ScaleY)
{
    private const float PixelsOfScale = 200;

    /// <summary>The width in pixels.</summary>
    public float Width => ScaleX * PixelsOfScale;

    /// <summary>The height in pixels.</summary>
    public float Height => ScaleY * PixelsOfScale;

    /// <summary>The area in square pixels.</summary>
    public double Area => Width * Height;

    /// <summary>The region of a person's box: widened to the input's aspect ratio, and then padded.</summary>
    /// <param name="box">The box, in pixels of the image.</param>
    /// <param name="input">The size of the network's input.</param>
    /// <param name="padding">The region's sides in units of those of the widened box.</param>
    public static PoseRegion FromBox(Box box, ImageSize input, float padding = 1.25f)
    {
        double aspect = (double)input.Width / input.Height;
        (double width, double height) = (box.Width, box.Height);
        if (width > aspect * height)
            height = width / aspect;
        else
            width = height * aspect;
        return new PoseRegion(
            (float)(box.X + (box.Width * 0.5)),
            (float)(box.Y + (box.Height * 0.5)),
            (float)width / PixelsOfScale * padding,
            (float)height / PixelsOfScale * padding
        );
    }

    /// <summary>
    /// Where the pixels of the image go in the network's input. Unlike elsewhere, whole numbers are the centers of pixels on both sides,
    /// since the official code moves pixels and joints so. The width of the region becomes that of the input; with another aspect ratio
    /// than the input's it is cut or surrounded above and below.
    /// </summary>
    /// <param name="input">The size of the network's input.</param>
    /// <param name="degrees">How far the region is turned about its center in the image; the person turns the other way.</param>
    /// <exception cref="ArgumentException">The region has no extent, or is too far away for single precision.</exception>
    public AffineMap ToInput(ImageSize input, double degrees = 0)
    {
        // Three points determine the map: the center, the middle of the upper edge of a square region, and one at a right angle to both.
        // Their rounding to single precision is what makes the result the official one.
        double radians = Math.PI * degrees / 180,
            up = Width * -0.5;
        float edgeX = (float)(CenterX - (up * Math.Sin(radians))),
            edgeY = (float)(CenterY + (up * Math.Cos(radians)));
        (float thirdX, float thirdY) = (edgeX - (CenterY - edgeY), edgeY + (CenterX - edgeX));
        double x1 = (double)edgeX - CenterX,
            y1 = (double)edgeY - CenterY,
            x2 = (double)thirdX - CenterX,
            y2 = (double)thirdY - CenterY;
        double half = input.Width * 0.5,
            determinant = (x1 * y2) - (x2 * y1);
        if (!(Math.Abs(determinant) > 0 && double.IsFinite(determinant)))
            throw new ArgumentException($"The region {this} has no extent.");
        // In the input these points are (0, -half) and (-half, -half) from the center.
        double xx = half * y1 / determinant,
            xy = -half * x1 / determinant,
            yx = half * (y1 - y2) / determinant,
            yy = half * (x2 - x1) / determinant;
        return new AffineMap(
            xx,
            xy,
            half - (xx * CenterX) - (xy * CenterY),
            yx,
            yy,
            (input.Height * 0.5) - (yx * CenterX) - (yy * CenterY)
        );
    }

    /// <summary>The place in the image of a place in heat maps of this region. Their extent is that of the region, so that a column
    /// is its left edge here and not its middle, as in the official code.</summary>
    /// <param name="x">The column of the heat map.</param>
    /// <param name="y">The row of the heat map.</param>
    /// <param name="heatMap">The size of the heat map.</param>
    public (float X, float Y) FromHeatMap(float x, float y, ImageSize heatMap) =>
        ((x * (Width / heatMap.Width)) + CenterX - (Width * 0.5f), (y * (Height / heatMap.Height)) + CenterY - (Height * 0.5f));
}
