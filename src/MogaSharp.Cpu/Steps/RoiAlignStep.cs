using System.Runtime.CompilerServices;
using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Planning;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Steps;

// Regions of a pyramid as maps of one size.
//
// Layout: all maps and the result have channels last, whole cache lines a pixel; a region is the first five floats of its line.
// Weights: bilinear samples are separable, also where they lie outside and count as 0. So the mean over a bin's samples is a sum over
// the pixels of a small rectangle, each with the product of a weight of its row and one of its column. The weights of a direction are a
// matrix (bins, pixels of the map's side) in the thread's private memory, of which only each bin's range is written and read. A bin of
// s x s samples then costs about (s + 1)^2 pixels instead of 4 s^2.
// Tile: four vectors of channels of one bin; the sums over a row and over the bin stay in registers (eight), and a row's sum is
// multiplied by the row's weight once. Tail rule: single vectors; what lies in the channels' rounding is computed along and never read.
// Item: a region. Cost: a load and a multiply-add for each pixel and vector; a bin's pixels come from L1, a region's from L2.
internal sealed unsafe class RoiAlignStep<S, V> : Step
    where S : struct, ISimd<V>
    where V : struct
{
    private const int Tile = 4;

    private readonly RoiAlign _op;
    private readonly Slot[] _maps;
    private readonly Slot _regions,
        _output;
    private readonly int _longest;

    public RoiAlignStep(RoiAlign op, Slot[] maps, Slot regions, Slot output)
    {
        (_op, _maps, _regions, _output) = (op, maps, regions, output);
        _longest = maps.Max(map => Math.Max(map.Layout.Height, map.Layout.Width));
    }

    public override string Description => $"regions to {_op.Size}x{_op.Size}";

    public override int Items => _output.Layout.Images;

    // The official settings take two to three samples a side.
    public override long Work => 9 * _output.Layout.Floats;

    public override IEnumerable<Slot> Slots => [.. _maps, _regions, _output];

    // For each direction the weights, and each bin's range.
    public override long ScratchFloats => 2L * _op.Size * (_longest + 2);

    public override void Run(Frame frame, int item, float* scratch)
    {
        float* region = frame[_regions] + ((nint)item * _regions.Layout.Stride);
        int level = _op.LevelOf(new ReadOnlySpan<float>(region, 5), _maps.Length),
            image = RoiAlign.ImageOf(item, region[0], _maps[0].Layout.Images);
        MapLayout map = _maps[level].Layout;
        RegionSide down = _op.SideOf(region[2], region[4], level),
            across = _op.SideOf(region[1], region[3], level);
        float* target = frame[_output] + ((nint)item * _output.Layout.Plane * _output.Layout.Stride);
        if (down.Samples == 0 || across.Samples == 0)
        {
            new Span<float>(target, _output.Layout.Plane * _output.Layout.Stride).Clear();
            return;
        }

        var rows = new Weights(scratch, _op.Size, map.Height);
        var columns = new Weights(scratch + (_op.Size * (_longest + 2)), _op.Size, map.Width);
        rows.Fill(down);
        columns.Fill(across);
        float* source = frame[_maps[level]] + ((nint)image * map.Plane * map.Stride);
        for (int y = 0; y < _op.Size; y++)
        for (int x = 0; x < _op.Size; x++, target += map.Stride)
        {
            int c = 0;
            for (; c + (Tile * S.Lanes) <= map.Stride; c += Tile * S.Lanes)
                SumTile(source + c, map, rows, y, columns, x, target + c);
            for (; c < map.Stride; c += S.Lanes)
                SumVector(source + c, map, rows, y, columns, x, target + c);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumTile(float* source, MapLayout map, Weights rows, int y, Weights columns, int x, float* target)
    {
        (int top, int bottom) = (rows.First(y), rows.End(y));
        (int left, int right) = (columns.First(x), columns.End(x));
        float* down = rows.Of(y),
            across = columns.Of(x);
        V a = S.Broadcast(0),
            b = a,
            c = a,
            d = a;
        for (int v = top; v < bottom; v++)
        {
            V p = S.Broadcast(0),
                q = p,
                r = p,
                t = p;
            float* pixel = source + ((((nint)v * map.Width) + left) * map.Stride);
            for (int u = left; u < right; u++, pixel += map.Stride)
            {
                V weight = S.Broadcast(across[u]);
                p = S.MultiplyAdd(S.Load(pixel), weight, p);
                q = S.MultiplyAdd(S.Load(pixel + S.Lanes), weight, q);
                r = S.MultiplyAdd(S.Load(pixel + (2 * S.Lanes)), weight, r);
                t = S.MultiplyAdd(S.Load(pixel + (3 * S.Lanes)), weight, t);
            }

            V row = S.Broadcast(down[v]);
            a = S.MultiplyAdd(p, row, a);
            b = S.MultiplyAdd(q, row, b);
            c = S.MultiplyAdd(r, row, c);
            d = S.MultiplyAdd(t, row, d);
        }

        S.Store(target, a);
        S.Store(target + S.Lanes, b);
        S.Store(target + (2 * S.Lanes), c);
        S.Store(target + (3 * S.Lanes), d);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumVector(float* source, MapLayout map, Weights rows, int y, Weights columns, int x, float* target)
    {
        (int left, int right) = (columns.First(x), columns.End(x));
        float* down = rows.Of(y),
            across = columns.Of(x);
        V sum = S.Broadcast(0);
        for (int v = rows.First(y); v < rows.End(y); v++)
        {
            V inRow = S.Broadcast(0);
            float* pixel = source + ((((nint)v * map.Width) + left) * map.Stride);
            for (int u = left; u < right; u++, pixel += map.Stride)
                inRow = S.MultiplyAdd(S.Load(pixel), S.Broadcast(across[u]), inRow);
            sum = S.MultiplyAdd(inRow, S.Broadcast(down[v]), sum);
        }

        S.Store(target, sum);
    }

    /// <summary>What each pixel of a map's side gives to each bin of a region.</summary>
    private readonly struct Weights(float* memory, int bins, int pixels)
    {
        private readonly int* _ranges = (int*)memory;
        private readonly float* _weights = memory + (2 * bins);

        public int First(int bin) => _ranges[2 * bin];

        public int End(int bin) => _ranges[(2 * bin) + 1];

        public float* Of(int bin) => _weights + (bin * pixels);

        public void Fill(RegionSide side)
        {
            float share = 1f / side.Samples;
            for (int bin = 0; bin < bins; bin++)
            {
                float* weights = Of(bin);
                int first = pixels,
                    end = pixels;
                for (int i = 0; i < side.Samples; i++)
                {
                    (int low, int high, float upper) = side.PixelsOf(bin, i, pixels);
                    if (low < 0)
                        continue;
                    if (first == end)
                        first = end = low;
                    // What a range grows by begins at 0.
                    while (first > low)
                        weights[--first] = 0;
                    while (end <= high)
                        weights[end++] = 0;
                    weights[low] += (1 - upper) * share;
                    weights[high] += upper * share;
                }

                (_ranges[2 * bin], _ranges[(2 * bin) + 1]) = (first, end);
            }
        }
    }
}
