using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Planning;

namespace MogaSharp.Cpu.Steps;

/// <summary>One 1x1 convolution of a <see cref="GatedProjectionStep{S, V, TActivation}"/>.</summary>
internal sealed record Projection(Slot Input, PackedMatrix Weights, VectorConstant Bias);

/// <summary>
/// proj_2(act(gate(x)) * act(PW_conv(context))) + shortcut: three 1x1 convolutions of the same pixels in one step, so that neither the gate nor the
/// product leaves the caches. Item: a block of pixels; the gate is written to a private buffer, the context multiplied into it,
/// and the last product reads it. Blocks are small where the weights fit L2, and large where they do not, so that few passes
/// over the weights are made.
/// </summary>
internal sealed unsafe class GatedProjectionStep<S, V, TActivation> : Step
    where S : struct, ISimd<V>
    where V : struct
    where TActivation : struct, IActivation
{
    private const int SmallWeightBytes = 512 << 10, MostTilesInL1 = 8, MostTilesInL2 = 24;

    private readonly Projection _gate, _context;
    private readonly PackedMatrix _project;
    private readonly VectorConstant _bias;
    private readonly Slot _output;
    private readonly Slot? _other;
    private readonly VectorConstant? _otherScale;
    private readonly int _blockRows, _tileWidth, _stride;

    public GatedProjectionStep(Projection gate, Projection context, PackedMatrix project, VectorConstant bias, Slot? other, VectorConstant? otherScale, Slot output, int threads)
    {
        (_gate, _context, _project, _bias, _other, _otherScale, _output) = (gate, context, project, bias, other, otherScale, output);
        int tile = MatrixKernel<S, V>.TileRows, tiles = (output.Layout.Pixels + tile - 1) / tile, perThread = (tiles + threads - 1) / threads;
        // Small blocks where the weights stay in L2 anyway, larger ones where each block has to read them anew. Among those that are
        // small enough, the largest of those that leave the least to the busiest thread.
        bool isSmall = gate.Weights.Bytes + context.Weights.Bytes + project.Bytes <= SmallWeightBytes;
        int most = Math.Clamp(perThread, 1, isSmall ? MostTilesInL1 : MostTilesInL2);
        _blockRows = tile * Enumerable.Range(1, most)
            .OrderBy(size => (((tiles + size - 1) / size) + threads - 1) / threads * size * (isSmall ? 1 : 1 + (1.0 / size)))
            .ThenByDescending(size => size).First();
        _tileWidth = MatrixKernel<S, V>.PanelVectors * S.Lanes;
        _stride = gate.Weights.Vectors * S.Lanes;
    }

    public override string Description => $"gate * context -> projection{(_other is null ? "" : " + shortcut")}";

    public override int Items => (_output.Layout.Pixels + _blockRows - 1) / _blockRows;

    public override long Work => (long)_output.Layout.Pixels * ((_gate.Weights.Depth * _gate.Weights.Columns) + (_context.Weights.Depth * _context.Weights.Columns) + (_project.Depth * _project.Columns));

    public override IReadOnlyList<PackedMatrix> Matrices => [_gate.Weights, _context.Weights, _project];

    public override IEnumerable<Slot> Slots => new[] { _gate.Input, _context.Input, _other, _output }.OfType<Slot>();

    /// <remarks>A block's gate input is read before the block's output is written; rows beyond the block are read too, but not used.</remarks>
    public override (Slot Input, Slot Output)? InPlace => (_gate.Input, _output);

    public override long ScratchFloats => (MatrixKernel<S, V>.MostRows * _tileWidth) + ((_blockRows + MatrixKernel<S, V>.MostRows) * (long)_stride);

    public override void Run(Frame frame, int item, float* scratch)
    {
        int first = item * _blockRows, count = Math.Min(_blockRows, _output.Layout.Pixels - first);
        float* product = scratch + (MatrixKernel<S, V>.MostRows * _tileWidth);
        Multiply<TActivation, KeepAlone>(Input(frame, _gate.Input, first), _gate.Input.Layout.Stride, _gate.Weights, _gate.Bias, count, scratch, product, _stride, null, 0, null);
        Multiply<TActivation, MultiplyOther>(
            Input(frame, _context.Input, first), _context.Input.Layout.Stride, _context.Weights, _context.Bias, count, scratch, product, _stride, product, _stride, null);
        float* output = Input(frame, _output, first);
        if (_other is null)
            Multiply<Identity, KeepAlone>(product, _stride, _project, _bias, count, scratch, output, _output.Layout.Stride, null, 0, null);
        else
            Multiply<Identity, AddScaledOther>(
                product, _stride, _project, _bias, count, scratch, output, _output.Layout.Stride, Input(frame, _other, first), _other.Layout.Stride, _otherScale);
    }

    private static float* Input(Frame frame, Slot slot, int pixel) => frame[slot] + ((nint)pixel * slot.Layout.Stride);

    private void Multiply<A, C>(
        float* a, nint lda, PackedMatrix weights, VectorConstant bias, int count, float* tile, float* target, nint targetStride, float* other, nint otherStride, VectorConstant? scale)
        where A : struct, IActivation
        where C : struct, ICombine
    {
        for (int panel = 0; panel < weights.Panels; panel++)
        {
            int vectors = weights.PanelVectors(panel), column = panel * _tileWidth;
            WeightBlock next = weights.After(panel);
            for (int row = 0, number = 0; row < count; row += MatrixKernel<S, V>.TileRows, number++)
            {
                int rows = Math.Min(MatrixKernel<S, V>.TileRows, count - row);
                MatrixKernel<S, V>.Tile(
                    rows, weights.Depth, a + (row * lda), lda, weights.Panel(panel), vectors, tile, _tileWidth, S.Lanes, bias.Data + column, 0, S.Lanes, next.Share(number, weights.Depth));
                for (int v = 0; v < vectors; v++)
                {
                    int at = column + (v * S.Lanes);
                    // Narrow vectors may lie wholly in the rounding of the channels.
                    if (at >= targetStride) continue;
                    MatrixEpilogue<S, V, A, C>.Column(
                        tile + (v * S.Lanes), _tileWidth, rows, S.Broadcast(0), target + (row * targetStride) + at, targetStride,
                        other + (row * otherStride) + at, otherStride, scale is null ? S.Broadcast(1) : S.Load(scale.Data + at));
                }
            }
        }
    }
}
