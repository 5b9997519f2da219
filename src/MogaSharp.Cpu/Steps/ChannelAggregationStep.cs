using System.Runtime.CompilerServices;
using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Planning;

namespace MogaSharp.Cpu.Steps;

/// <summary>
/// fc1 -> 3x3 depthwise -> GELU -> (t, fc2) + shortcut in one step: the hidden map, four to eight times as wide as the block,
/// never reaches memory. Item: one strip of rows, or one part of the hidden channels, of one image. Within a strip, slices of four vectors
/// of hidden channels: the slice of fc1 goes into padded panels; then, some rows at a time, the depthwise convolution and GELU make pixels
/// of them in L1, and these times the slice of fc2 are added to the strip's accumulators. All of it fits L2. Strips recompute one row of
/// fc1 above and below; small maps are shared out by hidden channels instead.
/// </summary>
internal sealed unsafe class ChannelAggregationStep<S, V> : Step
    where S : struct, ISimd<V>
    where V : struct
{
    private const int SliceChannelsOfStrips = 64,
        GroupPixels = 112,
        PartHiddenBytes = 336 << 10;

    private readonly ChannelAggregationOperands _o;
    private readonly int _strips,
        _stripRows,
        _groupRows,
        _halo,
        _tileWidth,
        _accumulatorStride,
        _sumStride,
        _panelsPerPart,
        _slicePanels;
    private readonly bool _rowByRow,
        _twoRows;

    public ChannelAggregationStep(ChannelAggregationOperands operands, int threads)
    {
        _o = operands;
        MapLayout map = operands.Output.Layout;
        _halo = operands.Kernel / 2;
        _tileWidth = MatrixKernel<S, V>.PanelVectors * S.Lanes;
        _accumulatorStride = operands.Project.Vectors * S.Lanes;
        // Whole tiles within an image's rows save a copy, where rows are long enough to fill them.
        _rowByRow =
            map.Width >= MatrixKernel<S, V>.TileRows
            && MatrixKernel<S, V>.RowsDone(map.Width, MatrixKernel<S, V>.PanelVectors) <= 1.1 * map.Width;
        _twoRows = S.HasManyRegisters && operands.Kernel == 3;
        _sumStride = _accumulatorStride + S.Lanes;
        int pairs = (operands.Expand.Panels + 1) / 2;
        _panelsPerPart = (pairs + operands.Parts - 1) / operands.Parts * 2;
        _groupRows = Math.Max(2, (GroupPixels / map.Width) + 1) / 2 * 2;
        // A part's sums do not stay in L1, so they are read and written as seldom as L2 has room for; a strip's slices are narrow instead.
        _slicePanels = SliceChannelsOfStrips / _tileWidth;
        if (operands.Parts > 1)
        {
            int slices = (int)(((long)_panelsPerPart * PanelBytes(map.Height) + PartHiddenBytes - 1) / PartHiddenBytes);
            _slicePanels = (_panelsPerPart + slices - 1) / slices;
        }

        // Enough strips for the threads, and strips small enough for L2.
        int mostRows = Math.Max(1, (int)(160_000 / (map.Width * ((2.0 * _slicePanels * _tileWidth) + _accumulatorStride))));
        _strips = Math.Max((map.Height + mostRows - 1) / mostRows, (threads + map.Images - 1) / map.Images);
        if (operands.Parts > 1)
            _strips = 1;
        if (_strips > 1)
            _strips = (_strips + threads - 1) / threads * threads;
        _strips = Math.Min(_strips, map.Height);
        _stripRows = (map.Height + _strips - 1) / _strips;
        _strips = (map.Height + _stripRows - 1) / _stripRows;
    }

    public override string Description =>
        $"fc1 -> {_o.Kernel}x{_o.Kernel} depthwise -> GELU{(_o.Decompose is null ? "" : " -> decompose")} -> "
        + $"fc2{(_o.Shortcut is null ? "" : " + shortcut")}, "
        + (_o.Parts > 1 ? $"{_o.Parts} parts of the hidden channels" : $"{_strips} strips");

    public override int Items => _o.Output.Layout.Images * _strips * _o.Parts;

    public override long Work => _o.Output.Layout.Pixels * (long)_o.Expand.Columns * (_o.Expand.Depth + _o.Project.Columns);

    public override IReadOnlyList<PackedMatrix> Matrices => [_o.Expand, _o.Project];

    public override IEnumerable<Slot> Slots =>
        new[] { _o.Input, _o.Partial ?? _o.Shortcut?.Map, _o.Partial ?? _o.Output, _o.Partial is null ? _o.RowSums : null }.OfType<Slot>();

    public override long ScratchFloats => TileFloats + HiddenFloats + ActiveFloats + SumFloats + FactorFloats + RowFloats;

    private int TileFloats => MatrixKernel<S, V>.MaxRows * _tileWidth;

    private int RowFloats => (_o.Output.Layout.Width + (2 * _halo)) * S.Lanes;

    private int PanelFloats =>
        (Math.Min(_o.Output.Layout.Height, _stripRows + (2 * _halo)) * RowFloats) + (PanelConvolution<S, V>.SlackPixels * S.Lanes);

    private int PanelBytes(int rows) => 2 * rows * RowFloats * sizeof(float);

    private int HiddenFloats => _slicePanels * 2 * PanelFloats;

    private int StripPixels => _stripRows * _o.Output.Layout.Width;

    private int SliceChannels => _slicePanels * _tileWidth;

    private int ActiveFloats =>
        ((_groupRows * _o.Output.Layout.Width) + Math.Max(MatrixKernel<S, V>.MaxRows, _o.Output.Layout.Width)) * SliceChannels;

    private int SumFloats => _o.Parts > 1 ? 0 : (StripPixels + MatrixKernel<S, V>.MaxRows) * _sumStride;

    private int FactorFloats => (StripPixels + 15) / 16 * 16;

    public override void Run(Frame frame, int item, float* scratch)
    {
        MapLayout map = _o.Output.Layout;
        (int rest, int part) = Math.DivRem(item, _o.Parts);
        (int image, int strip) = Math.DivRem(rest, _strips);
        int first = strip * _stripRows,
            last = Math.Min(map.Height, first + _stripRows);
        int hiddenFirst = Math.Max(0, first - _halo),
            hiddenLast = Math.Min(map.Height, last + _halo);
        int pixels = (last - first) * map.Width;
        float* tile = scratch,
            hidden = tile + TileFloats,
            active = hidden + HiddenFloats,
            zeros = active + ActiveFloats,
            factors = zeros + RowFloats;
        // A pixel's sums, and behind them the lanes of its dot product with the decomposition's weights.
        float* sums = _o.Partial is { } partial
            ? frame[partial] + ((nint)item * map.Plane * partial.Layout.Stride)
            : factors + FactorFloats;
        float* dots = sums + _accumulatorStride;
        float* input = frame[_o.Input] + (((nint)image * map.Plane) + ((nint)hiddenFirst * map.Width)) * _o.Input.Layout.Stride;

        if (!_rowByRow)
            ClearSides(hidden, hiddenLast - hiddenFirst, _slicePanels * MatrixKernel<S, V>.PanelVectors);
        for (int p = 0; p < pixels; p++)
            S.Store(dots + (p * _sumStride), S.Broadcast(0));
        new Span<float>(zeros, RowFloats).Clear();
        int firstPanel = part * _panelsPerPart,
            lastPanel = Math.Min(_o.Expand.Panels, firstPanel + _panelsPerPart);
        for (int panel = firstPanel; panel < lastPanel; panel += _slicePanels)
        {
            int panels = Math.Min(_slicePanels, lastPanel - panel),
                vectors = 0;
            for (int p = panel; p < panel + panels; p++)
            {
                WeightBlock next =
                    p + 1 < panel + panels
                        ? _o.Expand.Block(p + 1, 0, _o.Expand.Depth)
                        : _o.Project.Block(0, panel * _tileWidth, Math.Min(panels * _tileWidth, _o.Project.Depth - (panel * _tileWidth)));
                Expand(input, hiddenLast - hiddenFirst, p, hidden + (vectors * PanelFloats), tile, next);
                vectors += _o.Expand.PanelVectors(p);
            }

            if (_rowByRow)
                ClearSides(hidden, hiddenLast - hiddenFirst, vectors);

            // Few rows at a time, so that their slice stays in L1 from the filter to the product.
            for (int y = first; y < last; y += _groupRows)
            {
                int end = Math.Min(y + _groupRows, last),
                    count = (end - y) * map.Width,
                    at = (y - first) * map.Width;
                for (int v = 0; v < vectors; v++)
                {
                    int vector = (panel * MatrixKernel<S, V>.PanelVectors) + v;
                    V bias = S.Load(_o.DepthwiseBias.Data + (vector * S.Lanes));
                    V decompose = _o.Decompose is null ? S.Broadcast(0) : S.Load(_o.Decompose.Data + (vector * S.Lanes));
                    Filter(
                        hidden + (v * PanelFloats),
                        _o.Depthwise.Panel(vector),
                        bias,
                        hiddenFirst,
                        hiddenLast,
                        y,
                        end,
                        zeros,
                        active + (v * S.Lanes)
                    );
                    Activate(active + (v * S.Lanes), SliceChannels, count, decompose, dots + (at * _sumStride), _sumStride);
                }

                float* start =
                    panel > firstPanel ? null
                    : part == 0 ? _o.ProjectBias.Data
                    : zeros;
                Project(active, count, panel, panels, start, part == 0 ? _tileWidth : 0, sums + (at * _sumStride), tile);
            }
        }

        if (_o.Parts == 1)
            AggregationSums<S, V>.Finish(
                _o,
                frame,
                sums,
                _sumStride,
                _accumulatorStride,
                0,
                factors,
                (image * map.Height) + first,
                last - first
            );
    }

    // One panel of fc1 for all pixels of the strip and its halo, into padded panels of one vector.
    private void Expand(float* input, int imageRows, int panel, float* hidden, float* tile, WeightBlock next)
    {
        int vectors = _o.Expand.PanelVectors(panel),
            width = _o.Output.Layout.Width;
        nint lda = _o.Input.Layout.Stride;
        float* bias = _o.ExpandBias.Data + (panel * _tileWidth),
            weights = _o.Expand.Panel(panel);
        int tiles = 0;
        if (_rowByRow)
        {
            // Tiles end with the image's rows and store where the result belongs; what they write past a row is cleared or overwritten.
            for (int y = 0; y < imageRows; y++)
            for (int x = 0; x < width; x += MatrixKernel<S, V>.TileRows)
            {
                MatrixKernel<S, V>.Tile(
                    Math.Min(MatrixKernel<S, V>.TileRows, width - x),
                    _o.Expand.Depth,
                    input + ((((nint)y * width) + x) * lda),
                    lda,
                    weights,
                    vectors,
                    hidden + (y * RowFloats) + ((x + _halo) * S.Lanes),
                    S.Lanes,
                    PanelFloats,
                    bias,
                    0,
                    S.Lanes,
                    next.Share(tiles++, _o.Expand.Depth)
                );
            }

            return;
        }

        int pixels = imageRows * width;
        for (int row = 0; row < pixels; row += MatrixKernel<S, V>.TileRows)
        {
            int rows = Math.Min(MatrixKernel<S, V>.TileRows, pixels - row);
            MatrixKernel<S, V>.Tile(
                rows,
                _o.Expand.Depth,
                input + (row * lda),
                lda,
                weights,
                vectors,
                tile,
                S.Lanes,
                MatrixKernel<S, V>.MaxRows * S.Lanes,
                bias,
                0,
                S.Lanes,
                next.Share(tiles++, _o.Expand.Depth)
            );
            for (int v = 0; v < vectors; v++)
                Scatter(tile + (v * MatrixKernel<S, V>.MaxRows * S.Lanes), rows, hidden + (v * PanelFloats), row, width);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Scatter(float* tile, int rows, float* panel, int pixel, int width)
    {
        (int y, int x) = Math.DivRem(pixel, width);
        float* to = panel + (y * RowFloats) + ((x + _halo) * S.Lanes);
        int skip = 2 * _halo * S.Lanes;
        for (int r = 0; r < rows; r++, tile += S.Lanes, to += S.Lanes)
        {
            S.Store(to, S.Load(tile));
            if (++x < width)
                continue;
            x = 0;
            to += skip;
        }
    }

    // The depthwise convolution of one panel; outputs go to their pixels' rows of the slice.
    private void Filter(
        float* panel,
        float* weight,
        V bias,
        int hiddenFirst,
        int hiddenLast,
        int first,
        int last,
        float* zeros,
        float* active
    )
    {
        int width = _o.Output.Layout.Width,
            rowOut = width * SliceChannels;
        if (!_twoRows)
        {
            PanelConvolution<S, V>.Rows(
                new PanelRows((nint)panel, RowFloats, hiddenFirst, hiddenLast - hiddenFirst, _halo, width),
                _o.Kernel,
                1,
                weight,
                bias,
                first,
                last,
                active,
                rowOut,
                SliceChannels,
                null
            );
            return;
        }

        // An odd last row is computed together with one that nobody reads, in the slack.
        for (int y = first; y < last; y += 2)
        {
            float* to = active + ((y - first) * rowOut);
            Depthwise3x3<S, V>.TwoRows(Row(y - 1), Row(y), Row(y + 1), Row(y + 2), weight, bias, width, to, to + rowOut, SliceChannels);
        }

        float* Row(int y) => y >= hiddenFirst && y < hiddenLast ? panel + ((y - hiddenFirst) * RowFloats) : zeros;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Activate(float* row, int stride, int width, V decompose, float* dots, nint dotStride)
    {
        for (int x = 0; x < width; x++, row += stride, dots += dotStride)
        {
            V h = Gelu.Apply<S, V>(S.Load(row));
            S.Store(row, h);
            S.Store(dots, S.MultiplyAdd(h, decompose, S.Load(dots)));
        }
    }

    // The slice's share of fc2, added to the sums; the first slice starts from a vector instead (null: not the first).
    private void Project(
        float* active,
        int pixels,
        int expandPanel,
        int expandPanels,
        float* first,
        int firstStep,
        float* sums,
        float* tile
    )
    {
        int from = expandPanel * _tileWidth,
            depth = Math.Min(expandPanels * _tileWidth, _o.Project.Depth - from);
        for (int panel = 0; panel < _o.Project.Panels; panel++)
        {
            int vectors = _o.Project.PanelVectors(panel);
            float* weights = _o.Project.Panel(panel) + ((nint)from * vectors * S.Lanes);
            // After the last panel come the next slice's first, be it of another part, or the next step's.
            int following = expandPanel + expandPanels;
            WeightBlock next =
                panel + 1 < _o.Project.Panels ? _o.Project.Block(panel + 1, from, depth)
                : following < _o.Expand.Panels ? _o.Expand.Block(following, 0, _o.Expand.Depth)
                : _o.Project.After(panel, Next);
            for (int row = 0; row < pixels; row += MatrixKernel<S, V>.TileRows)
            {
                int rows = Math.Min(MatrixKernel<S, V>.TileRows, pixels - row);
                float* target = sums + (row * _sumStride) + (panel * _tileWidth);
                (nint start, nint startStride) = first is null ? ((nint)target, _sumStride) : ((nint)(first + (panel * firstStep)), 0);
                // What a tile writes past the last row would spoil the sums of the rows after it.
                bool whole = MatrixKernel<S, V>.RowsDone(rows, vectors) == rows;
                MatrixKernel<S, V>.Tile(
                    rows,
                    depth,
                    active + (row * SliceChannels),
                    SliceChannels,
                    weights,
                    vectors,
                    whole ? target : tile,
                    whole ? _sumStride : _tileWidth,
                    S.Lanes,
                    (float*)start,
                    startStride,
                    S.Lanes,
                    next.Share(row / MatrixKernel<S, V>.TileRows, depth)
                );
                if (whole)
                    continue;
                for (int r = 0; r < rows; r++)
                for (int v = 0; v < vectors; v++)
                    S.Store(target + (r * _sumStride) + (v * S.Lanes), S.Load(tile + (r * _tileWidth) + (v * S.Lanes)));
            }
        }
    }

    private void ClearSides(float* hidden, int rows, int vectors)
    {
        int side = _halo * S.Lanes;
        for (int panel = 0; panel < vectors; panel++)
        for (int y = 0; y < rows; y++)
        {
            float* row = hidden + (panel * PanelFloats) + (y * RowFloats);
            new Span<float>(row, side).Clear();
            new Span<float>(row + RowFloats - side, side).Clear();
        }
    }
}
