using System.Numerics.Tensors;

namespace MogaSharp.Tasks;

/// <summary>The first principal component of maps: pixels are the samples, channels what is measured of each.</summary>
internal static class PrincipalComponent
{
    // 2^24 steps of the power method, by squaring the matrix.
    private const int Squarings = 24;

    /// <summary>Each pixel's coordinate along it. Of the two signs, the one in which the largest magnitude is positive.</summary>
    /// <param name="channels">Maps of as many pixels each.</param>
    /// <param name="pixels">Pixels of a map.</param>
    public static double[] Project(ReadOnlySpan<double> channels, int pixels)
    {
        int count = channels.Length / pixels;
        var maps = new double[count][];
        for (int c = 0; c < count; c++)
        {
            maps[c] = channels.Slice(c * pixels, pixels).ToArray();
            TensorPrimitives.Subtract(maps[c], TensorPrimitives.Sum<double>(maps[c]) / pixels, maps[c]);
        }

        // The smaller of the two products of the matrix with itself: over channels, or over pixels.
        double[][] rows = count <= pixels ? maps : Transposed(maps, pixels);
        double[] first = Dominant(Products(rows));
        var result = new double[pixels];
        if (count <= pixels)
            for (int c = 0; c < count; c++)
                TensorPrimitives.MultiplyAdd(maps[c], first[c], result, result);
        else
            TensorPrimitives.Multiply(first, Math.Sqrt(Energy(rows, first)), result);
        if (result[TensorPrimitives.IndexOfMaxMagnitude<double>(result)] < 0)
            TensorPrimitives.Negate<double>(result, result);
        return result;
    }

    private static double[][] Transposed(double[][] maps, int pixels) =>
        [.. Enumerable.Range(0, pixels).Select(pixel => maps.Select(map => map[pixel]).ToArray())];

    private static double[][] Products(double[][] rows)
    {
        var result = new double[rows.Length][];
        Parallel.For(0, rows.Length, i => result[i] = [.. rows.Select(row => TensorPrimitives.Dot<double>(rows[i], row))]);
        return result;
    }

    // The eigenvector of the largest eigenvalue of a symmetric matrix without negative eigenvalues, of length 1.
    private static double[] Dominant(double[][] matrix)
    {
        for (int i = 0; i < Squarings; i++)
        {
            double trace = matrix.Select((row, at) => row[at]).Sum();
            if (trace <= 0)
                return new double[matrix.Length];
            foreach (double[] row in matrix)
                TensorPrimitives.Divide(row, trace, row);
            matrix = Products(matrix);
        }

        double[] largest = matrix.MaxBy(row => TensorPrimitives.Norm<double>(row))!;
        double length = TensorPrimitives.Norm<double>(largest);
        return length > 0 ? [.. largest.Select(x => x / length)] : largest;
    }

    // The square of the singular value of a left singular vector.
    private static double Energy(double[][] rows, double[] vector)
    {
        var sum = new double[rows[0].Length];
        for (int i = 0; i < rows.Length; i++)
            TensorPrimitives.MultiplyAdd(rows[i], vector[i], sum, sum);
        return TensorPrimitives.Dot<double>(sum, sum);
    }
}
