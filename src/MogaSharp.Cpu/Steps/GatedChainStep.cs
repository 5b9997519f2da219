using System.Runtime.CompilerServices;
using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Planning;

namespace MogaSharp.Cpu.Steps;

/// <summary>
/// project((... f1(a * b) * c ...) * d) + shortcut, with 1x1 convolutions f: the recursive gates of g^n Conv (HorNet, section 3.1) in one
/// step. Factors are ranges of channels, read where they lie. Item: a block of pixels, whose products lie in two private buffers in turn.
/// </summary>
internal sealed unsafe class GatedChainStep<S, V> : Step
    where S : struct, ISimd<V>
    where V : struct
{
    private readonly MapView _first,
        _second;
    private readonly int _firstChannels,
        _blockRows,
        _stride;
    private readonly (Layer Layer, MapView Factor)[] _links;
    private readonly Layer _project;
    private readonly Shortcut? _shortcut;
    private readonly Slot _output;

    public GatedChainStep(
        MapView first,
        MapView second,
        int channels,
        (Layer Layer, MapView Factor)[] links,
        Layer project,
        Shortcut? shortcut,
        Slot output,
        int threads
    )
    {
        (_first, _second, _firstChannels, _links, _project, _shortcut, _output) = (
            first,
            second,
            channels,
            links,
            project,
            shortcut,
            output
        );
        _stride = Math.Max(MapLayout.RoundUp(channels), links.Select(link => link.Layer.Weights.Vectors * S.Lanes).DefaultIfEmpty().Max());
        long bytes = project.Weights.Bytes + links.Sum(link => link.Layer.Weights.Bytes);
        _blockRows = BlockRows.Choose(output.Layout.Pixels, MatrixKernel<S, V>.TileRows, bytes, 2 * _stride * sizeof(float), threads);
        Work =
            output.Layout.Pixels
            * (
                links.Sum(link => (long)link.Layer.Weights.Depth * link.Layer.Weights.Columns)
                + ((long)project.Weights.Depth * project.Weights.Columns)
            );
        Matrices = [.. links.Select(link => link.Layer.Weights), project.Weights];
    }

    public override string Description =>
        $"product{string.Concat(_links.Select(_ => " -> conv1x1 * factor"))} -> conv1x1{(_shortcut is null ? "" : " + shortcut")}";

    public override int Items => (_output.Layout.Pixels + _blockRows - 1) / _blockRows;

    public override long Work { get; }

    public override IReadOnlyList<PackedMatrix> Matrices { get; }

    public override IEnumerable<Slot> Slots =>
        new[] { _first.Slot, _second.Slot, _shortcut?.Map, _output }
            .Concat(_links.Select(link => link.Factor.Slot))
            .OfType<Slot>()
            .Distinct();

    public override (Slot Input, Slot Output)? InPlace => _shortcut is null ? null : (_shortcut.Map, _output);

    public override long ScratchFloats => BlockProduct<S, V>.TileFloats + (2 * (_blockRows + MatrixKernel<S, V>.MaxRows) * (long)_stride);

    public override void Run(Frame frame, int item, float* scratch)
    {
        int first = item * _blockRows,
            count = Math.Min(_blockRows, _output.Layout.Pixels - first);
        var product = new RowBlock(scratch + BlockProduct<S, V>.TileFloats, _stride);
        var next = new RowBlock(product.Row(_blockRows + MatrixKernel<S, V>.MaxRows), _stride);
        Multiply(frame.Rows(_first, first), frame.Rows(_second, first), product, count);
        for (int link = 0; link < _links.Length; link++)
        {
            (Layer layer, MapView factor) = _links[link];
            BlockProduct<S, V>.Run<Identity, MultiplyOther>(
                product,
                layer.Weights,
                layer.Bias,
                Matrices[link + 1],
                count,
                scratch,
                next,
                frame.Rows(factor, first)
            );
            (product, next) = (next, product);
        }

        RowBlock output = frame.Rows(_output, first);
        if (_shortcut is null)
            BlockProduct<S, V>.Run<Identity, KeepAlone>(product, _project.Weights, _project.Bias, Next, count, scratch, output);
        else
            BlockProduct<S, V>.Run<Identity, AddScaledOther>(
                product,
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Multiply(RowBlock a, RowBlock b, RowBlock to, int count)
    {
        for (int row = 0; row < count; row++)
        {
            (nint x, nint y, nint z) = ((nint)a.Row(row), (nint)b.Row(row), (nint)to.Row(row));
            for (int c = 0; c < _firstChannels; c += S.Lanes)
                S.Store((float*)z + c, S.Multiply(S.Load((float*)x + c), S.Load((float*)y + c)));
        }
    }
}
