using Arguments = (MogaSharp.Graph.ReferenceTensor[] Inputs, MogaSharp.Graph.ReferenceTensor Output);

namespace MogaSharp.Graph;

/// <summary>Resizing, windows and grids of pixels, transposed convolutions.</summary>
internal sealed partial class ReferenceKernels
{
    public ReferenceTensor Visit(Resize op, Arguments a)
    {
        Shape from = a.Inputs[0].Shape;
        return Pixels(
            a,
            (at, y, x) =>
            {
                (int top, int bottom, double down) = op.Source(y, from[2], a.Output.Shape[2]);
                (int left, int right, double across) = op.Source(x, from[3], a.Output.Shape[3]);
                return ((1 - down) * (((1 - across) * at(top, left)) + (across * at(top, right))))
                    + (down * (((1 - across) * at(bottom, left)) + (across * at(bottom, right))));
            }
        );
    }

    public ReferenceTensor Visit(MaxPool2d op, Arguments a)
    {
        Shape from = a.Inputs[0].Shape;
        return Pixels(
            a,
            (at, y, x) =>
            {
                (int top, int left) = ((y * op.Stride) - op.Padding, (x * op.Stride) - op.Padding);
                double largest = double.NegativeInfinity;
                for (int v = Math.Max(0, top); v < Math.Min(from[2], top + op.Kernel); v++)
                for (int u = Math.Max(0, left); u < Math.Min(from[3], left + op.Kernel); u++)
                    largest = Math.Max(largest, at(v, u));
                return largest;
            }
        );
    }

    public ReferenceTensor Visit(AdaptiveAveragePool2d op, Arguments a)
    {
        Shape from = a.Inputs[0].Shape;
        return Pixels(
            a,
            (at, y, x) =>
            {
                (int top, int bottom) = op.Field(y, from[2]);
                (int left, int right) = op.Field(x, from[3]);
                double sum = 0;
                for (int v = top; v < bottom; v++)
                for (int u = left; u < right; u++)
                    sum += at(v, u);
                return sum / ((bottom - top) * (right - left));
            }
        );
    }

    public ReferenceTensor Visit(ConvTranspose2d op, Arguments a)
    {
        (ReferenceTensor x, ReferenceTensor y) = (a.Inputs[0], a.Output);
        (int height, int width) = (y.Shape[2], y.Shape[3]);
        float[] weight = weights[op.Weight].Data;
        float[]? bias = op.Bias is null ? null : weights[op.Bias].Data;
        for (int i = 0; i < y.Data.Length; i++)
            y.Data[i] = bias?[i / (height * width) % op.OutChannels] ?? 0;
        for (int i = 0; i < x.Data.Length; i++)
        {
            (int column, int row) = (i % x.Shape[3], i / x.Shape[3] % x.Shape[2]);
            (int n, int input) = Math.DivRem(i / (x.Shape[2] * x.Shape[3]), op.InChannels);
            for (int o = 0; o < op.OutChannels; o++)
            for (int ky = 0; ky < op.Kernel; ky++)
            for (int kx = 0; kx < op.Kernel; kx++)
            {
                (int v, int u) = ((row * op.Stride) - op.Padding + ky, (column * op.Stride) - op.Padding + kx);
                if ((uint)v < (uint)height && (uint)u < (uint)width)
                    y.Data[(((((n * op.OutChannels) + o) * height) + v) * width) + u] +=
                        x.Data[i] * weight[(((((input * op.OutChannels) + o) * op.Kernel) + ky) * op.Kernel) + kx];
            }
        }

        return y;
    }

    // Each pixel of the output from the same channel of the input; the function gets the input's pixels by row and column.
    private static ReferenceTensor Pixels(Arguments a, Func<Func<int, int, double>, int, int, double> compute)
    {
        (Shape from, Shape to) = (a.Inputs[0].Shape, a.Output.Shape);
        int origin = 0;
        Func<int, int, double> at = (y, x) => a.Inputs[0].Data[origin + (y * from[3]) + x];
        for (int i = 0; i < a.Output.Data.Length; i++)
        {
            origin = i / (to[2] * to[3]) * from[2] * from[3];
            a.Output.Data[i] = compute(at, i / to[3] % to[2], i % to[3]);
        }

        return a.Output;
    }
}
