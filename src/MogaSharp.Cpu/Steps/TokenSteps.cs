using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Planning;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Steps;

/// <summary>
/// Layer norm, and the ops of attention one by one. Scores (N, heads, T, T) lie as any map does: a pixel per query (row) and key (column),
/// the heads side by side.
/// </summary>
internal static unsafe class TokenSteps<S, V>
    where S : struct, ISimd<V>
    where V : struct
{
    public static Step LayerNorm(Slot x, NormConstants norm, Slot y) =>
        GeneralSteps<S, V>.Rows(
            "layer norm",
            4,
            [x, y],
            (frame, row) =>
            {
                MapLayout layout = y.Layout;
                nint offset = (nint)row * layout.Width * layout.Stride;
                LayerNormKernel<S, V>.Pixels(frame[x] + offset, layout.Stride, frame[y] + offset, layout.Stride, layout.Width, norm);
            }
        );

    /// <summary>Softmax over the columns of a map.</summary>
    public static Step SoftmaxOfRows(Slot x, Slot y) =>
        GeneralSteps<S, V>.Rows(
            "softmax",
            16,
            [x, y],
            (frame, row) =>
            {
                MapLayout layout = y.Layout;
                nint offset = (nint)row * layout.Width * layout.Stride;
                float* from = frame[x] + offset,
                    to = frame[y] + offset;
                for (int c = 0; c < layout.Stride; c += S.Lanes)
                {
                    V largest = S.Load(from + c),
                        sum = S.Broadcast(0);
                    for (int p = 1; p < layout.Width; p++)
                        largest = S.Max(largest, S.Load(from + ((nint)p * layout.Stride) + c));
                    for (int p = 0; p < layout.Width; p++)
                    {
                        nint at = ((nint)p * layout.Stride) + c;
                        V e = Activations.Exp<S, V>(S.Subtract(S.Load(from + at), largest));
                        S.Store(to + at, e);
                        sum = S.Add(sum, e);
                    }

                    V inverse = S.Divide(S.Broadcast(1), sum);
                    for (int p = 0; p < layout.Width; p++)
                    {
                        nint at = ((nint)p * layout.Stride) + c;
                        S.Store(to + at, S.Multiply(S.Load(to + at), inverse));
                    }
                }
            }
        );

    /// <summary>Softmax of (N, C) over the channels.</summary>
    public static Step SoftmaxOfChannels(Slot x, Slot y) =>
        GeneralSteps<S, V>.Rows(
            "softmax",
            32,
            [x, y],
            (frame, row) =>
            {
                MapLayout layout = y.Layout;
                nint offset = (nint)row * layout.Stride;
                var from = new ReadOnlySpan<float>(frame[x] + offset, layout.Channels);
                var to = new Span<float>(frame[y] + offset, layout.Channels);
                float largest = float.NegativeInfinity,
                    sum = 0;
                foreach (float value in from)
                    largest = MathF.Max(largest, value);
                for (int c = 0; c < to.Length; c++)
                    sum += to[c] = MathF.Exp(from[c] - largest);
                for (int c = 0; c < to.Length; c++)
                    to[c] /= sum;
            }
        );

    /// <summary>Scale times the dot products of queries and keys.</summary>
    public static Step Scores(Slot query, Slot key, float scale, Slot y)
    {
        int heads = y.Layout.Channels,
            depth = query.Layout.Channels / heads;
        return GeneralSteps<S, V>.Rows(
            "attention scores",
            Math.Max(1, depth / 4),
            [query, key, y],
            (frame, row) =>
            {
                MapLayout layout = y.Layout;
                int image = row / layout.Height;
                float* to = frame[y] + ((nint)row * layout.Width * layout.Stride),
                    q = frame[query] + ((nint)row * query.Layout.Stride);
                float* k = frame[key] + ((nint)image * layout.Height * key.Layout.Stride);
                for (int j = 0; j < layout.Width; j++, to += layout.Stride, k += key.Layout.Stride)
                for (int head = 0; head < heads; head++)
                {
                    float sum = 0;
                    for (int c = head * depth; c < (head + 1) * depth; c++)
                        sum += q[c] * k[c];
                    to[head] = scale * sum;
                }
            }
        );
    }

    /// <summary>Probabilities times values.</summary>
    public static Step Values(Slot probabilities, Slot value, int heads, Slot y)
    {
        int tokens = y.Layout.Plane,
            depth = y.Layout.Channels / heads;
        return new LoopStep(
            "attention values",
            y.Layout.Pixels,
            y.Layout.Floats * tokens,
            [probabilities, value, y],
            (frame, pixel) =>
            {
                float* to = frame[y] + ((nint)pixel * y.Layout.Stride),
                    p = frame[probabilities] + ((nint)pixel * tokens * probabilities.Layout.Stride);
                float* v = frame[value] + ((nint)(pixel / tokens) * tokens * value.Layout.Stride);
                new Span<float>(to, y.Layout.Channels).Clear();
                for (int j = 0; j < tokens; j++, p += probabilities.Layout.Stride, v += value.Layout.Stride)
                for (int head = 0; head < heads; head++)
                for (int c = head * depth; c < (head + 1) * depth; c++)
                    to[c] += p[head] * v[c];
            }
        );
    }

    /// <summary>Adds the table's row of query and key.</summary>
    public static Step PositionBias(Slot x, RelativePositionBias op, VectorConstant table, Slot y) =>
        GeneralSteps<S, V>.Rows(
            "relative position bias",
            1,
            [x, y],
            (frame, row) =>
            {
                MapLayout layout = y.Layout;
                nint offset = (nint)row * layout.Width * layout.Stride;
                float* from = frame[x] + offset,
                    to = frame[y] + offset;
                int query = row % layout.Height;
                for (int key = 0; key < layout.Width; key++, from += layout.Stride, to += layout.Stride)
                {
                    float* bias = table.Data + ((nint)op.Row(query, key) * layout.Stride);
                    for (int c = 0; c < layout.Stride; c += S.Lanes)
                        S.Store(to + c, S.Add(S.Load(from + c), S.Load(bias + c)));
                }
            }
        );

    /// <summary>Adds -100 where a shifted window brings together what is not.</summary>
    public static Step Mask(Slot x, WindowMask op, Shape map, Slot y)
    {
        int windows = y.Layout.Images / map[0];
        return GeneralSteps<S, V>.Rows(
            "window mask",
            8,
            [x, y],
            (frame, row) =>
            {
                MapLayout layout = y.Layout;
                nint offset = (nint)row * layout.Width * layout.Stride;
                float* from = frame[x] + offset,
                    to = frame[y] + offset;
                (int image, int query) = Math.DivRem(row, layout.Height);
                for (int key = 0; key < layout.Width; key++, from += layout.Stride, to += layout.Stride)
                {
                    V mask = S.Broadcast(op.Separates(map, image % windows, query, key) ? WindowMask.Masked : 0);
                    for (int c = 0; c < layout.Stride; c += S.Lanes)
                        S.Store(to + c, S.Add(S.Load(from + c), mask));
                }
            }
        );
    }

    /// <summary>Windows of a map, or a map of its windows. Item: one row of the rolled map.</summary>
    public static Step Windows(Slot x, Slot y, int window, int shift, bool isMerge)
    {
        MapLayout map = isMerge ? y.Layout : x.Layout;
        return new LoopStep(
            isMerge ? "window merge" : "window partition",
            map.Images * map.Height,
            map.Floats,
            [x, y],
            (frame, item) =>
            {
                (int image, int row) = Math.DivRem(item, map.Height);
                float* from = frame[x],
                    to = frame[y];
                int stride = map.Stride,
                    across = map.Width / window;
                for (int column = 0; column < map.Width; column++)
                {
                    nint inMap =
                        (((((nint)image * map.Height) + ((row + shift) % map.Height)) * map.Width) + ((column + shift) % map.Width))
                        * stride;
                    nint number = ((((nint)image * (map.Height / window)) + (row / window)) * across) + (column / window);
                    nint inWindows = ((((number * window) + (row % window)) * window) + (column % window)) * stride;
                    float* source = from + (isMerge ? inWindows : inMap),
                        target = to + (isMerge ? inMap : inWindows);
                    for (int c = 0; c < stride; c += S.Lanes)
                        S.Store(target + c, S.Load(source + c));
                }
            }
        );
    }
}
