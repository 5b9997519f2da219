using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Planning;

namespace MogaSharp.Cpu.Steps;

/// <summary>One 1x1 convolution of a <see cref="GatedProjectionStep{S, V, TActivation}"/>.</summary>
internal sealed record Projection(Slot Input, PackedMatrix Weights, VectorConstant Bias);

/// <summary>
/// proj_2(act(gate(x)) * act(PW_conv(context))) + shortcut: three 1x1 convolutions of the same pixels in one step, so that neither the gate
/// nor the product leaves the caches. Item: a block of pixels; the gate is written to a private buffer, the context multiplied into it,
/// and the last product reads it. Blocks are small where the weights fit L2, and large where they do not, so that few passes
/// over the weights are made.
/// </summary>
internal sealed unsafe class GatedProjectionStep<S, V, TActivation> : Step
    where S : struct, ISimd<V>
    where V : struct
    where TActivation : struct, IActivation
{
    private readonly Projection _gate,
        _context;
    private readonly PackedMatrix _project;
    private readonly VectorConstant _bias;
    private readonly Slot _output;
    private readonly Shortcut? _shortcut;
    private readonly int _blockRows,
        _stride;

    public GatedProjectionStep(
        Projection gate,
        Projection context,
        PackedMatrix project,
        VectorConstant bias,
        Shortcut? shortcut,
        Slot output,
        int threads
    )
    {
        (_gate, _context, _project, _bias, _shortcut, _output) = (gate, context, project, bias, shortcut, output);
        _blockRows = BlockRows.Choose(
            output.Layout.Pixels,
            MatrixKernel<S, V>.TileRows,
            gate.Weights.Bytes + context.Weights.Bytes + project.Bytes,
            gate.Weights.Vectors * S.Lanes * sizeof(float),
            threads
        );
        _stride = gate.Weights.Vectors * S.Lanes;
    }

    public override string Description => $"gate * context -> projection{(_shortcut is null ? "" : " + shortcut")}";

    public override int Items => (_output.Layout.Pixels + _blockRows - 1) / _blockRows;

    public override long Work =>
        (long)_output.Layout.Pixels
        * (
            (_gate.Weights.Depth * _gate.Weights.Columns)
            + (_context.Weights.Depth * _context.Weights.Columns)
            + (_project.Depth * _project.Columns)
        );

    public override IReadOnlyList<PackedMatrix> Matrices => [_gate.Weights, _context.Weights, _project];

    public override IEnumerable<Slot> Slots => new[] { _gate.Input, _context.Input, _shortcut?.Map, _output }.OfType<Slot>();

    /// <remarks>A block's gate input is read before the block's output is written; rows beyond the block are read too, but not
    /// used.</remarks>
    public override (Slot Input, Slot Output)? InPlace => (_gate.Input, _output);

    public override long ScratchFloats => BlockProduct<S, V>.TileFloats + ((_blockRows + MatrixKernel<S, V>.MaxRows) * (long)_stride);

    public override void Run(Frame frame, int item, float* scratch)
    {
        int first = item * _blockRows,
            count = Math.Min(_blockRows, _output.Layout.Pixels - first);
        var product = new RowBlock(scratch + BlockProduct<S, V>.TileFloats, _stride);
        BlockProduct<S, V>.Run<TActivation, KeepAlone>(
            frame.Rows(_gate.Input, first),
            _gate.Weights,
            _gate.Bias,
            _context.Weights,
            count,
            scratch,
            product
        );
        BlockProduct<S, V>.Run<TActivation, MultiplyOther>(
            frame.Rows(_context.Input, first),
            _context.Weights,
            _context.Bias,
            _project,
            count,
            scratch,
            product,
            product
        );
        RowBlock output = frame.Rows(_output, first);
        if (_shortcut is null)
            BlockProduct<S, V>.Run<Identity, KeepAlone>(product, _project, _bias, Next, count, scratch, output);
        else
            BlockProduct<S, V>.Run<Identity, AddScaledOther>(
                product,
                _project,
                _bias,
                Next,
                count,
                scratch,
                output,
                frame.Rows(_shortcut.Map, first),
                _shortcut.Scale
            );
    }
}
