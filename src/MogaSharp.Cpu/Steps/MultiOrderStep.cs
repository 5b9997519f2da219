using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Planning;

namespace MogaSharp.Cpu.Steps;

/// <summary>One dilated convolution of a range of channels, after the common one.</summary>
/// <param name="Start">The first channel.</param>
/// <param name="Length">Channels.</param>
/// <param name="Kernel">Kernel side; 0 for the range that is passed on as it is.</param>
/// <param name="Dilation">Distance between taps.</param>
/// <param name="Weights">Packed over all panels, zero outside the range.</param>
/// <param name="Bias">Over all channels, zero outside the range.</param>
/// <param name="Mask">All bits set in the range's channels, none elsewhere.</param>
internal sealed record OrderBranch(
    int Start,
    int Length,
    int Kernel,
    int Dilation,
    PanelWeights? Weights,
    VectorConstant? Bias,
    VectorConstant Mask
)
{
    /// <summary>Rows and columns that an output reaches to each side.</summary>
    public int Reach => Dilation * (Kernel / 2);
}

/// <summary>
/// The multi-order context: a depthwise convolution of all channels, then others of ranges of its channels, side by side. Item:
/// one panel of channels of one strip of rows of one image. The panel is copied into a padded buffer once; both
/// convolutions then run from buffers that stay in L1 or L2. A panel that ranges share is computed for each of them and put
/// together by lanes. Strips recompute the rows that both need.
/// </summary>
internal sealed unsafe class MultiOrderStep<S, V> : Step
    where S : struct, ISimd<V>
    where V : struct
{
    private const int BufferFloats = 1 << 17;

    private readonly Slot _input,
        _output;
    private readonly OrderBranch _common;
    private readonly OrderBranch[] _branches;
    private readonly int _strips,
        _stripRows,
        _panels,
        _padding,
        _reach;

    public MultiOrderStep(Slot input, OrderBranch common, OrderBranch[] branches, Slot output)
    {
        (_input, _output, _common, _branches) = (input, output, common, branches);
        MapLayout map = output.Layout;
        _panels = (map.Channels + S.Lanes - 1) / S.Lanes;
        _reach = branches.Max(branch => branch.Reach);
        _padding = Math.Max(_reach, common.Reach);
        int mostRows = Math.Max(1, BufferFloats / ((map.Width + (2 * _padding)) * S.Lanes));
        _strips = (map.Height + mostRows - 1) / mostRows;
        // A few strips more, so that a few wide panels still make work for a few threads.
        while (map.Images * _panels * _strips < 4 && map.Height / (2 * _strips) >= 2 * _reach)
            _strips *= 2;
        _stripRows = (map.Height + _strips - 1) / _strips;
        Work =
            map.Pixels * (((long)map.Channels * common.Kernel * common.Kernel) + branches.Sum(b => (long)b.Length * b.Kernel * b.Kernel));
    }

    public override string Description =>
        $"multi-order depthwise {_common.Kernel}x{_common.Kernel}d{_common.Dilation}"
        + string.Concat(_branches.Where(b => b.Kernel > 0).Select(b => $" -> {b.Kernel}x{b.Kernel}d{b.Dilation}"));

    public override int Items => _output.Layout.Images * _panels * _strips;

    /// <remarks>Asked for in every run, so not summed anew: the enumerator would be allocated.</remarks>
    public override long Work { get; }

    public override IEnumerable<Slot> Slots => [_input, _output];

    public override long ScratchFloats => 2 * BufferSize;

    private int RowFloats => (_output.Layout.Width + (2 * _padding)) * S.Lanes;

    private long BufferSize =>
        ((long)Math.Min(_output.Layout.Height, _stripRows + (2 * (_reach + _common.Reach))) * RowFloats)
        + (PanelConvolution<S, V>.SlackPixels * S.Lanes);

    public override void Run(Frame frame, int item, float* scratch)
    {
        MapLayout map = _output.Layout;
        (int rest, int panel) = Math.DivRem(item, _panels);
        (int image, int strip) = Math.DivRem(rest, _strips);
        int first = strip * _stripRows,
            last = Math.Min(map.Height, first + _stripRows);
        if (first >= last)
            return;
        int channel = panel * S.Lanes;
        int reach = 0;
        foreach (OrderBranch branch in _branches)
            if (Overlaps(branch, channel))
                reach = Math.Max(reach, branch.Reach);

        int middleFirst = Math.Max(0, first - reach),
            middleLast = Math.Min(map.Height, last + reach);
        int inputFirst = Math.Max(0, middleFirst - _common.Reach),
            inputLast = Math.Min(map.Height, middleLast + _common.Reach);
        float* source = scratch,
            middle = scratch + BufferSize;
        nint imageOffset = (nint)image * map.Plane * map.Stride;
        CopyIn(frame[_input] + imageOffset + ((nint)inputFirst * map.Width * map.Stride) + channel, source, inputLast - inputFirst);
        ClearSides(middle, middleLast - middleFirst);
        V commonBias = S.Load(_common.Bias!.Data + channel);
        PanelConvolution<S, V>.Rows(
            new PanelRows((nint)source, RowFloats, inputFirst, inputLast - inputFirst, _padding, map.Width),
            _common.Kernel,
            _common.Dilation,
            _common.Weights!.Panel(panel),
            commonBias,
            middleFirst,
            middleLast,
            middle + (_padding * S.Lanes),
            RowFloats,
            S.Lanes,
            null
        );

        var middleRows = new PanelRows((nint)middle, RowFloats, middleFirst, middleLast - middleFirst, _padding, map.Width);
        float* output = frame[_output] + imageOffset + channel;
        foreach (OrderBranch branch in _branches)
        {
            if (!Overlaps(branch, channel))
                continue;
            bool whole = branch.Start <= channel && branch.Start + branch.Length >= Math.Min(channel + S.Lanes, map.Channels);
            float* mask = whole ? null : branch.Mask.Data + channel;
            float* to = output + ((nint)first * map.Width * map.Stride);
            nint rowOut = (nint)map.Width * map.Stride;
            if (branch.Kernel == 0)
            {
                for (int y = first; y < last; y++, to += rowOut)
                    PassOn(middle + ((nint)(y - middleFirst) * RowFloats) + (_padding * S.Lanes), to, mask);
                continue;
            }

            PanelConvolution<S, V>.Rows(
                middleRows,
                branch.Kernel,
                branch.Dilation,
                branch.Weights!.Panel(panel),
                S.Load(branch.Bias!.Data + channel),
                first,
                last,
                to,
                rowOut,
                map.Stride,
                mask
            );
        }
    }

    private static bool Overlaps(OrderBranch branch, int channel) =>
        branch.Start < channel + S.Lanes && channel < branch.Start + branch.Length;

    private void CopyIn(float* from, float* to, int rows)
    {
        ClearSides(to, rows);
        MapLayout map = _input.Layout;
        to += _padding * S.Lanes;
        for (int y = 0; y < rows; y++, to += RowFloats, from += (nint)map.Width * map.Stride)
        for (int x = 0; x < map.Width; x++)
            S.Store(to + (x * S.Lanes), S.Load(from + ((nint)x * map.Stride)));
    }

    private void ClearSides(float* buffer, int rows)
    {
        int side = _padding * S.Lanes;
        for (int y = 0; y < rows; y++, buffer += RowFloats)
        {
            new Span<float>(buffer, side).Clear();
            new Span<float>(buffer + RowFloats - side, side).Clear();
        }
    }

    private void PassOn(float* from, float* to, float* mask)
    {
        MapLayout map = _output.Layout;
        for (int x = 0; x < map.Width; x++, from += S.Lanes, to += map.Stride)
            S.Store(to, mask is null ? S.Load(from) : S.Select(S.Load(mask), S.Load(from), S.Load(to)));
    }
}
