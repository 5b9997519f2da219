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
    /// <summary>Writes some pixels of the output.</summary>
    /// <param name="o">The block's operands.</param>
    /// <param name="frame">The run.</param>
    /// <param name="sums">The first part's sums of the first pixel.</param>
    /// <param name="sumStride">Floats from one pixel to the next.</param>
    /// <param name="dotOffset">Where in a pixel's floats its dot product's lanes begin.</param>
    /// <param name="partStride">Floats from one part to the next.</param>
    /// <param name="factors">Room for one float per pixel, rounded up to whole vectors.</param>
    /// <param name="pixel">The first pixel in the output.</param>
    /// <param name="pixels">How many.</param>
    public static void Finish(
        ChannelAggregationOperands o, Frame frame, float* sums, int sumStride, int dotOffset, nint partStride, float* factors, nint pixel, int pixels)
    {
        MapLayout to = o.Output.Layout;
        if (o.Decompose is not null) Factors(sums + dotOffset, sumStride, partStride, o.Parts, o.DecomposeBias, pixels, factors);
        else new Span<float>(factors, pixels).Clear();
        for (int column = 0; column < Math.Min(dotOffset, to.Stride); column += S.Lanes)
        {
            V rankOne = o.RankOneColumn is { } u ? S.Load(u.Data + column) : S.Broadcast(0);
            float* target = frame[o.Output] + (pixel * to.Stride) + column;
            // Without a shortcut the sums themselves stand in, times zero.
            (nint other, nint otherStride) = o.Other is { } map ? ((nint)(frame[map] + (pixel * map.Layout.Stride) + column), map.Layout.Stride) : ((nint)target, 0);
            V scale = o.OtherScale is { } factor ? S.Load(factor.Data + column) : S.Broadcast(0);
            Column(sums + column, sumStride, partStride, o.Parts, factors, pixels, rankOne, (float*)other, otherStride, scale, target, to.Stride);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Factors(float* dots, int stride, nint partStride, int parts, float bias, int pixels, float* factors)
    {
        for (int p = 0; p < pixels; p++, dots += stride)
        {
            V sum = S.Load(dots);
            for (int part = 1; part < parts; part++) sum = S.Add(sum, S.Load(dots + (part * partStride)));
            factors[p] = S.Sum(sum) + bias;
        }

        for (int p = 0; p < pixels; p += S.Lanes) S.Store(factors + p, Gelu.Apply<S, V>(S.Load(factors + p)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Column(
        float* sums, int sumStride, nint partStride, int parts, float* factors, int pixels, V rankOne, float* other, nint otherStride, V scale, float* target, nint targetStride)
    {
        for (int p = 0; p < pixels; p++, sums += sumStride, other += otherStride, target += targetStride)
        {
            V x = S.Load(sums);
            for (int part = 1; part < parts; part++) x = S.Add(x, S.Load(sums + (part * partStride)));
            x = S.MultiplyAdd(S.Broadcast(factors[p]), rankOne, x);
            if (otherStride != 0) x = S.MultiplyAdd(S.Load(other), scale, x);
            S.Store(target, x);
        }
    }
}

/// <summary>Adds the parts that a <see cref="ChannelAggregationStep{S, V}"/> has left, in their order. Item: a block of pixels of one image.</summary>
internal sealed unsafe class AggregationSumStep<S, V>(ChannelAggregationOperands operands) : Step
    where S : struct, ISimd<V>
    where V : struct
{
    private const int BlockPixels = 28;

    private readonly int _blocks = (operands.Output.Layout.Plane + BlockPixels - 1) / BlockPixels;

    public override string Description => $"sum of {operands.Parts} parts{(operands.Other is null ? "" : " + shortcut")}";

    public override int Items => operands.Output.Layout.Images * _blocks;

    public override long Work => operands.Output.Layout.Floats * operands.Parts;

    public override IEnumerable<Slot> Slots => new[] { operands.Partial, operands.Other, operands.Output }.OfType<Slot>();

    public override (Slot Input, Slot Output)? InPlace => operands.Other is { } other ? (other, operands.Output) : null;

    public override long ScratchFloats => BlockPixels + 16;

    public override void Run(Frame frame, int item, float* scratch)
    {
        MapLayout map = operands.Output.Layout;
        (int image, int block) = Math.DivRem(item, _blocks);
        int first = block * BlockPixels, count = Math.Min(BlockPixels, map.Plane - first), stride = operands.Partial!.Layout.Stride;
        nint partStride = (nint)map.Plane * stride;
        float* sums = frame[operands.Partial] + (image * operands.Parts * partStride) + ((nint)first * stride);
        AggregationSums<S, V>.Finish(
            operands, frame, sums, stride, operands.Project.Vectors * S.Lanes, partStride, scratch, ((nint)image * map.Plane) + first, count);
    }
}
