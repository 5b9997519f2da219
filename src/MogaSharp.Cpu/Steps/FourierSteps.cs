using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Planning;

namespace MogaSharp.Cpu.Steps;

/// <summary>
/// The Fourier transform of a real map, first along rows, then along columns. Item: one vector of channels of one image, whose spectrum
/// stays in private memory between the two.
/// </summary>
internal sealed unsafe class FourierStep<S, V>(Slot x, Slot y, Waves down, Waves across) : Step
    where S : struct, ISimd<V>
    where V : struct
{
    public override string Description => "real fft";

    public override int Items => x.Layout.Images * Panels;

    public override long Work => y.Layout.Floats * (x.Layout.Height + x.Layout.Width);

    public override IEnumerable<Slot> Slots => [x, y];

    public override long ScratchFloats => 2L * y.Layout.Plane * S.Lanes;

    private int Panels => (x.Layout.Channels + S.Lanes - 1) / S.Lanes;

    public override void Run(Frame frame, int item, float* scratch)
    {
        (int image, int panel) = Math.DivRem(item, Panels);
        int channel = panel * S.Lanes,
            channels = x.Layout.Channels;
        var middle = new Spectrum(scratch, scratch + S.Lanes, 2 * S.Lanes);
        FourierKernel<S, V>.RowsOfReal(
            frame[x] + ((nint)image * x.Layout.Plane * x.Layout.Stride) + channel,
            x.Layout.Stride,
            x.Layout.Height,
            across,
            middle
        );
        float* to = frame[y] + ((nint)image * y.Layout.Plane * y.Layout.Stride) + channel;
        FourierKernel<S, V>.Columns(
            middle,
            y.Layout.Width,
            down,
            isInverse: false,
            (float)(1 / Math.Sqrt(x.Layout.Plane)),
            new Spectrum(to, to + channels, y.Layout.Stride),
            channels - channel
        );
    }
}

/// <summary>The opposite of <see cref="FourierStep{S, V}"/>, first along columns, then along rows. Item: as there.</summary>
internal sealed unsafe class InverseFourierStep<S, V>(Slot x, Slot y, Waves down, Waves across) : Step
    where S : struct, ISimd<V>
    where V : struct
{
    public override string Description => "inverse real fft";

    public override int Items => y.Layout.Images * Panels;

    public override long Work => x.Layout.Floats * (y.Layout.Height + y.Layout.Width);

    public override IEnumerable<Slot> Slots => [x, y];

    public override long ScratchFloats => 2L * x.Layout.Plane * S.Lanes;

    private int Panels => (y.Layout.Channels + S.Lanes - 1) / S.Lanes;

    public override void Run(Frame frame, int item, float* scratch)
    {
        (int image, int panel) = Math.DivRem(item, Panels);
        int channel = panel * S.Lanes;
        float* from = frame[x] + ((nint)image * x.Layout.Plane * x.Layout.Stride) + channel;
        var middle = new Spectrum(scratch, scratch + S.Lanes, 2 * S.Lanes);
        FourierKernel<S, V>.Columns(
            new Spectrum(from, from + y.Layout.Channels, x.Layout.Stride),
            x.Layout.Width,
            down,
            isInverse: true,
            1,
            middle,
            S.Lanes
        );
        FourierKernel<S, V>.RowsToReal(
            middle,
            y.Layout.Height,
            across,
            (float)(1 / Math.Sqrt(y.Layout.Plane)),
            frame[y] + ((nint)image * y.Layout.Plane * y.Layout.Stride) + channel,
            y.Layout.Stride
        );
    }
}
