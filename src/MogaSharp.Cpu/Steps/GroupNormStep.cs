using System.Runtime.CompilerServices;
using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Planning;

namespace MogaSharp.Cpu.Steps;

/// <summary>
/// Group norm and an activation. Item: one group of one image, in three passes: the sum, the squared distances from the mean, the result.
/// Sums are kept in single precision along a row and in double precision from row to row.
/// </summary>
/// <param name="x">The map.</param>
/// <param name="groups">Groups.</param>
/// <param name="epsilon">Added to the variance.</param>
/// <param name="weight">The scale, per group rounded up to whole cache lines.</param>
/// <param name="bias">The shift, likewise.</param>
/// <param name="mask">All bits set in the channels of a group, none in the rounding.</param>
/// <param name="y">The result.</param>
internal sealed unsafe class GroupNormStep<S, V, TActivation>(
    Slot x,
    int groups,
    double epsilon,
    VectorConstant weight,
    VectorConstant bias,
    VectorConstant mask,
    Slot y
) : Step
    where S : struct, ISimd<V>
    where V : struct
    where TActivation : struct, IActivation
{
    private readonly int _channels = x.Layout.Channels / groups;

    public override string Description => $"group norm{(typeof(TActivation) == typeof(Identity) ? "" : $" -> {typeof(TActivation).Name}")}";

    public override int Items => x.Layout.Images * groups;

    public override long Work => x.Layout.Floats * 4;

    public override IEnumerable<Slot> Slots => [x, y];

    public override (Slot Input, Slot Output)? InPlace => (x, y);

    public override void Run(Frame frame, int item, float* scratch)
    {
        (int image, int group) = Math.DivRem(item, groups);
        MapLayout layout = x.Layout;
        nint first = (nint)image * layout.Plane;
        float* from = frame.Rows(x, first).Row(0) + (group * _channels),
            to = frame.Rows(y, first).Row(0) + (group * _channels);
        nint row = (nint)layout.Width * layout.Stride;
        double count = (double)_channels * layout.Plane,
            sum = 0,
            squares = 0;
        for (int i = 0; i < layout.Height; i++)
            sum += Sum(from + (i * row), layout.Width, layout.Stride);
        float mean = (float)(sum / count);
        for (int i = 0; i < layout.Height; i++)
            squares += Squares(from + (i * row), layout.Width, layout.Stride, mean);
        // The mean was rounded; what the squares have too much is the square of that.
        double off = (sum / count) - mean;
        float inverse = (float)(1 / Math.Sqrt((squares / count) - (off * off) + epsilon));
        int constants = group * MapLayout.RoundUp(_channels);
        for (int i = 0; i < layout.Height; i++)
            Apply(
                from + (i * row),
                to + (i * row),
                layout.Width,
                layout.Stride,
                mean,
                inverse,
                weight.Data + constants,
                bias.Data + constants
            );
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private float Sum(float* from, int width, nint stride)
    {
        V sum = S.Broadcast(0),
            zero = sum;
        int whole = _channels / S.Lanes * S.Lanes;
        for (int p = 0; p < width; p++, from += stride)
        {
            for (int c = 0; c < whole; c += S.Lanes)
                sum = S.Add(sum, S.Load(from + c));
            if (whole < _channels)
                sum = S.Add(sum, S.Select(S.Load(mask.Data + whole), S.Load(from + whole), zero));
        }

        return S.Sum(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private float Squares(float* from, int width, nint stride, float mean)
    {
        V sum = S.Broadcast(0),
            zero = sum,
            middle = S.Broadcast(mean);
        int whole = _channels / S.Lanes * S.Lanes;
        for (int p = 0; p < width; p++, from += stride)
        {
            for (int c = 0; c < whole; c += S.Lanes)
            {
                V d = S.Subtract(S.Load(from + c), middle);
                sum = S.MultiplyAdd(d, d, sum);
            }

            if (whole == _channels)
                continue;
            V tail = S.Select(S.Load(mask.Data + whole), S.Subtract(S.Load(from + whole), middle), zero);
            sum = S.MultiplyAdd(tail, tail, sum);
        }

        return S.Sum(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Apply(float* from, float* to, int width, nint stride, float mean, float inverse, float* scale, float* shift)
    {
        (V middle, V factor) = (S.Broadcast(mean), S.Broadcast(inverse));
        for (int p = 0; p < width; p++, from += stride, to += stride)
        for (int c = 0; c < _channels; c += S.Lanes)
        {
            V value = S.MultiplyAdd(S.Multiply(S.Subtract(S.Load(from + c), middle), factor), S.Load(scale + c), S.Load(shift + c));
            value = TActivation.Apply<S, V>(value);
            // The next group's channels belong to another item.
            if (c + S.Lanes <= _channels)
                S.Store(to + c, value);
            else
                Partial<S, V>.Store(to + c, value, _channels - c);
        }
    }
}
