using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Planning;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Steps;

/// <summary>Resizing, windows and grids of pixels, the pixels of a transposed convolution. Items are rows of the output; all work on whole
/// vectors of channels.</summary>
internal static unsafe class ResamplingSteps<S, V>
    where S : struct, ISimd<V>
    where V : struct
{
    /// <summary>Another number of rows and columns.</summary>
    public static Step Resize(Slot x, Resize op, Slot y)
    {
        MapLayout from = x.Layout,
            to = y.Layout;
        (int Low, int High, double Share)[] rows = Places(op, from.Height, to.Height),
            columns = Places(op, from.Width, to.Width);
        bool nearest = op.Method == Interpolation.Nearest;
        return SpatialSteps<S, V>.Rows(
            nearest ? "nearest resize" : "bilinear resize",
            nearest ? 1 : 4,
            x,
            y,
            (source, target, image, row) =>
            {
                (int low, int high, double down) = rows[row];
                float* top = source + ((((nint)image * from.Height) + low) * from.Width * from.Stride),
                    bottom = source + ((((nint)image * from.Height) + high) * from.Width * from.Stride);
                V below = S.Broadcast((float)down);
                for (int column = 0; column < to.Width; column++, target += to.Stride)
                {
                    (int left, int right, double across) = columns[column];
                    nint first = (nint)left * from.Stride,
                        second = (nint)right * from.Stride;
                    if (nearest)
                    {
                        for (int c = 0; c < to.Stride; c += S.Lanes)
                            S.Store(target + c, S.Load(top + first + c));
                        continue;
                    }

                    V beside = S.Broadcast((float)across);
                    for (int c = 0; c < to.Stride; c += S.Lanes)
                    {
                        V upper = Between(S.Load(top + first + c), S.Load(top + second + c), beside);
                        V lower = Between(S.Load(bottom + first + c), S.Load(bottom + second + c), beside);
                        S.Store(target + c, Between(upper, lower, below));
                    }
                }
            }
        );
    }

    /// <summary>The largest value of a window; with a NaN in it, NaN or the largest of those after it.</summary>
    public static Step MaxPool(Slot x, MaxPool2d op, Slot y)
    {
        MapLayout from = x.Layout,
            to = y.Layout;
        return SpatialSteps<S, V>.Rows(
            $"max pool {op.Kernel}x{op.Kernel}",
            op.Kernel * op.Kernel,
            x,
            y,
            (source, target, image, row) =>
            {
                source += (nint)image * from.Plane * from.Stride;
                (int top, int bottom) = Clipped(row, from.Height);
                for (int column = 0; column < to.Width; column++, target += to.Stride)
                {
                    (int left, int right) = Clipped(column, from.Width);
                    for (int c = 0; c < to.Stride; c += S.Lanes)
                    {
                        V largest = S.Broadcast(float.NegativeInfinity);
                        for (int v = top; v < bottom; v++)
                        for (int u = left; u < right; u++)
                            largest = S.Max(largest, S.Load(source + ((((nint)v * from.Width) + u) * from.Stride) + c));
                        S.Store(target + c, largest);
                    }
                }
            }
        );

        (int Start, int End) Clipped(int index, int side)
        {
            int start = (index * op.Stride) - op.Padding;
            return (Math.Max(0, start), Math.Min(side, start + op.Kernel));
        }
    }

    /// <summary>Means over the fields of a grid.</summary>
    public static Step AdaptivePool(Slot x, AdaptiveAveragePool2d op, Slot y)
    {
        MapLayout from = x.Layout;
        return new LoopStep(
            $"means over {op.Size}x{op.Size} fields",
            y.Layout.Pixels,
            x.Layout.Floats,
            [x, y],
            (frame, item) =>
            {
                (int image, int field) = Math.DivRem(item, y.Layout.Plane);
                (int top, int bottom) = op.Field(field / op.Size, from.Height);
                (int left, int right) = op.Field(field % op.Size, from.Width);
                float* source = frame[x] + ((nint)image * from.Plane * from.Stride),
                    target = frame[y] + ((nint)item * y.Layout.Stride);
                V share = S.Broadcast(1f / ((bottom - top) * (right - left)));
                for (int c = 0; c < from.Stride; c += S.Lanes)
                {
                    V total = S.Broadcast(0);
                    for (int v = top; v < bottom; v++)
                    {
                        // Row sums first: shorter chains of rounding.
                        V sum = S.Broadcast(0);
                        float* pixel = source + ((((nint)v * from.Width) + left) * from.Stride) + c;
                        for (int u = left; u < right; u++, pixel += from.Stride)
                            sum = S.Add(sum, S.Load(pixel));
                        total = S.Add(total, sum);
                    }

                    S.Store(target + c, S.Multiply(total, share));
                }
            }
        );
    }

    /// <summary>The pixels of a transposed convolution, each a range of channels of its field in a map (see
    /// <see cref="TransposedKernel"/>).</summary>
    public static Step Interleave(Slot fields, TransposedKernel kernel, Slot y) =>
        SpatialSteps<S, V>.Rows(
            "interleave",
            1,
            fields,
            y,
            (source, target, image, row) =>
            {
                MapLayout from = fields.Layout,
                    to = y.Layout;
                (int v, int down) = Math.DivRem(row + kernel.Padding, kernel.Stride);
                source += (((nint)image * from.Height) + v) * from.Width * from.Stride;
                for (int column = 0; column < to.Width; column++, target += to.Stride)
                {
                    (int u, int across) = Math.DivRem(column + kernel.Padding, kernel.Stride);
                    float* pixel = source + ((nint)u * from.Stride) + (((down * kernel.Stride) + across) * to.Channels);
                    new ReadOnlySpan<float>(pixel, to.Channels).CopyTo(new Span<float>(target, to.Channels));
                }
            }
        );

    private static V Between(V a, V b, V share) => S.MultiplyAdd(S.Subtract(b, a), share, a);

    private static (int Low, int High, double Share)[] Places(Resize op, int from, int to) =>
        [.. Enumerable.Range(0, to).Select(i => op.Source(i, from, to))];
}
