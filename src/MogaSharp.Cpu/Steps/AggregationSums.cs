using System.Runtime.CompilerServices;
using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Planning;

namespace MogaSharp.Cpu.Steps;

/// <summary>
/// The end of the channel aggregation: the parts' sums of a pixel, the rank-one term of its number t = GELU(d h + d0), the shortcut.
/// </summary>
internal static unsafe class AggregationSums<S, V>
    where S : struct, ISimd<V>
    where V : struct
{
    /// <summary>Writes some rows of the output, and their sums over the columns where a pooling follows.</summary>
    /// <param name="o">The block's operands.</param>
    /// <param name="frame">The run.</param>
    /// <param name="sums">The first part's sums of the first pixel.</param>
    /// <param name="sumStride">Floats from one pixel to the next.</param>
    /// <param name="dotOffset">Where in a pixel's floats its dot product's lanes begin.</param>
    /// <param name="partStride">Floats from one part to the next.</param>
    /// <param name="factors">Room for one float per pixel, rounded up to whole vectors.</param>
    /// <param name="firstRow">The first row, counted over all images.</param>
    /// <param name="rows">How many.</param>
    public static void Finish(
        ChannelAggregationOperands o,
        Frame frame,
        float* sums,
        int sumStride,
        int dotOffset,
        nint partStride,
        float* factors,
        int firstRow,
        int rows
    )
    {
        MapLayout to = o.Output.Layout;
        nint pixel = (nint)firstRow * to.Width;
        int pixels = rows * to.Width;
        if (o.Decompose is not null)
            Factors(sums + dotOffset, sumStride, partStride, o.Parts, o.DecomposeBias, pixels, factors);
        else
            new Span<float>(factors, pixels).Clear();
        int floats = Math.Min(dotOffset, to.Stride);
        float* target = frame[o.Output] + (pixel * to.Stride),
            other = o.Shortcut?.Map is { } map ? frame[map] + (pixel * map.Layout.Stride) : null;
        for (int row = 0; row < rows; row++)
        {
            float* rowSums = o.RowSums is { } slot ? frame[slot] + ((nint)(firstRow + row) * slot.Layout.Stride) : null;
            if (rowSums != null)
                new Span<float>(rowSums, to.Stride).Clear();
            for (int x = 0; x < to.Width; x++, sums += sumStride, factors++, target += to.Stride)
            {
                Pixel(
                    sums,
                    partStride,
                    o.Parts,
                    floats,
                    *factors,
                    o.RankOneColumn is { } column ? column.Data : null,
                    other,
                    o.Shortcut?.Scale is { } scale ? scale.Data : null,
                    target,
                    rowSums
                );
                if (other != null)
                    other += o.Shortcut!.Map.Layout.Stride;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Factors(float* dots, int stride, nint partStride, int parts, float bias, int pixels, float* factors)
    {
        for (int p = 0; p < pixels; p++, dots += stride)
        {
            V sum = S.Load(dots);
            for (int part = 1; part < parts; part++)
                sum = S.Add(sum, S.Load(dots + (part * partStride)));
            factors[p] = S.Sum(sum) + bias;
        }

        for (int p = 0; p < pixels; p += S.Lanes)
            S.Store(factors + p, Gelu.Apply<S, V>(S.Load(factors + p)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pixel(
        float* sums,
        nint partStride,
        int parts,
        int floats,
        float factor,
        float* rankOne,
        float* other,
        float* scale,
        float* target,
        float* rowSums
    )
    {
        V t = S.Broadcast(factor);
        for (int c = 0; c < floats; c += S.Lanes)
        {
            V x = S.Load(sums + c);
            for (int part = 1; part < parts; part++)
                x = S.Add(x, S.Load(sums + (part * partStride) + c));
            if (rankOne != null)
                x = S.MultiplyAdd(t, S.Load(rankOne + c), x);
            if (other != null)
                x = S.MultiplyAdd(S.Load(other + c), S.Load(scale + c), x);
            S.Store(target + c, x);
            if (rowSums != null)
                S.Store(rowSums + c, S.Add(S.Load(rowSums + c), x));
        }
    }
}

/// <summary>Adds the parts that a <see cref="ChannelAggregationStep{S, V}"/> has left, in their order. Item: a few rows of one
/// image.</summary>
internal sealed unsafe class AggregationSumStep<S, V>(ChannelAggregationOperands operands) : Step
    where S : struct, ISimd<V>
    where V : struct
{
    private const int BlockPixels = 28;

    private readonly int _blockRows = Math.Max(1, BlockPixels / operands.Output.Layout.Width);

    public override string Description => $"sum of {operands.Parts} parts{(operands.Shortcut is null ? "" : " + shortcut")}";

    public override int Items => operands.Output.Layout.Images * Blocks;

    public override long Work => operands.Output.Layout.Floats * operands.Parts;

    public override IEnumerable<Slot> Slots =>
        new[] { operands.Partial, operands.Shortcut?.Map, operands.Output, operands.RowSums }.OfType<Slot>();

    public override (Slot Input, Slot Output)? InPlace => operands.Shortcut is { } shortcut ? (shortcut.Map, operands.Output) : null;

    public override long ScratchFloats => (_blockRows * operands.Output.Layout.Width) + 16;

    private int Blocks => (operands.Output.Layout.Height + _blockRows - 1) / _blockRows;

    public override void Run(Frame frame, int item, float* scratch)
    {
        MapLayout map = operands.Output.Layout;
        (int image, int block) = Math.DivRem(item, Blocks);
        int first = block * _blockRows,
            count = Math.Min(_blockRows, map.Height - first),
            stride = operands.Partial!.Layout.Stride;
        nint partStride = (nint)map.Plane * stride;
        float* sums = frame[operands.Partial] + (image * operands.Parts * partStride) + ((nint)first * map.Width * stride);
        AggregationSums<S, V>.Finish(
            operands,
            frame,
            sums,
            stride,
            operands.Project.Vectors * S.Lanes,
            partStride,
            scratch,
            (image * map.Height) + first,
            count
        );
    }
}
