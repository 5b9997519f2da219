using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Planning;

namespace MogaSharp.Cpu.Steps;

/// <summary>A product's matrix and bias.</summary>
internal sealed record Layer(PackedMatrix Weights, VectorConstant Bias);

/// <summary>A shortcut: a map and its factor per channel.</summary>
internal sealed record Shortcut(Slot Map, VectorConstant Scale);

/// <summary>
/// norm -> fc1 -> activation -> fc2 + shortcut of the same pixels in one step, so that the hidden channels, four times as many, stay in L2.
/// Item: a block of pixels.
/// </summary>
internal sealed unsafe class MlpStep<S, V, TActivation> : Step
    where S : struct, ISimd<V>
    where V : struct
    where TActivation : struct, IActivation
{
    private readonly Slot _input,
        _output;
    private readonly NormConstants? _norm;
    private readonly Layer _expand,
        _project;
    private readonly Shortcut? _shortcut;
    private readonly int _blockRows,
        _hiddenStride,
        _normStride;
    private readonly string _activation;

    public MlpStep(
        Slot input,
        NormConstants? norm,
        Layer expand,
        string activation,
        Layer project,
        Shortcut? shortcut,
        Slot output,
        int threads
    )
    {
        (_input, _norm, _expand, _activation, _project, _shortcut, _output) = (input, norm, expand, activation, project, shortcut, output);
        _hiddenStride = expand.Weights.Vectors * S.Lanes;
        _normStride = norm is null ? 0 : input.Layout.Stride;
        _blockRows = BlockRows.Choose(
            output.Layout.Pixels,
            MatrixKernel<S, V>.TileRows,
            expand.Weights.Bytes + project.Weights.Bytes,
            (_hiddenStride + _normStride) * sizeof(float),
            threads
        );
    }

    public override string Description =>
        $"{(_norm is null ? "" : "layer norm -> ")}fc1 -> {_activation} -> fc2{(_shortcut is null ? "" : " + shortcut")}";

    public override int Items => (_output.Layout.Pixels + _blockRows - 1) / _blockRows;

    public override long Work => (long)_output.Layout.Pixels * _expand.Weights.Columns * (_expand.Weights.Depth + _project.Weights.Columns);

    public override IReadOnlyList<PackedMatrix> Matrices => [_expand.Weights, _project.Weights];

    public override IEnumerable<Slot> Slots => new[] { _input, _shortcut?.Map, _output }.OfType<Slot>();

    /// <remarks>A block's input and shortcut are read before or where its output is written; rows beyond the block are read too, but not
    /// used.</remarks>
    public override (Slot Input, Slot Output)? InPlace => (_shortcut?.Map ?? _input, _output);

    public override long ScratchFloats =>
        BlockProduct<S, V>.TileFloats + ((_blockRows + MatrixKernel<S, V>.MaxRows) * (long)(_hiddenStride + _normStride));

    public override void Run(Frame frame, int item, float* scratch)
    {
        int first = item * _blockRows,
            count = Math.Min(_blockRows, _output.Layout.Pixels - first);
        RowBlock input = frame.Rows(_input, first);
        var hidden = new RowBlock(scratch + BlockProduct<S, V>.TileFloats, _hiddenStride);
        if (_norm is { } norm)
        {
            var rows = new RowBlock(hidden.Row(_blockRows + MatrixKernel<S, V>.MaxRows), _normStride);
            LayerNormKernel<S, V>.Pixels(input.Row(0), input.Stride, rows.Row(0), rows.Stride, count, norm);
            input = rows;
        }

        BlockProduct<S, V>.Run<TActivation, KeepAlone>(input, _expand.Weights, _expand.Bias, _project.Weights, count, scratch, hidden);
        RowBlock output = frame.Rows(_output, first);
        if (_shortcut is null)
            BlockProduct<S, V>.Run<Identity, KeepAlone>(hidden, _project.Weights, _project.Bias, Next, count, scratch, output);
        else
            BlockProduct<S, V>.Run<Identity, AddScaledOther>(
                hidden,
                _project.Weights,
                _project.Bias,
                Next,
                count,
                scratch,
                output,
                frame.Rows(_shortcut.Map, first),
                _shortcut.Scale
            );
    }
}
