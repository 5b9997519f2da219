using System.Runtime.CompilerServices;
using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Planning;

namespace MogaSharp.Cpu.Steps;

/// <summary>
/// The Fourier transform, a filter and the inverse transform in one step (GFNet's global filter): all work on each channel alone, so that
/// spectra stay in private memory. Item: one vector of channels of one image.
/// </summary>
/// <param name="x">The map.</param>
/// <param name="filter">See <see cref="PackedTables.Filter"/>.</param>
/// <param name="y">The result.</param>
/// <param name="down">Of the map's height.</param>
/// <param name="across">Of the map's width.</param>
internal sealed unsafe class GlobalFilterStep<S, V>(MapView x, VectorConstant filter, Slot y, Waves down, Waves across) : Step
    where S : struct, ISimd<V>
    where V : struct
{
    private readonly int _columns = (y.Layout.Width / 2) + 1;

    public override string Description => "real fft -> spectral filter -> inverse real fft";

    public override int Items => y.Layout.Images * Panels;

    public override long Work => 4 * y.Layout.Floats * (y.Layout.Height + y.Layout.Width);

    public override IEnumerable<Slot> Slots => [x.Slot, y];

    public override long ScratchFloats => 4L * Places * S.Lanes;

    private int Panels => (y.Layout.Channels + S.Lanes - 1) / S.Lanes;

    private int Places => y.Layout.Height * _columns;

    public override void Run(Frame frame, int item, float* scratch)
    {
        (int image, int panel) = Math.DivRem(item, Panels);
        int channel = panel * S.Lanes;
        MapLayout map = y.Layout;
        RowBlock from = frame.Rows(x, (nint)image * map.Plane),
            to = frame.Rows(y, (nint)image * map.Plane);
        var rows = new Spectrum(scratch, scratch + S.Lanes, 2 * S.Lanes);
        var both = new Spectrum(scratch + (2 * Places * S.Lanes), scratch + (2 * Places * S.Lanes) + S.Lanes, 2 * S.Lanes);
        float norm = (float)(1 / Math.Sqrt(map.Plane));
        FourierKernel<S, V>.RowsOfReal(from.Row(0) + channel, from.Stride, map.Height, across, rows);
        FourierKernel<S, V>.Columns(rows, _columns, down, isInverse: false, norm, both, S.Lanes);
        Multiply((float*)both.Real, filter.Data + channel, MapLayout.RoundUp(map.Channels));
        FourierKernel<S, V>.Columns(both, _columns, down, isInverse: true, norm, rows, S.Lanes);
        FourierKernel<S, V>.RowsToReal(rows, map.Height, across, 1, to.Row(0) + channel, to.Stride);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Multiply(float* spectrum, float* factors, int stride)
    {
        for (int place = 0; place < Places; place++, spectrum += 2 * S.Lanes, factors += 2 * stride)
        {
            (V a, V b, V p, V q) = (S.Load(spectrum), S.Load(spectrum + S.Lanes), S.Load(factors), S.Load(factors + stride));
            S.Store(spectrum, S.Subtract(S.Multiply(a, p), S.Multiply(b, q)));
            S.Store(spectrum + S.Lanes, S.MultiplyAdd(a, q, S.Multiply(b, p)));
        }
    }
}
