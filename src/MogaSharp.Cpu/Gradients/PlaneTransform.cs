namespace MogaSharp.Cpu;

/// <summary>
/// The Fourier transform of a real plane and its transposed, in double precision, rows and columns one after the other: H W (H + W) steps,
/// which is little beside the rest of a network at the sizes where networks filter spectra.
/// </summary>
/// <param name="height">Rows.</param>
/// <param name="width">Columns of the plane; the spectrum has half of them and one.</param>
internal sealed class PlaneTransform(int height, int width)
{
    private readonly (double Cosine, double Sine)[] _rows = Circle(height);
    private readonly (double Cosine, double Sine)[] _columns = Circle(width);
    private readonly double _norm = 1 / Math.Sqrt((double)height * width);

    /// <summary>Columns of the spectrum.</summary>
    public int Columns { get; } = (width / 2) + 1;

    /// <summary>Adds Re(F^H g) of a spectrum g to a plane.</summary>
    public void AddMap(ReadOnlySpan<double> real, ReadOnlySpan<double> imaginary, Span<double> plane)
    {
        double[] a = new double[height * Columns],
            b = new double[height * Columns];
        for (int y = 0; y < height; y++)
        for (int v = 0; v < height; v++)
        {
            (double cosine, double sine) = _rows[(int)((long)v * y % height)];
            for (int u = 0; u < Columns; u++)
            {
                (double re, double im) = (real[(v * Columns) + u], imaginary[(v * Columns) + u]);
                a[(y * Columns) + u] += (re * cosine) - (im * sine);
                b[(y * Columns) + u] += (re * sine) + (im * cosine);
            }
        }

        for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
        {
            double sum = 0;
            for (int u = 0; u < Columns; u++)
            {
                (double cosine, double sine) = _columns[(int)((long)u * x % width)];
                sum += (a[(y * Columns) + u] * cosine) - (b[(y * Columns) + u] * sine);
            }

            plane[(y * width) + x] += _norm * sum;
        }
    }

    /// <summary>Adds the transform of a plane to a spectrum, twice where a column stands for its mirror image too.</summary>
    public void AddSpectrum(ReadOnlySpan<double> plane, Span<double> real, Span<double> imaginary)
    {
        double[] a = new double[height * Columns],
            b = new double[height * Columns];
        for (int y = 0; y < height; y++)
        for (int u = 0; u < Columns; u++)
        for (int x = 0; x < width; x++)
        {
            (double cosine, double sine) = _columns[(int)((long)u * x % width)];
            a[(y * Columns) + u] += plane[(y * width) + x] * cosine;
            b[(y * Columns) + u] -= plane[(y * width) + x] * sine;
        }

        for (int v = 0; v < height; v++)
        for (int y = 0; y < height; y++)
        {
            (double cosine, double sine) = _rows[(int)((long)v * y % height)];
            for (int u = 0; u < Columns; u++)
            {
                double share = u == 0 || 2 * u == width ? _norm : 2 * _norm;
                (double re, double im) = (a[(y * Columns) + u], b[(y * Columns) + u]);
                real[(v * Columns) + u] += share * ((re * cosine) + (im * sine));
                imaginary[(v * Columns) + u] += share * ((im * cosine) - (re * sine));
            }
        }
    }

    private static (double Cosine, double Sine)[] Circle(int steps) =>
        [.. Enumerable.Range(0, steps).Select(k => (Math.Cos(2 * Math.PI * k / steps), Math.Sin(2 * Math.PI * k / steps)))];
}
