using MogaSharp.Graph;

namespace MogaSharp.Onnx.Export;

/// <summary>The steps of two-dimensional Fourier transforms, each a product with a matrix from the right.</summary>
internal enum DftKind
{
    /// <summary>Real rows (W) to half spectra (2, W / 2 + 1), real parts first.</summary>
    RealRows,

    /// <summary>Complex columns (2, H) to their spectra (2, H).</summary>
    Columns,

    /// <summary>The opposite of <see cref="Columns"/>.</summary>
    InverseColumns,

    /// <summary>The opposite of <see cref="RealRows"/>.</summary>
    InverseRealRows,
}

/// <summary>Makes the matrices, each divided by the square root of the side, so that the inverse is the transform's conjugate.</summary>
internal static class DftMatrix
{
    public static (Shape Shape, float[] Data) Create(DftKind kind, int height, int width)
    {
        int half = (width / 2) + 1;
        return kind switch
        {
            DftKind.RealRows => Fill(width, 2 * half, (x, column) => Part(width, x * (column % half), column < half ? 0 : 1)),
            DftKind.Columns => Fill(2 * height, 2 * height, (row, column) => Complex(height, row, column, -1)),
            DftKind.InverseColumns => Fill(2 * height, 2 * height, (row, column) => Complex(height, row, column, 1)),
            // Every column but the first and, for even widths, the last stands for its mirror image too.
            _ => Fill(
                2 * half,
                width,
                (row, x) => (row % half == 0 || 2 * (row % half) == width ? 1 : 2) * Part(width, x * (row % half), row < half ? 0 : 1)
            ),
        };
    }

    // Real (0) or imaginary part (1) of exp(-2 pi i k / n) / sqrt(n).
    private static double Part(int n, long k, int part)
    {
        double angle = 2 * Math.PI * (k % n) / n;
        return (part == 0 ? Math.Cos(angle) : -Math.Sin(angle)) / Math.Sqrt(n);
    }

    // (a + ib) times exp(sign 2 pi i k / n), rows and columns real parts first.
    private static double Complex(int n, int row, int column, int sign)
    {
        (int from, int to) = (row / n, column / n);
        double part = Part(n, (long)(row % n) * (column % n), from ^ to);
        return from == to ? part : -sign * (from == 0 ? part : -part);
    }

    private static (Shape Shape, float[] Data) Fill(int rows, int columns, Func<int, int, double> element)
    {
        float[] data = new float[rows * columns];
        for (int i = 0; i < data.Length; i++)
            data[i] = (float)element(i / columns, i % columns);
        return (new Shape(rows, columns), data);
    }
}
