namespace MogaSharp.Vision;

/// <summary>
/// Where the points of an image lie after it was cropped, resized, flipped, rotated or sheared:
/// x' = <paramref name="Xx"/> x + <paramref name="Xy"/> y + <paramref name="X0"/> and
/// y' = <paramref name="Yx"/> x + <paramref name="Yy"/> y + <paramref name="Y0"/>. Coordinates are continuous: the pixel in column i covers
/// x from i to i + 1, so its center is i + 0.5 and an image of width W ends at W. One map moves the pixels and all annotations.
/// </summary>
/// <param name="Xx">Factor of x in x'.</param>
/// <param name="Xy">Factor of y in x'.</param>
/// <param name="X0">Shift of x', in pixels.</param>
/// <param name="Yx">Factor of x in y'.</param>
/// <param name="Yy">Factor of y in y'.</param>
/// <param name="Y0">Shift of y', in pixels.</param>
public readonly record struct AffineMap(double Xx, double Xy, double X0, double Yx, double Yy, double Y0)
{
    /// <summary>The map that moves nothing. (The default value maps everything to the origin.)</summary>
    public static AffineMap Identity { get; } = new(1, 0, 0, 0, 1, 0);

    /// <summary>The area that the unit square has afterwards; negative where the image is mirrored.</summary>
    public double Determinant => (Xx * Yy) - (Xy * Yx);

    /// <summary>Whether rows stay rows and columns stay columns, so that boxes stay boxes.</summary>
    public bool KeepsAxes => Xy == 0 && Yx == 0;

    /// <summary>Moves every point.</summary>
    /// <param name="x">To the right, in pixels.</param>
    /// <param name="y">Down, in pixels.</param>
    public static AffineMap Translation(double x, double y) => new(1, 0, x, 0, 1, y);

    /// <summary>Scales about the origin.</summary>
    /// <param name="x">Factor along the rows.</param>
    /// <param name="y">Factor along the columns.</param>
    public static AffineMap Scaling(double x, double y) => new(x, 0, 0, 0, y, 0);

    /// <summary>Resizes an image, so that its corners become the corners of the result.</summary>
    /// <param name="from">The size before.</param>
    /// <param name="to">The size afterwards.</param>
    public static AffineMap Resize(ImageSize from, ImageSize to) => Scaling((double)to.Width / from.Width, (double)to.Height / from.Height);

    /// <summary>Cuts a part out, which may reach beyond the image.</summary>
    /// <param name="left">The part's first column, in pixels.</param>
    /// <param name="top">The part's first row, in pixels.</param>
    public static AffineMap Crop(double left, double top) => Translation(-left, -top);

    /// <summary>Mirrors left and right.</summary>
    /// <param name="width">The image's width in pixels.</param>
    public static AffineMap FlipHorizontally(double width) => new(-1, 0, width, 0, 1, 0);

    /// <summary>Mirrors top and bottom.</summary>
    /// <param name="height">The image's height in pixels.</param>
    public static AffineMap FlipVertically(double height) => new(1, 0, 0, 0, -1, height);

    /// <summary>
    /// The map of image operations that name, for each pixel of the result, the pixel of the source by
    /// (a (x + 0.5) + b (y + 0.5) + c, d (x + 0.5) + e (y + 0.5) + f), as Pillow's <c>Image.transform</c> does.
    /// </summary>
    /// <param name="a">Factor of the result's x in the source's x.</param>
    /// <param name="b">Factor of the result's y in the source's x.</param>
    /// <param name="c">Shift of the source's x, in pixels.</param>
    /// <param name="d">Factor of the result's x in the source's y.</param>
    /// <param name="e">Factor of the result's y in the source's y.</param>
    /// <param name="f">Shift of the source's y, in pixels.</param>
    /// <exception cref="ArgumentException">The factors map the plane to a line.</exception>
    public static AffineMap FromSource(double a, double b, double c, double d, double e, double f) =>
        new AffineMap(a, b, c, d, e, f).Inverse();

    /// <summary>This map and another one after it.</summary>
    /// <param name="next">What happens afterwards.</param>
    public AffineMap Then(in AffineMap next) =>
        new(
            (next.Xx * Xx) + (next.Xy * Yx),
            (next.Xx * Xy) + (next.Xy * Yy),
            (next.Xx * X0) + (next.Xy * Y0) + next.X0,
            (next.Yx * Xx) + (next.Yy * Yx),
            (next.Yx * Xy) + (next.Yy * Yy),
            (next.Yx * X0) + (next.Yy * Y0) + next.Y0
        );

    /// <summary>The way back, such as from a network's input to the image that it was made of.</summary>
    /// <exception cref="ArgumentException">The map has no inverse: it maps the plane to a line or a point.</exception>
    public AffineMap Inverse()
    {
        double d = Determinant;
        if (d == 0 || !double.IsFinite(d))
            throw new ArgumentException($"The map {this} has no inverse.");
        return new(Yy / d, -Xy / d, ((Xy * Y0) - (Yy * X0)) / d, -Yx / d, Xx / d, ((Yx * X0) - (Xx * Y0)) / d);
    }

    /// <summary>Where a point lies afterwards.</summary>
    /// <param name="x">The point's column, continuous.</param>
    /// <param name="y">The point's row, continuous.</param>
    public (double X, double Y) Apply(double x, double y) => ((Xx * x) + (Xy * y) + X0, (Yx * x) + (Yy * y) + Y0);
}
