using Arguments = (MogaSharp.Graph.ReferenceTensor[] Inputs, MogaSharp.Graph.ReferenceTensor Output);

namespace MogaSharp.Graph;

/// <summary>Fourier transforms by their definition.</summary>
internal sealed partial class ReferenceKernels
{
    public ReferenceTensor Visit(RealFft2d op, Arguments a)
    {
        (Shape map, Shape spectrum) = (a.Inputs[0].Shape, a.Output.Shape);
        (int channels, int height, int width, int columns) = (map[1], map[2], map[3], spectrum[3]);
        double norm = 1 / Math.Sqrt((double)height * width);
        for (int n = 0; n < map[0]; n++)
        for (int c = 0; c < channels; c++)
        for (int v = 0; v < height; v++)
        for (int u = 0; u < columns; u++)
        {
            (double real, double imaginary) = (0, 0);
            for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                double value = a.Inputs[0].Data[(((((n * channels) + c) * height) + y) * width) + x];
                double angle = -2 * Math.PI * (((double)(v * y % height) / height) + ((double)(u * x % width) / width));
                real += value * Math.Cos(angle);
                imaginary += value * Math.Sin(angle);
            }

            int at = (((((n * 2 * channels) + c) * height) + v) * columns) + u;
            a.Output.Data[at] = norm * real;
            a.Output.Data[at + (channels * height * columns)] = norm * imaginary;
        }

        return a.Output;
    }

    public ReferenceTensor Visit(InverseRealFft2d op, Arguments a)
    {
        (Shape spectrum, Shape map) = (a.Inputs[0].Shape, a.Output.Shape);
        (int channels, int height, int width, int columns) = (map[1], map[2], map[3], spectrum[3]);
        double norm = 1 / Math.Sqrt((double)height * width);
        for (int n = 0; n < map[0]; n++)
        for (int c = 0; c < channels; c++)
        for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
        {
            double sum = 0;
            for (int v = 0; v < height; v++)
            for (int u = 0; u < columns; u++)
            {
                int at = (((((n * 2 * channels) + c) * height) + v) * columns) + u;
                double angle = 2 * Math.PI * (((double)(v * y % height) / height) + ((double)(u * x % width) / width));
                // Every column but the first and, for even widths, the last stands for its mirror image too.
                double share = u == 0 || 2 * u == width ? 1 : 2;
                sum +=
                    share
                    * ((a.Inputs[0].Data[at] * Math.Cos(angle)) - (a.Inputs[0].Data[at + (channels * height * columns)] * Math.Sin(angle)));
            }

            a.Output.Data[(((((n * channels) + c) * height) + y) * width) + x] = norm * sum;
        }

        return a.Output;
    }

    public ReferenceTensor Visit(SpectralFilter op, Arguments a)
    {
        Shape spectrum = a.Output.Shape;
        (int rows, int columns) = (spectrum[2], spectrum[3]);
        float[] filter = weights[op.Weight].Data;
        for (int n = 0; n < spectrum[0]; n++)
        for (int c = 0; c < op.Channels; c++)
        for (int v = 0; v < rows; v++)
        for (int u = 0; u < columns; u++)
        {
            (double real, double imaginary) = (Filter(c, v, u, 0), Filter(c, v, u, 1));
            int at = (((((n * 2 * op.Channels) + c) * rows) + v) * columns) + u,
                other = at + (op.Channels * rows * columns);
            (double x, double y) = (a.Inputs[0].Data[at], a.Inputs[0].Data[other]);
            a.Output.Data[at] = (x * real) - (y * imaginary);
            a.Output.Data[other] = (x * imaginary) + (y * real);
        }

        return a.Output;

        double Filter(int c, int v, int u, int part)
        {
            (int top, int bottom, double down) = Corners(v, op.Height, rows);
            (int left, int right, double across) = Corners(u, op.Width, columns);
            return ((1 - down) * (((1 - across) * Stored(top, left)) + (across * Stored(top, right))))
                + (down * (((1 - across) * Stored(bottom, left)) + (across * Stored(bottom, right))));

            double Stored(int row, int column) => filter[((((c * op.Height) + row) * op.Width) + column) * 2 + part];
        }
    }
}
