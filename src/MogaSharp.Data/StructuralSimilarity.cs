namespace MogaSharp.Data;

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
        int pixels = checked(height * width);
        if (image.Length != other.Length || image.Length != channels * pixels)
            throw new ArgumentException($"{image.Length} and {other.Length} values are no images of {channels} x {height} x {width}", nameof(image));
        if (height < Window || width < Window) return double.NaN;
        double sum = 0;
        // Sums of seven rows, one column each: of x, y, x x, y y and x y.
        double[] columns = new double[width * Sums];
        for (int channel = 0; channel < channels; channel++)
        {
            ReadOnlySpan<float> x = image.Slice(channel * pixels, pixels), y = other.Slice(channel * pixels, pixels);
            for (int top = 0; top + Window <= height; top++)
            {
                SumColumns(x.Slice(top * width, Window * width), y.Slice(top * width, Window * width), width, columns);
                for (int left = 0; left + Window <= width; left++) sum += At(columns.AsSpan(left * Sums, Window * Sums), dataRange);
            }
        }
        return sum / ((double)channels * (height - Window + 1) * (width - Window + 1));
    }

    private static void SumColumns(ReadOnlySpan<float> x, ReadOnlySpan<float> y, int width, Span<double> columns)
    {
        columns.Clear();
        for (int i = 0; i < x.Length; i++)
        {
            double a = x[i], b = y[i];
            Span<double> column = columns.Slice(i % width * Sums, Sums);
            column[0] += a;
            column[1] += b;
            column[2] += a * a;
            column[3] += b * b;
            column[4] += a * b;
        }
    }

    private static double At(ReadOnlySpan<double> columns, double dataRange)
    {
        double x = 0, y = 0, xx = 0, yy = 0, xy = 0;
        for (int i = 0; i < columns.Length; i += Sums)
        {
            x += columns[i];
            y += columns[i + 1];
            xx += columns[i + 2];
            yy += columns[i + 3];
            xy += columns[i + 4];
        }
        const double Sample = Area / (Area - 1.0);
        double meanX = x / Area, meanY = y / Area;
        double varianceX = Sample * ((xx / Area) - (meanX * meanX)), varianceY = Sample * ((yy / Area) - (meanY * meanY));
        double covariance = Sample * ((xy / Area) - (meanX * meanY));
        double c1 = 0.01 * dataRange, c2 = 0.03 * dataRange;
        c1 *= c1;
        c2 *= c2;
        return ((2 * meanX * meanY) + c1) * ((2 * covariance) + c2)
            / (((meanX * meanX) + (meanY * meanY) + c1) * (varianceX + varianceY + c2));
    }
}
