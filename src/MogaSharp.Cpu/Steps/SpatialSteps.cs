using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Planning;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Steps;

/// <summary>Moving means, permutations of pixels and channels, ops along one axis, the product with a spectral filter. Items are rows of
/// the output.</summary>
internal static unsafe class SpatialSteps<S, V>
    where S : struct, ISimd<V>
    where V : struct
{
    /// <summary>The mean over a window that moves; only pixels of the map count.</summary>
    public static Step AveragePool(Slot x, int kernel, Slot y) =>
        Rows(
            $"average pool {kernel}x{kernel}",
            kernel * kernel,
            x,
            y,
            (from, to, image, row) =>
            {
                MapLayout layout = y.Layout;
                int reach = kernel / 2,
                    top = Math.Max(0, row - reach),
                    bottom = Math.Min(layout.Height - 1, row + reach);
                from += (nint)image * layout.Plane * layout.Stride;
                for (int column = 0; column < layout.Width; column++, to += layout.Stride)
                {
                    int left = Math.Max(0, column - reach),
                        right = Math.Min(layout.Width - 1, column + reach);
                    V share = S.Broadcast(1f / ((bottom - top + 1) * (right - left + 1)));
                    for (int c = 0; c < layout.Stride; c += S.Lanes)
                    {
                        V sum = S.Broadcast(0);
                        for (int v = top; v <= bottom; v++)
                        for (int u = left; u <= right; u++)
                            sum = S.Add(sum, S.Load(from + ((((nint)v * layout.Width) + u) * layout.Stride) + c));
                        S.Store(to + c, S.Multiply(sum, share));
                    }
                }
            }
        );

    /// <summary>Pixels become channels and channels pixels.</summary>
    public static Step Transpose(Slot x, Slot y) =>
        Rows(
            "transpose",
            2,
            x,
            y,
            (from, to, image, row) =>
            {
                from += ((nint)image * x.Layout.Plane * x.Layout.Stride) + ((nint)row * y.Layout.Width);
                for (int column = 0; column < y.Layout.Width; column++, to += y.Layout.Stride, from++)
                for (int c = 0; c < y.Layout.Channels; c++)
                    to[c] = from[(nint)c * x.Layout.Stride];
            }
        );

    /// <summary>Channels become the pixels of blocks.</summary>
    public static Step PixelShuffle(Slot x, int factor, Slot y) =>
        Rows(
            "pixel shuffle",
            2,
            x,
            y,
            (from, to, image, row) =>
            {
                from += (((nint)image * x.Layout.Plane) + ((nint)(row / factor) * x.Layout.Width)) * x.Layout.Stride;
                for (int column = 0; column < y.Layout.Width; column++, to += y.Layout.Stride)
                {
                    float* source = from + ((nint)(column / factor) * x.Layout.Stride) + (row % factor * factor) + (column % factor);
                    for (int c = 0; c < y.Layout.Channels; c++)
                        to[c] = source[(nint)c * factor * factor];
                }
            }
        );

    /// <summary>The pixels of 2x2 blocks side by side, row before column.</summary>
    public static Step PatchMerge(Slot x, Slot y) =>
        Rows(
            "patch merge",
            1,
            x,
            y,
            (from, to, image, row) =>
            {
                int channels = x.Layout.Channels,
                    stride = x.Layout.Stride;
                float* top = from + ((((nint)image * x.Layout.Height) + (2 * row)) * x.Layout.Width * stride),
                    bottom = top + ((nint)x.Layout.Width * stride);
                for (int column = 0; column < y.Layout.Width; column++, to += y.Layout.Stride, top += 2 * stride, bottom += 2 * stride)
                {
                    Copy(top, to, channels);
                    Copy(bottom, to + channels, channels);
                    Copy(top + stride, to + (2 * channels), channels);
                    Copy(bottom + stride, to + (3 * channels), channels);
                }
            }
        );

    /// <summary>Channels of groups, interleaved.</summary>
    public static Step ChannelShuffle(Slot x, int groups, Slot y) =>
        Rows(
            "channel shuffle",
            2,
            x,
            y,
            (from, to, image, row) =>
            {
                MapLayout layout = y.Layout;
                int perGroup = layout.Channels / groups;
                from += (((nint)image * layout.Height) + row) * layout.Width * layout.Stride;
                for (int column = 0; column < layout.Width; column++, from += layout.Stride, to += layout.Stride)
                for (int g = 0; g < groups; g++)
                for (int i = 0; i < perGroup; i++)
                    to[(i * groups) + g] = from[(g * perGroup) + i];
            }
        );

    /// <summary>A depthwise convolution over the whole side, which wraps around.</summary>
    public static Step CircularConv(Slot x, MapAxis axis, VectorConstant taps, VectorConstant bias, Slot y)
    {
        bool down = axis == MapAxis.Height;
        int side = down ? y.Layout.Height : y.Layout.Width;
        return Rows(
            $"circular convolution of {side} taps",
            side,
            x,
            y,
            (from, to, image, row) =>
            {
                MapLayout layout = y.Layout;
                from += (nint)image * layout.Plane * layout.Stride;
                nint step = down ? (nint)layout.Width * layout.Stride : layout.Stride;
                for (int column = 0; column < layout.Width; column++, to += layout.Stride)
                {
                    int place = down ? row : column;
                    float* first = from + ((down ? column : (nint)row * layout.Width) * layout.Stride);
                    for (int c = 0; c < layout.Stride; c += S.Lanes)
                    {
                        V sum = S.Load(bias.Data + c);
                        float* tap = taps.Data + c;
                        for (int j = 0; j < side; j++, tap += layout.Stride)
                        {
                            int source = place + j < side ? place + j : place + j - side;
                            sum = S.MultiplyAdd(S.Load(first + (source * step) + c), S.Load(tap), sum);
                        }

                        S.Store(to + c, sum);
                    }
                }
            }
        );
    }

    /// <summary>Adds a number per channel and place along an axis.</summary>
    public static Step AddPlaces(Slot x, MapAxis axis, VectorConstant places, Slot y) =>
        Rows(
            "position embedding",
            1,
            x,
            y,
            (from, to, image, row) =>
            {
                MapLayout layout = y.Layout;
                from += (((nint)image * layout.Height) + row) * layout.Width * layout.Stride;
                for (int column = 0; column < layout.Width; column++, from += layout.Stride, to += layout.Stride)
                {
                    float* place = places.Data + ((nint)(axis == MapAxis.Height ? row : column) * layout.Stride);
                    for (int c = 0; c < layout.Stride; c += S.Lanes)
                        S.Store(to + c, S.Add(S.Load(from + c), S.Load(place + c)));
                }
            }
        );

    /// <summary>The frames of a clip side by side.</summary>
    public static Step FramesToChannels(Slot x, int frames, Slot y) =>
        Rows(
            "frames to channels",
            1,
            x,
            y,
            (from, to, image, row) =>
            {
                for (int time = 0; time < frames; time++)
                {
                    float* source = from + (((((nint)image * frames) + time) * x.Layout.Height) + row) * x.Layout.Width * x.Layout.Stride;
                    for (int column = 0; column < y.Layout.Width; column++)
                        Copy(
                            source + ((nint)column * x.Layout.Stride),
                            to + ((nint)column * y.Layout.Stride) + (time * x.Layout.Channels),
                            x.Layout.Channels
                        );
                }
            }
        );

    /// <summary>Ranges of channels as frames.</summary>
    public static Step ChannelsToFrames(Slot x, int frames, Slot y) =>
        Rows(
            "channels to frames",
            1,
            x,
            y,
            (from, to, image, row) =>
            {
                (int clip, int time) = Math.DivRem(image, frames);
                from += ((((nint)clip * x.Layout.Height) + row) * x.Layout.Width * x.Layout.Stride) + (time * y.Layout.Channels);
                for (int column = 0; column < y.Layout.Width; column++, from += x.Layout.Stride, to += y.Layout.Stride)
                    Copy(from, to, y.Layout.Channels);
            }
        );

    /// <summary>The pixels of each channel side by side.</summary>
    public static Step Flatten(Slot x, Slot y) =>
        Rows(
            "flatten",
            1,
            x,
            y,
            (from, to, image, row) =>
            {
                MapLayout layout = x.Layout;
                from += (nint)image * layout.Plane * layout.Stride;
                // A few channels of all pixels at a time, so that each line of the input is fetched once.
                for (int first = 0; first < layout.Channels; first += MapLayout.ChannelMultiple)
                {
                    int count = Math.Min(MapLayout.ChannelMultiple, layout.Channels - first);
                    for (int pixel = 0; pixel < layout.Plane; pixel++)
                    {
                        float* source = from + ((nint)pixel * layout.Stride) + first;
                        float* target = to + ((nint)first * layout.Plane) + pixel;
                        for (int c = 0; c < count; c++, target += layout.Plane)
                            *target = source[c];
                    }
                }
            }
        );

    /// <summary>A spectrum times a filter of the same size: per pixel the real parts of all channels, then the imaginary ones.</summary>
    public static Step SpectralFilter(Slot x, int channels, VectorConstant filter, Slot y)
    {
        int stride = MapLayout.RoundUp(channels);
        return Rows(
            "spectral filter",
            4,
            x,
            y,
            (from, to, image, row) =>
            {
                MapLayout layout = y.Layout;
                from += (((nint)image * layout.Height) + row) * layout.Width * layout.Stride;
                float* real = filter.Data + ((nint)row * layout.Width * 2 * stride);
                for (int column = 0; column < layout.Width; column++, from += layout.Stride, to += layout.Stride, real += 2 * stride)
                for (int c = 0; c < channels; c += S.Lanes)
                {
                    (V a, V b, V p, V q) = (S.Load(from + c), S.Load(from + channels + c), S.Load(real + c), S.Load(real + stride + c));
                    Partial<S, V>.Store(to + c, S.Subtract(S.Multiply(a, p), S.Multiply(b, q)), channels - c);
                    Partial<S, V>.Store(to + channels + c, S.Add(S.Multiply(a, q), S.Multiply(b, p)), channels - c);
                }
            }
        );
    }

    /// <summary>What a step does for one row of its output.</summary>
    /// <param name="from">The first float of the input.</param>
    /// <param name="to">The first float of the row.</param>
    /// <param name="image">The image.</param>
    /// <param name="row">The row in the image.</param>
    public delegate void RowBody(float* from, float* to, int image, int row);

    /// <summary>A step whose items are the rows of its output.</summary>
    public static LoopStep Rows(string description, int workPerFloat, Slot x, Slot y, RowBody body) =>
        GeneralSteps<S, V>.Rows(
            description,
            workPerFloat,
            [x, y],
            (frame, item) =>
            {
                (int image, int row) = Math.DivRem(item, y.Layout.Height);
                body(frame[x], frame[y] + ((nint)item * y.Layout.Width * y.Layout.Stride), image, row);
            }
        );

    private static void Copy(float* from, float* to, int count) => new ReadOnlySpan<float>(from, count).CopyTo(new Span<float>(to, count));
}
