using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Planning;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Steps;

/// <summary>
/// Every op of the closed set on its own, for graphs that the fused kernels do not recognize: right for all shapes, vectors
/// where they are simple. Items are rows of pixels unless said otherwise. Channels run to the rounded stride, whose rounding
/// holds values that nobody reads.
/// </summary>
internal static unsafe class GeneralSteps<S, V>
    where S : struct, ISimd<V>
    where V : struct
{
    public static Step Activation<TActivation>(Slot x, Slot y, string description)
        where TActivation : struct, IActivation
    {
        return Rows(
            description,
            8,
            [x, y],
            (frame, row) =>
            {
                int count = y.Layout.Width * y.Layout.Stride;
                float* from = frame[x] + ((nint)row * count),
                    to = frame[y] + ((nint)row * count);
                for (int i = 0; i < count; i += S.Lanes)
                    S.Store(to + i, TActivation.Apply<S, V>(S.Load(from + i)));
            }
        );
    }

    public static Step Affine(Slot x, VectorConstant scale, VectorConstant shift, Slot y) =>
        Rows(
            "affine",
            1,
            [x, y],
            (frame, row) =>
            {
                MapLayout layout = y.Layout;
                float* from = frame[x] + ((nint)row * layout.Width * layout.Stride),
                    to = frame[y] + ((nint)row * layout.Width * layout.Stride);
                for (int p = 0; p < layout.Width; p++, from += layout.Stride, to += layout.Stride)
                for (int c = 0; c < layout.Stride; c += S.Lanes)
                    S.Store(to + c, S.MultiplyAdd(S.Load(from + c), S.Load(scale.Data + c), S.Load(shift.Data + c)));
            }
        );

    public static Step Multiply(Slot x, float factor, Slot y) =>
        Rows(
            "product with a constant",
            1,
            [x, y],
            (frame, row) =>
            {
                int count = y.Layout.Width * y.Layout.Stride;
                float* from = frame[x] + ((nint)row * count),
                    to = frame[y] + ((nint)row * count);
                V times = S.Broadcast(factor);
                for (int i = 0; i < count; i += S.Lanes)
                    S.Store(to + i, S.Multiply(times, S.Load(from + i)));
            }
        );

    public static Step Binary(BinaryKind function, BinaryOperand left, BinaryOperand right, BinaryOperand result)
    {
        (Slot a, Slot b, Slot y) = (left.Slot, right.Slot, result.Slot);
        Func<float, float, float> apply = function switch
        {
            BinaryKind.Add => (x, z) => x + z,
            BinaryKind.Subtract => (x, z) => x - z,
            BinaryKind.Multiply => (x, z) => x * z,
            _ => throw new GraphException($"Unknown function {function}."),
        };
        if (a.Layout != b.Layout)
            return Rows($"{function} with broadcasting", 8, [a, b, y], (frame, row) => Broadcast(frame, apply, left, right, result, row));
        return Rows(
            function.ToString(),
            1,
            [a, b, y],
            (frame, row) =>
            {
                int count = y.Layout.Width * y.Layout.Stride;
                float* p = frame[a] + ((nint)row * count),
                    q = frame[b] + ((nint)row * count),
                    to = frame[y] + ((nint)row * count);
                for (int i = 0; i < count; i += S.Lanes)
                {
                    (V u, V v) = (S.Load(p + i), S.Load(q + i));
                    S.Store(
                        to + i,
                        function == BinaryKind.Add ? S.Add(u, v)
                            : function == BinaryKind.Subtract ? S.Subtract(u, v)
                            : S.Multiply(u, v)
                    );
                }
            }
        );
    }

    public static Step Slice(Slot x, int start, Slot y) => Copy("slice", x, start, y, 0, y.Layout.Channels);

    public static Step CopyInto(Slot x, Slot y, int start) => Copy("concat part", x, 0, y, start, x.Layout.Channels);

    /// <summary>The mean over rows and columns. Item: one image.</summary>
    /// <param name="x">The map, or its rows' sums (width 1).</param>
    /// <param name="pixels">Pixels of an image of the map.</param>
    /// <param name="y">The means.</param>
    public static Step Pool(Slot x, int pixels, Slot y) =>
        new LoopStep(
            x.Layout.Plane == pixels ? "global average pool" : "global average pool of row sums",
            x.Layout.Images,
            x.Layout.Floats,
            [x, y],
            (frame, image) =>
            {
                MapLayout layout = x.Layout;
                float* from = frame[x] + ((nint)image * layout.Plane * layout.Stride),
                    to = frame[y] + ((nint)image * y.Layout.Stride);
                V inverse = S.Broadcast(1f / pixels);
                for (int c = 0; c < layout.Stride; c += S.Lanes)
                {
                    V total = S.Broadcast(0);
                    for (int row = 0; row < layout.Height; row++)
                    {
                        // Row sums first: shorter chains of rounding.
                        V sum = S.Broadcast(0);
                        float* p = from + ((nint)row * layout.Width * layout.Stride) + c;
                        for (int i = 0; i < layout.Width; i++, p += layout.Stride)
                            sum = S.Add(sum, S.Load(p));
                        total = S.Add(total, sum);
                    }

                    S.Store(to + c, S.Multiply(total, inverse));
                }
            }
        );

    public static Step BatchNorm(Slot x, VectorConstant mean, VectorConstant inverse, VectorConstant bias, Slot y) =>
        Rows(
            "batch norm",
            2,
            [x, y],
            (frame, row) =>
            {
                MapLayout layout = y.Layout;
                float* from = frame[x] + ((nint)row * layout.Width * layout.Stride),
                    to = frame[y] + ((nint)row * layout.Width * layout.Stride);
                for (int p = 0; p < layout.Width; p++, from += layout.Stride, to += layout.Stride)
                for (int c = 0; c < layout.Stride; c += S.Lanes)
                    S.Store(
                        to + c,
                        S.MultiplyAdd(S.Subtract(S.Load(from + c), S.Load(mean.Data + c)), S.Load(inverse.Data + c), S.Load(bias.Data + c))
                    );
            }
        );

    /// <summary>A depthwise convolution of any stride, padding and dilation; weights packed (tap, channel) over the rounded
    /// stride.</summary>
    public static Step Depthwise<TActivation>(Slot x, Conv2d op, VectorConstant weight, VectorConstant bias, Slot y)
        where TActivation : struct, IActivation
    {
        long work = y.Layout.Floats * op.Kernel * op.Kernel;
        return new LoopStep(
            $"depthwise {op.Kernel}x{op.Kernel} dilation {op.Dilation}",
            y.Layout.Images * y.Layout.Height,
            work,
            [x, y],
            (frame, item) =>
            {
                (int image, int row) = Math.DivRem(item, y.Layout.Height);
                float* from = frame[x] + ((nint)image * x.Layout.Plane * x.Layout.Stride);
                float* to = frame[y] + ((nint)item * y.Layout.Width * y.Layout.Stride);
                for (int column = 0; column < y.Layout.Width; column++, to += y.Layout.Stride)
                for (int c = 0; c < y.Layout.Stride; c += S.Lanes)
                    S.Store(
                        to + c,
                        TActivation.Apply<S, V>(DepthwisePixel(from + c, x.Layout, op, weight.Data + c, bias.Data + c, row, column))
                    );
            }
        );
    }

    private static V DepthwisePixel(float* from, MapLayout layout, Conv2d op, float* weight, float* bias, int row, int column)
    {
        V sum = S.Load(bias);
        int stride = MapLayout.RoundUp(op.OutChannels);
        for (int ky = 0; ky < op.Kernel; ky++)
        {
            int iy = (row * op.Stride) - op.Padding + (ky * op.Dilation);
            if ((uint)iy >= (uint)layout.Height)
                continue;
            for (int kx = 0; kx < op.Kernel; kx++)
            {
                int ix = (column * op.Stride) - op.Padding + (kx * op.Dilation);
                if ((uint)ix >= (uint)layout.Width)
                    continue;
                V tap = S.Load(weight + (((nint)(ky * op.Kernel) + kx) * stride));
                sum = S.MultiplyAdd(S.Load(from + ((((nint)iy * layout.Width) + ix) * layout.Stride)), tap, sum);
            }
        }

        return sum;
    }

    /// <summary>A step whose items are the rows of the last slot.</summary>
    public static LoopStep Rows(string description, int workPerFloat, Slot[] slots, LoopBody body)
    {
        MapLayout layout = slots[^1].Layout;
        return new LoopStep(description, layout.Images * layout.Height, layout.Floats * workPerFloat, slots, body);
    }

    private static LoopStep Copy(string description, Slot x, int from, Slot y, int to, int channels) =>
        Rows(
            description,
            1,
            [x, y],
            (frame, row) =>
            {
                float* source = frame[x] + ((nint)row * x.Layout.Width * x.Layout.Stride) + from;
                float* target = frame[y] + ((nint)row * y.Layout.Width * y.Layout.Stride) + to;
                for (int p = 0; p < y.Layout.Width; p++, source += x.Layout.Stride, target += y.Layout.Stride)
                    new ReadOnlySpan<float>(source, channels).CopyTo(new Span<float>(target, channels));
            }
        );

    private static void Broadcast(Frame frame, Func<float, float, float> apply, BinaryOperand a, BinaryOperand b, BinaryOperand y, int item)
    {
        MapLayout layout = y.Slot.Layout;
        (int image, int row) = Math.DivRem(item, layout.Height);
        (int clip, int time) = Math.DivRem(image, y.Frames);
        float* to = frame[y.Slot] + ((nint)item * layout.Width * layout.Stride);
        for (int column = 0; column < layout.Width; column++, to += layout.Stride)
        {
            float* p = Pixel(frame, a, clip, time, row, column),
                q = Pixel(frame, b, clip, time, row, column);
            for (int c = 0; c < layout.Channels; c++)
                to[c] = apply(p[a.Slot.Layout.Channels == 1 ? 0 : c], q[b.Slot.Layout.Channels == 1 ? 0 : c]);
        }
    }

    private static float* Pixel(Frame frame, BinaryOperand x, int clip, int time, int row, int column)
    {
        MapLayout layout = x.Slot.Layout;
        nint image = (layout.Images == x.Frames ? 0 : (nint)clip * x.Frames) + (x.Frames == 1 ? 0 : time);
        nint pixel = (image * layout.Plane) + (layout.Height == 1 ? 0 : (nint)row * layout.Width) + (layout.Width == 1 ? 0 : column);
        return frame[x.Slot] + (pixel * layout.Stride);
    }
}

/// <summary>A side of a sum or product: the value, and the frames of its clips (1 for what is not a clip).</summary>
internal sealed record BinaryOperand(Slot Slot, int Frames);
