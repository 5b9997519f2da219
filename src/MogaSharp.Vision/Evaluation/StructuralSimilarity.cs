namespace MogaSharp.Vision;

/// <summary>
/// The structural similarity of Wang et al., "Image quality assessment: from error visibility to structural similarity" (2004), with
/// the defaults of scikit-image: a uniform window of 7 x 7, sample covariance, K1 0.01, K2 0.03; mean over the places where the window
/// is fully inside, over channels.
/// </summary>
public static class StructuralSimilarity
{
    private const int Window = 7;
    private const int Area = Window * Window;
    private const int Sums = 5;

    /// <summary>The similarity of two images.</summary>
    /// <param name="image">channels x height x width.</param>
    /// <param name="other">As many values.</param>
    /// <param name="channels">The planes.</param>
    /// <param name="height">The height in pixels.</param>
    /// <param name="width">The width in pixels.</param>
    /// <param name="dataRange">The difference between the largest and the smallest value that there can be.</param>
    /// <returns>At most 1, for equal images; NaN when a side has less than 7 pixels.</returns>
    /// <exception cref="ArgumentException">The numbers of values do not fit the sizes.</exception>
    public static double Of(ReadOnlySpan<float> image, ReadOnlySpan<float> other, int channels, int height, int width, double dataRange)
    {
        double[] result = new double[1];
        Of(image, other, channels, height, width, [dataRange], result);
        return result[0];
    }

    /// <summary>The similarity for several data ranges at once: most of the work is the same.</summary>
    internal static void Of(
        ReadOnlySpan<float> image,
        ReadOnlySpan<float> other,
        int channels,
        int height,
        int width,
        ReadOnlySpan<double> dataRanges,
        Span<double> results
    )
    {
        int pixels = checked(height * width);
        if (image.Length != other.Length || image.Length != channels * pixels)
            throw new ArgumentException(
                $"{image.Length} and {other.Length} values are no images of {channels} x {height} x {width}",
                nameof(image)
            );
        results.Fill(height < Window || width < Window ? double.NaN : 0);
        if (height < Window || width < Window)
            return;
        // For each column the sums over seven rows of x, y, x x, y y and x y, one after the other.
        double[] columns = new double[width * Sums];
        for (int channel = 0; channel < channels; channel++)
        {
            ReadOnlySpan<float> x = image.Slice(channel * pixels, pixels),
                y = other.Slice(channel * pixels, pixels);
            Array.Clear(columns);
            for (int row = 0; row < height; row++)
            {
                AddRow(x.Slice(row * width, width), y.Slice(row * width, width), 1, columns);
                if (row >= Window)
                    AddRow(x.Slice((row - Window) * width, width), y.Slice((row - Window) * width, width), -1, columns);
                if (row >= Window - 1)
                    AddWindows(columns, width, dataRanges, results);
            }
        }
        foreach (ref double result in results)
            result /= (double)channels * (height - Window + 1) * (width - Window + 1);
    }

    private static void AddRow(ReadOnlySpan<float> x, ReadOnlySpan<float> y, double sign, Span<double> columns)
    {
        for (int i = 0; i < x.Length; i++)
        {
            double a = x[i],
                b = y[i];
            Span<double> column = columns.Slice(i * Sums, Sums);
            column[0] += sign * a;
            column[1] += sign * b;
            column[2] += sign * a * a;
            column[3] += sign * b * b;
            column[4] += sign * a * b;
        }
    }

    // All windows of seven columns, each from the one before.
    private static void AddWindows(ReadOnlySpan<double> columns, int width, ReadOnlySpan<double> dataRanges, Span<double> results)
    {
        Span<double> sums = stackalloc double[Sums];
        sums.Clear();
        for (int i = 0; i < width; i++)
        {
            for (int k = 0; k < Sums; k++)
                sums[k] += columns[(i * Sums) + k] - (i >= Window ? columns[((i - Window) * Sums) + k] : 0);
            if (i < Window - 1)
                continue;
            for (int k = 0; k < results.Length; k++)
                results[k] += At(sums, dataRanges[k]);
        }
    }

    private static double At(ReadOnlySpan<double> sums, double dataRange)
    {
        const double Sample = Area / (Area - 1.0);
        double meanX = sums[0] / Area,
            meanY = sums[1] / Area;
        double varianceX = Sample * ((sums[2] / Area) - (meanX * meanX)),
            varianceY = Sample * ((sums[3] / Area) - (meanY * meanY));
        double covariance = Sample * ((sums[4] / Area) - (meanX * meanY));
        double c1 = 0.01 * dataRange,
            c2 = 0.03 * dataRange;
        c1 *= c1;
        c2 *= c2;
        return ((2 * meanX * meanY) + c1)
            * ((2 * covariance) + c2)
            / (((meanX * meanX) + (meanY * meanY) + c1) * (varianceX + varianceY + c2));
    }
}
