using System.Runtime.CompilerServices;
using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Planning;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Steps;

/// <summary>
/// A depthwise convolution that keeps the size, and an activation. Item: one panel of channels of one strip of rows of one image; the panel
/// is copied into a padded buffer that stays in L1 or L2.
/// </summary>
internal sealed unsafe class DepthwiseStep<S, V, TActivation> : Step
    where S : struct, ISimd<V>
    where V : struct
    where TActivation : struct, IActivation
{
    private const int BufferFloats = 1 << 16;

    private readonly MapView _input;
    private readonly Slot _output;
    private readonly PanelWeights _weights;
    private readonly VectorConstant _bias;
    private readonly int _kernel,
        _dilation,
        _padding,
        _panels,
        _strips,
        _stripRows;

    public DepthwiseStep(MapView input, Conv2d op, PanelWeights weights, VectorConstant bias, Slot output, int threads)
    {
        (_input, _output, _weights, _bias, _kernel, _dilation) = (input, output, weights, bias, op.Kernel, op.Dilation);
        MapLayout map = output.Layout;
        _padding = op.Dilation * (op.Kernel / 2);
        _panels = (map.Channels + S.Lanes - 1) / S.Lanes;
        int mostRows = Math.Max(1, (BufferFloats / ((map.Width + (2 * _padding)) * S.Lanes)) - (2 * _padding));
        _strips = (map.Height + mostRows - 1) / mostRows;
        // Each thread gets rows of its own, which the steps around this one give it too, unless strips would copy more than they hold.
        int wanted = (_strips * map.Images + threads - 1) / threads * threads;
        wanted = (wanted + map.Images - 1) / map.Images;
        if (map.Height >= wanted * 2 * _padding)
            _strips = Math.Max(_strips, wanted);
        _stripRows = (map.Height + _strips - 1) / _strips;
        _strips = (map.Height + _stripRows - 1) / _stripRows;
    }

    public override string Description =>
        $"depthwise {_kernel}x{_kernel}"
        + (_dilation > 1 ? $" dilation {_dilation}" : "")
        + (typeof(TActivation) == typeof(Identity) ? "" : $" -> {typeof(TActivation).Name}");

    public override int Items => _output.Layout.Images * _panels * _strips;

    public override long Work => _output.Layout.Floats * _kernel * _kernel;

    public override IEnumerable<Slot> Slots => [_input.Slot, _output];

    public override long ScratchFloats =>
        ((long)Math.Min(_output.Layout.Height, _stripRows + (2 * _padding)) * RowFloats) + (PanelConvolution<S, V>.SlackPixels * S.Lanes);

    private int RowFloats => (_output.Layout.Width + (2 * _padding)) * S.Lanes;

    public override void Run(Frame frame, int item, float* scratch)
    {
        MapLayout map = _output.Layout;
        (int rest, int panel) = Math.DivRem(item, _panels);
        (int image, int strip) = Math.DivRem(rest, _strips);
        int first = strip * _stripRows,
            last = Math.Min(map.Height, first + _stripRows);
        int inputFirst = Math.Max(0, first - _padding),
            inputLast = Math.Min(map.Height, last + _padding);
        int channel = panel * S.Lanes;
        RowBlock from = frame.Rows(_input, ((nint)image * map.Plane) + ((nint)inputFirst * map.Width));
        CopyIn(from.Row(0) + channel, from.Stride, scratch, inputLast - inputFirst);
        RowBlock to = frame.Rows(_output, ((nint)image * map.Plane) + ((nint)first * map.Width));
        PanelConvolution<S, V>.Rows(
            new PanelRows((nint)scratch, RowFloats, inputFirst, inputLast - inputFirst, _padding, map.Width),
            _kernel,
            _dilation,
            _weights.Panel(panel),
            S.Load(_bias.Data + channel),
            first,
            last,
            to.Row(0) + channel,
            map.Width * to.Stride,
            to.Stride,
            null
        );
        if (typeof(TActivation) != typeof(Identity))
            Activate(to.Row(0) + channel, to.Stride, (last - first) * map.Width);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void CopyIn(float* from, nint stride, float* to, int rows)
    {
        int side = _padding * S.Lanes,
            width = _output.Layout.Width;
        for (int y = 0; y < rows; y++)
        {
            for (int i = 0; i < side; i += S.Lanes, to += S.Lanes)
                S.Store(to, S.Broadcast(0));
            for (int x = 0; x < width; x++, from += stride, to += S.Lanes)
                S.Store(to, S.Load(from));
            for (int i = 0; i < side; i += S.Lanes, to += S.Lanes)
                S.Store(to, S.Broadcast(0));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Activate(float* to, nint stride, int pixels)
    {
        for (int i = 0; i < pixels; i++, to += stride)
            S.Store(to, TActivation.Apply<S, V>(S.Load(to)));
    }
}
