using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Planning;

namespace MogaSharp.Cpu.Steps;

/// <summary>The operands of an <see cref="AttentionStep{S, V}"/>.</summary>
/// <param name="Query">Queries, Heads x Depth channels.</param>
/// <param name="Key">Keys, likewise.</param>
/// <param name="Value">Values, Heads x ValueDepth channels.</param>
/// <param name="Output">Where the sums of values go; lies as the queries do.</param>
/// <param name="Heads">Heads.</param>
/// <param name="Depth">Channels of a head's queries and keys.</param>
/// <param name="ValueDepth">Channels of a head's values.</param>
/// <param name="Scale">The factor of the scores.</param>
/// <param name="Start">What scores start from: see <see cref="PackedTables.ScoreStart"/>.</param>
internal sealed record AttentionOperands(
    MapView Query,
    MapView Key,
    MapView Value,
    Slot Output,
    int Heads,
    int Depth,
    int ValueDepth,
    float Scale,
    VectorConstant Start
)
{
    /// <summary>True when <see cref="Start"/> has a matrix per head, false when one row serves all.</summary>
    public bool HasBias { get; init; }

    /// <summary>The window's side, when maps are read and written window by window; 0 when an image's pixels are the tokens.</summary>
    public int Window { get; init; }

    /// <summary>How far windows are shifted.</summary>
    public int Shift { get; init; }

    /// <summary>What is added in windows at the seam (<see cref="PackedTables.ScoreMask"/>); null for nothing.</summary>
    public VectorConstant? Mask { get; init; }

    /// <summary>Rows and columns of windows in an image, for the mask.</summary>
    public (int Down, int Across) Grid { get; init; } = (1, 1);
}

/// <summary>
/// Attention in one step: scores, position bias, mask, softmax, values. Item: one head of one image or window; windows are a matter of
/// indices. Queries are gathered and scaled, keys transposed into panels, values copied into panels; then, a tile of queries at a time, the
/// scores of all keys (which start from the bias), their softmax, and the sum of values stay in L1.
/// </summary>
internal sealed unsafe class AttentionStep<S, V> : Step
    where S : struct, ISimd<V>
    where V : struct
{
    private readonly AttentionOperands _o;
    private readonly int _tokens,
        _windows,
        _keyVectors,
        _valueVectors,
        _queryStride,
        _keyStride,
        _valueStride;

    public AttentionStep(AttentionOperands operands)
    {
        _o = operands;
        MapLayout map = operands.Output.Layout;
        _tokens = operands.Window > 0 ? operands.Window * operands.Window : map.Plane;
        _windows = map.Pixels / _tokens;
        _keyVectors = (_tokens + S.Lanes - 1) / S.Lanes;
        _valueVectors = (operands.ValueDepth + S.Lanes - 1) / S.Lanes;
        _queryStride = (operands.Depth + S.Lanes - 1) / S.Lanes * S.Lanes;
        (_keyStride, _valueStride) = (_keyVectors * S.Lanes, _valueVectors * S.Lanes);
    }

    public override string Description =>
        $"attention of {_tokens} tokens{(_o.Window > 0 ? $" in {_windows} windows" : "")}, {_o.Heads} "
        + $"heads{(_o.HasBias ? " + position bias" : "")}{(_o.Mask is null ? "" : " + mask")}";

    public override int Items => _windows * _o.Heads;

    public override long Work => (long)_windows * _o.Heads * _tokens * _tokens * (_o.Depth + _o.ValueDepth + 16);

    public override IEnumerable<Slot> Slots => new[] { _o.Query.Slot, _o.Key.Slot, _o.Value.Slot, _o.Output }.Distinct();

    public override long ScratchFloats =>
        Lines(_tokens)
        + ((_tokens + MatrixKernel<S, V>.MaxRows) * (long)_queryStride)
        + Lines((long)_o.Depth * _keyStride)
        + ((long)_tokens * _valueStride)
        + (MatrixKernel<S, V>.MaxRows * (long)(_keyStride + _valueStride))
        + Lines(_valueStride)
        + 16;

    public override void Run(Frame frame, int item, float* scratch)
    {
        (int window, int head) = Math.DivRem(item, _o.Heads);
        int* pixels = (int*)scratch;
        float* queries = scratch + Lines(_tokens),
            keys = queries + ((_tokens + MatrixKernel<S, V>.MaxRows) * (nint)_queryStride);
        float* values = keys + Lines((long)_o.Depth * _keyStride),
            scores = values + ((nint)_tokens * _valueStride);
        float* sums = scores + (MatrixKernel<S, V>.MaxRows * (nint)_keyStride),
            zeros = sums + (MatrixKernel<S, V>.MaxRows * (nint)_valueStride);
        Pixels(window, pixels);
        Gather(frame.Rows(_o.Query, 0), head * _o.Depth, pixels, queries);
        Transpose(frame.Rows(_o.Key, 0), head * _o.Depth, pixels, keys);
        Pack(frame.Rows(_o.Value, 0), head * _o.ValueDepth, pixels, values);
        new Span<float>(zeros, _valueStride).Clear();
        RowBlock output = frame.Rows(_o.Output, 0);
        float* mask = _o.Mask is { } masks ? MaskOf(masks, window) : null;
        for (int first = 0; first < _tokens; first += MatrixKernel<S, V>.TileRows)
        {
            int count = Math.Min(MatrixKernel<S, V>.TileRows, _tokens - first);
            float* start = _o.HasBias ? _o.Start.Data + ((((nint)head * _tokens) + first) * _keyStride) : _o.Start.Data;
            Multiply(
                count,
                _o.Depth,
                queries + ((nint)first * _queryStride),
                _queryStride,
                keys,
                _keyVectors,
                scores,
                start,
                _o.HasBias ? _keyStride : 0
            );
            Softmax(scores, count, mask == null ? null : mask + ((nint)first * _keyStride), zeros + Lines(_valueStride));
            Multiply(count, _tokens, scores, _keyStride, values, _valueVectors, sums, zeros, 0);
            Put(sums, zeros + Lines(_valueStride), count, pixels + first, output, head * _o.ValueDepth);
        }
    }

    private static long Lines(long floats) => (floats + 15) / 16 * 16;

    // The pixels of a window's tokens, counted over all images.
    private void Pixels(int window, int* pixels)
    {
        MapLayout map = _o.Output.Layout;
        if (_o.Window == 0)
        {
            for (int t = 0; t < _tokens; t++)
                pixels[t] = (window * _tokens) + t;
            return;
        }

        int across = map.Width / _o.Window,
            perImage = map.Plane / _tokens;
        (int image, int number) = Math.DivRem(window, perImage);
        (int row, int column) = (number / across * _o.Window, number % across * _o.Window);
        for (int y = 0, t = 0; y < _o.Window; y++)
        for (int x = 0; x < _o.Window; x++, t++)
            pixels[t] = (((image * map.Height) + ((row + y + _o.Shift) % map.Height)) * map.Width) + ((column + x + _o.Shift) % map.Width);
    }

    // Only windows of the last row or column of windows lie across the seam.
    private float* MaskOf(VectorConstant masks, int window)
    {
        (int down, int across) = _o.Grid;
        (int row, int column) = Math.DivRem(window % (down * across), across);
        int kind = (row == down - 1 ? 1 : 0) + (column == across - 1 ? 2 : 0);
        return kind == 0 ? null : masks.Data + ((nint)kind * _tokens * _keyStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Gather(RowBlock from, int channel, int* pixels, float* to)
    {
        V scale = S.Broadcast(_o.Scale);
        for (int t = 0; t < _tokens; t++, to += _queryStride)
        {
            float* pixel = from.Row(pixels[t]) + channel;
            for (int c = 0; c < _queryStride; c += S.Lanes)
                S.Store(to + c, S.Multiply(S.Load(pixel + c), scale));
        }
    }

    // Columns of keys in panels of two vectors, as the matrix kernel wants them; columns past the last are zeros.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Transpose(RowBlock from, int channel, int* pixels, float* to)
    {
        int depth = _o.Depth,
            panel = MatrixKernel<S, V>.PanelVectors * S.Lanes;
        for (int first = 0; first < _keyStride; first += panel, to += (nint)panel * depth)
        {
            int width = Math.Min(panel, _keyStride - first);
            for (int j = 0; j < width; j += 4)
            {
                float* target = to + j;
                int left = _tokens - first - j;
                if (left <= 0)
                {
                    for (int c = 0; c < depth; c++, target += width)
                        Vector128<float>.Zero.Store(target);
                    continue;
                }

                // Past the last key one of the others stands in; its scores are as good as minus infinity.
                int* at = pixels + first + j;
                float* k0 = from.Row(at[0]) + channel,
                    k1 = from.Row(at[Math.Min(1, left - 1)]) + channel;
                float* k2 = from.Row(at[Math.Min(2, left - 1)]) + channel,
                    k3 = from.Row(at[Math.Min(3, left - 1)]) + channel;
                for (int c = 0; c < depth; c++, target += width)
                    Vector128.Create(k0[c], k1[c], k2[c], k3[c]).Store(target);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Pack(RowBlock from, int channel, int* pixels, float* to)
    {
        int panel = MatrixKernel<S, V>.PanelVectors * S.Lanes;
        for (int first = 0; first < _valueStride; first += panel)
        {
            int width = Math.Min(panel, _valueStride - first);
            for (int t = 0; t < _tokens; t++, to += width)
            {
                float* pixel = from.Row(pixels[t]) + channel + first;
                for (int c = 0; c < width; c += S.Lanes)
                    S.Store(to + c, S.Load(pixel + c));
            }
        }
    }

    private static void Multiply(int rows, int depth, float* a, nint lda, float* b, int vectors, float* c, float* start, nint startStride)
    {
        nint stride = (nint)vectors * S.Lanes;
        for (int v = 0; v < vectors; v += MatrixKernel<S, V>.PanelVectors)
        {
            int width = Math.Min(MatrixKernel<S, V>.PanelVectors, vectors - v);
            MatrixKernel<S, V>.Tile(
                rows,
                depth,
                a,
                lda,
                b,
                width,
                c + (v * S.Lanes),
                stride,
                S.Lanes,
                start + (v * S.Lanes),
                startStride,
                S.Lanes,
                b
            );
            b += (nint)depth * width * S.Lanes;
        }
    }

    // exp(x - largest); what it has to be divided by goes to the factors.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Softmax(float* row, int count, float* mask, float* factors)
    {
        int stride = _keyStride;
        for (int r = 0; r < count; r++, row += stride)
        {
            if (mask != null)
            {
                for (int c = 0; c < stride; c += S.Lanes)
                    S.Store(row + c, S.Add(S.Load(row + c), S.Load(mask + c)));
                mask += stride;
            }

            V largest = S.Load(row),
                sum = S.Broadcast(0);
            for (int c = S.Lanes; c < stride; c += S.Lanes)
                largest = S.Max(largest, S.Load(row + c));
            largest = S.Broadcast(S.Largest(largest));
            for (int c = 0; c < stride; c += S.Lanes)
            {
                V e = Activations.Exp<S, V>(S.Subtract(S.Load(row + c), largest));
                S.Store(row + c, e);
                sum = S.Add(sum, e);
            }

            factors[r] = 1 / S.Sum(sum);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Put(float* sums, float* factors, int count, int* pixels, RowBlock output, int channel)
    {
        int depth = _o.ValueDepth;
        for (int r = 0; r < count; r++, sums += _valueStride)
        {
            V factor = S.Broadcast(factors[r]);
            float* to = output.Row(pixels[r]) + channel;
            for (int c = 0; c < depth; c += S.Lanes)
            {
                V x = S.Multiply(S.Load(sums + c), factor);
                // The next head's channels belong to another item.
                if (c + S.Lanes <= depth)
                    S.Store(to + c, x);
                else
                    Partial<S, V>.Store(to + c, x, depth - c);
            }
        }
    }
}
