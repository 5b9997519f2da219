using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Planning;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Steps;

/// <summary>
/// A convolution with several groups: for each, patches of its channels times its own matrix. Item: a block of pixels of one image.
/// </summary>
internal sealed unsafe class GroupedConvStep<S, V> : Step
    where S : struct, ISimd<V>
    where V : struct
{
    private const int BlockTiles = 2;

    private readonly Slot _input,
        _output;
    private readonly Conv2d _op;
    private readonly PackedMatrix[] _weights;
    private readonly VectorConstant _bias;
    private readonly PatchGather<S, V> _gather;
    private readonly int _blockRows,
        _blocks,
        _depth;

    /// <param name="input">The map.</param>
    /// <param name="op">The convolution.</param>
    /// <param name="weights">A matrix per group.</param>
    /// <param name="bias">Per group, rounded up to whole cache lines.</param>
    /// <param name="output">The result.</param>
    public GroupedConvStep(Slot input, Conv2d op, PackedMatrix[] weights, VectorConstant bias, Slot output)
    {
        (_input, _op, _weights, _bias, _output) = (input, op, weights, bias, output);
        MapLayout from = input.Layout;
        _gather = new PatchGather<S, V>(
            from.Height,
            from.Width,
            op.InChannels / op.Groups,
            from.Stride,
            planar: false,
            output.Layout.Width,
            op.Kernel,
            op.Stride,
            op.Padding,
            op.Dilation
        );
        _depth = weights[0].Depth;
        _blockRows = BlockTiles * MatrixKernel<S, V>.TileRows;
        _blocks = (output.Layout.Plane + _blockRows - 1) / _blockRows;
    }

    public override string Description => $"conv{_op.Kernel}x{_op.Kernel} of {_op.Groups} groups";

    public override int Items => _output.Layout.Images * _blocks;

    public override long Work => (long)_output.Layout.Pixels * _op.OutChannels * _depth;

    public override IEnumerable<Slot> Slots => [_input, _output];

    public override long ScratchFloats => BlockProduct<S, V>.TileFloats + ((_blockRows + MatrixKernel<S, V>.MaxRows) * (long)_depth);

    public override void Run(Frame frame, int item, float* scratch)
    {
        (int image, int block) = Math.DivRem(item, _blocks);
        int first = block * _blockRows,
            count = Math.Min(_blockRows, _output.Layout.Plane - first);
        float* patches = scratch + BlockProduct<S, V>.TileFloats,
            input = frame.Rows(_input, (nint)image * _input.Layout.Plane).Row(0);
        RowBlock output = frame.Rows(_output, ((nint)image * _output.Layout.Plane) + first);
        (int inGroup, int outGroup) = (_op.InChannels / _op.Groups, _op.OutChannels / _op.Groups);
        for (int group = 0; group < _op.Groups; group++)
        {
            _gather.Fill(input + (group * inGroup), first, count, patches);
            float* bias = _bias.Data + (group * MapLayout.RoundUp(outGroup));
            Multiply(
                patches,
                _weights[group],
                bias,
                count,
                scratch,
                new RowBlock(output.Row(0) + (group * outGroup), output.Stride),
                outGroup
            );
        }
    }

    private void Multiply(float* patches, PackedMatrix weights, float* bias, int count, float* tile, RowBlock target, int columns)
    {
        int width = MatrixKernel<S, V>.PanelVectors * S.Lanes;
        for (int panel = 0; panel < weights.Panels; panel++)
        {
            int vectors = weights.PanelVectors(panel);
            for (int row = 0; row < count; row += MatrixKernel<S, V>.TileRows)
            {
                int rows = Math.Min(MatrixKernel<S, V>.TileRows, count - row);
                MatrixKernel<S, V>.Tile(
                    rows,
                    _depth,
                    patches + ((nint)row * _depth),
                    _depth,
                    weights.Panel(panel),
                    vectors,
                    tile,
                    width,
                    S.Lanes,
                    bias + (panel * width),
                    0,
                    S.Lanes,
                    weights.Panel(panel)
                );
                for (int r = 0; r < rows; r++)
                for (int v = 0; v < vectors; v++)
                {
                    int column = (panel * width) + (v * S.Lanes);
                    Partial<S, V>.Store(target.Row(row + r) + column, S.Load(tile + (r * width) + (v * S.Lanes)), columns - column);
                }
            }
        }
    }
}
