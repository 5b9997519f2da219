using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Planning;

namespace MogaSharp.Cpu.Steps;

/// <summary>
/// A 3x3 convolution with stride 1 by <see cref="WinogradKernel{S, V}"/>: 16 products of transformed tiles with transformed weights, then
/// bias, activation and one other map. Item: a block of tiles times a group of panels. Per item the transformed tiles stay in L2 while the
/// weights pass once; where their channels are too many for that, they come in shares, and the sums of all panels of the group wait.
/// </summary>
internal sealed unsafe class WinogradStep<S, V, TActivation, TCombine> : Step
    where S : struct, ISimd<V>
    where V : struct
    where TActivation : struct, IActivation
    where TCombine : struct, ICombine
{
    private const int Points = WinogradKernel<S, V>.Points,
        BiasPoint = 5,
        WantedItems = 8,
        MostSumBytes = 384 << 10,
        FewestTilesInBlock = 12,
        MostTilesInBlock = 56;

    private readonly MatrixOperands<S, V> _o;
    private readonly VectorConstant _zeros;
    private readonly MapLayout _from,
        _to;
    private readonly int _tilesX,
        _tilesY,
        _tiles,
        _blockTiles,
        _blocks,
        _groups,
        _panelsPerGroup,
        _share,
        _shares,
        _sumRows,
        _tileWidth;

    /// <param name="operands">The operands; the weights are those of <see cref="PackedStore.WinogradMatrix"/>.</param>
    /// <param name="zeros">At least <see cref="MatrixKernel{S, V}.PanelVectors"/> vectors of zeros.</param>
    /// <param name="description">What the step computes.</param>
    public WinogradStep(MatrixOperands<S, V> operands, VectorConstant zeros, string description)
    {
        _o = operands;
        _zeros = zeros;
        Description = description;
        _from = operands.Input!.Layout;
        _to = operands.Output.Layout;
        (_tilesX, _tilesY) = ((_to.Width + 1) / 2, (_to.Height + 1) / 2);
        _tiles = _to.Images * _tilesX * _tilesY;
        _tileWidth = MatrixKernel<S, V>.PanelVectors * S.Lanes;
        int step = MatrixKernel<S, V>.TileRows,
            panels = operands.Weights.Panels;
        _share = Math.Min(_from.Channels, MapLayout.RoundUp(MostTileBytes / (Points * FewestTilesInBlock * sizeof(float))));
        _shares = (_from.Channels + _share - 1) / _share;
        int fit = MostTileBytes / (Points * TileStride * sizeof(float)) / step * step;
        _blockTiles = Math.Clamp(fit, step, MostTilesInBlock / step * step);
        _sumRows = (_blockTiles + MatrixKernel<S, V>.MaxRows - 1) / MatrixKernel<S, V>.MaxRows * MatrixKernel<S, V>.MaxRows;
        _blocks = (_tiles + _blockTiles - 1) / _blockTiles;
        _panelsPerGroup = panels;
        if (_shares > 1)
            _panelsPerGroup = Math.Clamp((int)(MostSumBytes / (SumFloats * sizeof(float))), 1, panels);
        int wanted = Math.Clamp((WantedItems + _blocks - 1) / _blocks, 1, panels);
        _panelsPerGroup = Math.Min(_panelsPerGroup, (panels + wanted - 1) / wanted);
        _groups = (panels + _panelsPerGroup - 1) / _panelsPerGroup;
    }

    public override string Description { get; }

    public override int Items => _blocks * _groups;

    public override long Work => (long)_o.Weights.Depth * _o.Weights.Columns * _tiles;

    public override IReadOnlyList<PackedMatrix> Matrices => [_o.Weights];

    public override IEnumerable<Slot> Slots => new[] { _o.Input, _o.ImageBias, _o.Other?.Map, _o.Output }.OfType<Slot>();

    public override long ScratchFloats => BorderFloats + TileFloats + (SumFloats * KeptPanels) + RowFloats;

    // Machines with 512-bit vectors or ARM's registers have at least 1 MiB of L2, the others often half of it.
    private static int MostTileBytes => S.HasManyRegisters ? 512 << 10 : 320 << 10;

    // A cache line more than the channels, so that rows and matrices do not fall on the same lines of L1.
    private int TileStride => MapLayout.RoundUp(_share) + MapLayout.ChannelMultiple;

    private long MatrixFloats => (long)_blockTiles * TileStride;

    private long BorderFloats => 16L * TileStride;

    private long TileFloats => (Points * MatrixFloats) + (MatrixKernel<S, V>.MaxRows * TileStride);

    private long SumFloats => (long)Points * _sumRows * _tileWidth;

    private int KeptPanels => _shares > 1 ? _panelsPerGroup : 1;

    private long RowFloats => 4L * _blockTiles * _tileWidth;

    public override void Run(Frame frame, int item, float* scratch)
    {
        (int block, int group) = Math.DivRem(item, _groups);
        int first = block * _blockTiles,
            count = Math.Min(_blockTiles, _tiles - first),
            firstPanel = group * _panelsPerGroup,
            lastPanel = Math.Min(firstPanel + _panelsPerGroup, _o.Weights.Panels);
        float* tiles = scratch + BorderFloats,
            sums = tiles + TileFloats,
            rows = sums + (SumFloats * KeptPanels);
        for (int share = 0; share < _shares; share++)
        {
            int channel = share * _share,
                channels = Math.Min(_share, _from.Channels - channel);
            Transform(frame[_o.Input!] + channel, first, count, channels, scratch, tiles);
            for (int panel = firstPanel; panel < lastPanel; panel++)
            {
                float* own = sums + (_shares > 1 ? (panel - firstPanel) * SumFloats : 0);
                Multiply(panel, channel, channels, count, tiles, own);
                if (share == _shares - 1)
                    Finish(frame, panel, first, count, own, rows);
            }
        }
    }

    private (int Image, int Y, int X) Place(int tile)
    {
        (int row, int x) = Math.DivRem(tile, _tilesX);
        (int image, int y) = Math.DivRem(row, _tilesY);
        return (image, y, x);
    }

    private void Transform(float* map, int first, int count, int channels, float* border, float* target)
    {
        nint pixel = _from.Stride,
            row = _from.Width * pixel;
        (int image, int ty, int tx) = Place(first);
        for (int t = 0; t < count; t++, target += TileStride)
        {
            int y = (2 * ty) - 1,
                x = (2 * tx) - 1;
            float* source = map + ((nint)image * _from.Plane * pixel);
            if (y >= 0 && x >= 0 && y + 4 <= _from.Height && x + 4 <= _from.Width)
            {
                WinogradKernel<S, V>.Input(source + (y * row) + (x * pixel), row, pixel, channels, target, (nint)MatrixFloats);
            }
            else
            {
                Surround(source, y, x, channels, border);
                WinogradKernel<S, V>.Input(border, 4 * TileStride, TileStride, channels, target, (nint)MatrixFloats);
            }

            if (++tx < _tilesX)
                continue;
            tx = 0;
            if (++ty < _tilesY)
                continue;
            ty = 0;
            image++;
        }
    }

    // A tile that reaches over the map's border, with zeros there.
    private void Surround(float* source, int y, int x, int channels, float* target)
    {
        for (int i = 0; i < 16; i++, target += TileStride)
        {
            int py = y + (i / 4),
                px = x + (i % 4);
            var to = new Span<float>(target, channels);
            if ((uint)py < (uint)_from.Height && (uint)px < (uint)_from.Width)
                new ReadOnlySpan<float>(source + ((((nint)py * _from.Width) + px) * _from.Stride), channels).CopyTo(to);
            else
                to.Clear();
        }
    }

    private void Multiply(int panel, int channel, int channels, int count, float* tiles, float* sums)
    {
        int vectors = _o.Weights.PanelVectors(panel),
            // Narrow panels are done seven rows at a time, which must not reach into rows that accumulate.
            step = vectors == 1 ? MatrixKernel<S, V>.MaxRows : MatrixKernel<S, V>.TileRows;
        for (int point = 0; point < Points; point++, tiles += MatrixFloats, sums += _sumRows * _tileWidth)
        {
            WeightBlock weights = _o.Weights.Block(panel, (point * _from.Channels) + channel, channels);
            WeightBlock next =
                point + 1 < Points
                    ? _o.Weights.Block(panel, ((point + 1) * _from.Channels) + channel, channels)
                    : _o.Weights.After(panel, Next);
            // What is added at the point (1, 1) comes out at all four outputs: there the bias goes.
            float* start = point == BiasPoint ? _o.Bias.Data + (panel * _tileWidth) : _zeros.Data;
            for (int row = 0; row < count; row += step)
            {
                float* c = sums + (row * _tileWidth);
                bool isFirst = channel == 0;
                MatrixKernel<S, V>.Tile(
                    Math.Min(step, count - row),
                    channels,
                    tiles + ((nint)row * TileStride),
                    TileStride,
                    (float*)weights.Data,
                    vectors,
                    c,
                    _tileWidth,
                    S.Lanes,
                    isFirst ? start : c,
                    isFirst ? 0 : _tileWidth,
                    S.Lanes,
                    next.Share(row / step, channels)
                );
            }
        }
    }

    // Row by row of tiles, since their outputs lie side by side.
    private void Finish(Frame frame, int panel, int first, int count, float* sums, float* rows)
    {
        int vectors = _o.Weights.PanelVectors(panel);
        float* lower = rows + (2L * _blockTiles * _tileWidth);
        nint point = _sumRows * _tileWidth;
        for (int done = 0; done < count; )
        {
            (int image, int ty, int tx) = Place(first + done);
            int here = Math.Min(count - done, _tilesX - tx),
                pixels = Math.Min(2 * here, _to.Width - (2 * tx));
            for (int v = 0; v < vectors; v++)
            {
                int column = (panel * _tileWidth) + (v * S.Lanes);
                // Narrow vectors may lie wholly in the rounding of the channels.
                if (column >= _to.Stride)
                    continue;
                float* from = sums + ((nint)done * _tileWidth) + (v * S.Lanes);
                WinogradKernel<S, V>.Output(from, here, _tileWidth, point, rows, lower, _tileWidth);
                nint pixel = ((((nint)image * _to.Height) + (2 * ty)) * _to.Width) + (2 * tx);
                Put(frame, rows, image, pixel, pixels, column);
                if ((2 * ty) + 1 < _to.Height)
                    Put(frame, lower, image, pixel + _to.Width, pixels, column);
            }

            done += here;
        }
    }

    private void Put(Frame frame, float* row, int image, nint pixel, int pixels, int column)
    {
        MapLayout? other = _o.Other?.Map.Layout;
        MatrixEpilogue<S, V, TActivation, TCombine>.Column(
            row,
            _tileWidth,
            pixels,
            _o.ImageBias is { } bias ? S.Load(frame[bias] + ((nint)image * bias.Layout.Stride) + column) : S.Broadcast(0),
            frame[_o.Output] + (pixel * _to.Stride) + column,
            _to.Stride,
            TCombine.ReadsOther ? frame[_o.Other!.Map] + (pixel * other!.Value.Stride) + column : null,
            TCombine.ReadsOther ? other!.Value.Stride : 0,
            _o.Other is { } scaled ? S.Load(scaled.Scale.Data + column) : S.Broadcast(1)
        );
    }
}
