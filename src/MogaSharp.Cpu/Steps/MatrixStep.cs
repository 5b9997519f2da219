using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Planning;

namespace MogaSharp.Cpu.Steps;

/// <summary>The operands of a matrix step that any of its forms may have.</summary>
internal sealed record MatrixOperands<S, V>(Slot? Input, PackedMatrix Weights, VectorConstant Bias, Slot Output)
    where S : struct, ISimd<V>
    where V : struct
{
    /// <summary>One more addend per image, (N, C, 1, 1).</summary>
    public Slot? ImageBias { get; init; }

    /// <summary>One number per pixel, times <see cref="RankOneColumn"/>, is one more addend.</summary>
    public Slot? RankOne { get; init; }

    /// <summary>See <see cref="RankOne"/>.</summary>
    public VectorConstant? RankOneColumn { get; init; }

    /// <summary>The gate or shortcut that the result is combined with.</summary>
    public Shortcut? Other { get; init; }

    /// <summary>Makes rows of the left-hand side from the input; null when the input's pixels are the rows.</summary>
    public PatchGather<S, V>? Gather { get; init; }

    /// <summary>Normalizes the input's pixels before they are rows; null when they are rows as they are.</summary>
    public NormConstants? Norm { get; init; }

    /// <summary>The graph input that patches are cut from, when there is no input slot.</summary>
    public int GraphInput { get; init; }
}

/// <summary>
/// A convolution as a matrix product: pixels x depth times depth x channels, then bias, activation and one other map. Item: a
/// block of rows times a group of panels. Per item the panel stays in L1 while the rows pass; the tile of accumulators goes
/// through the epilogue while it is in L1.
/// </summary>
internal sealed unsafe class MatrixStep<S, V, TActivation, TCombine> : Step
    where S : struct, ISimd<V>
    where V : struct
    where TActivation : struct, IActivation
    where TCombine : struct, ICombine
{
    private const int WantedItems = 16,
        FewTiles = 8;

    private readonly MatrixOperands<S, V> _o;
    private readonly int _groups,
        _blocks,
        _blockRows,
        _images,
        _rows,
        _panelsPerGroup,
        _tileWidth;

    public MatrixStep(MatrixOperands<S, V> operands, string description, int threads)
    {
        _o = operands;
        Description = description;
        MapLayout to = operands.Output.Layout;
        // Image biases and patches need to know where an image begins; other products see one tall matrix.
        bool perImage = operands.ImageBias is not null || operands.Gather is not null;
        _images = perImage ? to.Images : 1;
        _rows = perImage ? to.Plane : to.Pixels;
        int tile = MatrixKernel<S, V>.TileRows,
            tiles = (_rows + tile - 1) / tile,
            panels = operands.Weights.Panels,
            wanted = WantedItems / 2;
        bool makesRows = operands.Gather is not null || operands.Norm is not null;
        if (operands.Weights.Bytes <= BlockRows.SmallWeightBytes || (operands.Gather is not null && tiles > FewTiles))
        {
            _blockRows = tile * Math.Clamp(tiles * _images / WantedItems, 1, Math.Max(1, 56 / tile));
            if (operands.Gather is not null)
                wanted = 1;
        }
        else
        {
            // What does not stay in L2 is read as seldom as can be: by one thread alone where rows are few, else once for a thread's rows.
            _blockRows =
                tiles <= FewTiles
                    ? tiles * tile
                    : BlockRows.Choose(
                        _rows,
                        tile,
                        operands.Weights.Bytes,
                        Math.Max(1, RowStride) * sizeof(float),
                        (threads + _images - 1) / _images
                    );
            wanted = makesRows ? 2 * threads : WantedItems;
        }

        _blocks = (_rows + _blockRows - 1) / _blockRows;
        wanted = Math.Clamp((wanted + (_images * _blocks) - 1) / (_images * _blocks), 1, panels);
        _panelsPerGroup = (panels + wanted - 1) / wanted;
        _groups = (panels + _panelsPerGroup - 1) / _panelsPerGroup;
        _tileWidth = MatrixKernel<S, V>.PanelVectors * S.Lanes;
    }

    public override string Description { get; }

    public override int Items => _images * _blocks * _groups;

    public override long Work => (long)_o.Weights.Depth * _o.Weights.Columns * _images * _rows;

    public override IReadOnlyList<PackedMatrix> Matrices => [_o.Weights];

    public override IEnumerable<Slot> Slots => new[] { _o.Input, _o.ImageBias, _o.RankOne, _o.Other?.Map, _o.Output }.OfType<Slot>();

    public override long ScratchFloats =>
        (MatrixKernel<S, V>.MaxRows * _tileWidth) + ((_blockRows + MatrixKernel<S, V>.MaxRows) * (long)RowStride);

    private int RowStride =>
        _o.Gather is not null ? _o.Weights.Depth
        : _o.Norm is not null ? _o.Input!.Layout.Stride
        : 0;

    public override void Run(Frame frame, int item, float* scratch)
    {
        (int block, int group) = Math.DivRem(item, _groups);
        (int image, block) = Math.DivRem(block, _blocks);
        int first = block * _blockRows,
            count = Math.Min(_blockRows, _rows - first);
        nint pixel = ((nint)image * _rows) + first;
        float* tile = scratch,
            rows = scratch + (MatrixKernel<S, V>.MaxRows * _tileWidth);
        if (_o.Gather is { } gather)
        {
            if (_o.Input is { } map)
            {
                gather.Fill(frame[map] + ((nint)image * map.Layout.Plane * map.Layout.Stride), first, count, rows);
            }
            else
            {
                Graph.Tensor tensor = frame.Inputs[_o.GraphInput];
                fixed (float* data = tensor.Data)
                    gather.Fill(data + ((nint)image * (tensor.Data.Length / _images)), first, count, rows);
            }

            Multiply(frame, rows, _o.Weights.Depth, image, pixel, count, group, tile);
        }
        else if (_o.Norm is { } norm)
        {
            RowBlock input = frame.Rows(_o.Input!, pixel);
            LayerNormKernel<S, V>.Pixels(input.Row(0), input.Stride, rows, RowStride, count, norm);
            Multiply(frame, rows, RowStride, image, pixel, count, group, tile);
        }
        else
        {
            Multiply(frame, frame[_o.Input!] + (pixel * _o.Input!.Layout.Stride), _o.Input.Layout.Stride, image, pixel, count, group, tile);
        }
    }

    private void Multiply(Frame frame, float* a, nint lda, int image, nint pixel, int count, int group, float* tile)
    {
        int lastPanel = Math.Min((group + 1) * _panelsPerGroup, _o.Weights.Panels);
        for (int panel = group * _panelsPerGroup; panel < lastPanel; panel++)
        {
            int vectors = _o.Weights.PanelVectors(panel);
            WeightBlock next = _o.Weights.After(panel, Next);
            for (int row = 0; row < count; row += MatrixKernel<S, V>.TileRows)
            {
                int rows = Math.Min(MatrixKernel<S, V>.TileRows, count - row);
                MatrixKernel<S, V>.Tile(
                    rows,
                    _o.Weights.Depth,
                    a + (row * lda),
                    lda,
                    _o.Weights.Panel(panel),
                    vectors,
                    tile,
                    _tileWidth,
                    S.Lanes,
                    _o.Bias.Data + (panel * _tileWidth),
                    0,
                    S.Lanes,
                    next.Share(row / MatrixKernel<S, V>.TileRows, _o.Weights.Depth)
                );
                for (int v = 0; v < vectors; v++)
                    Finish(frame, tile + (v * S.Lanes), image, pixel + row, rows, (panel * _tileWidth) + (v * S.Lanes));
            }
        }
    }

    // Channels are rounded to 16 floats; a narrower vector may lie wholly in the rounding, where it does no harm.
    private void Finish(Frame frame, float* tile, int image, nint pixel, int rows, int column)
    {
        if (column >= _o.Output.Layout.Stride)
            return;
        V imageBias = _o.ImageBias is { } perImage
            ? S.Load(frame[perImage] + ((nint)image * perImage.Layout.Stride) + column)
            : S.Broadcast(0);
        V scale = _o.Other is { } scaled ? S.Load(scaled.Scale.Data + column) : S.Broadcast(1);
        float* target = frame[_o.Output] + (pixel * _o.Output.Layout.Stride) + column;
        float* other = TCombine.ReadsOther ? frame[_o.Other!.Map] + (pixel * _o.Other.Map.Layout.Stride) + column : null;
        nint otherStride = TCombine.ReadsOther ? _o.Other!.Map.Layout.Stride : 0;
        if (_o.RankOne is { } rankOne)
        {
            V columnValues = S.Load(_o.RankOneColumn!.Data + column);
            AddRankOne(tile, rows, frame[rankOne] + (pixel * rankOne.Layout.Stride), rankOne.Layout.Stride, columnValues);
        }

        MatrixEpilogue<S, V, TActivation, TCombine>.Column(
            tile,
            _tileWidth,
            rows,
            imageBias,
            target,
            _o.Output.Layout.Stride,
            other,
            otherStride,
            scale
        );
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.AggressiveOptimization)]
    private void AddRankOne(float* tile, int rows, float* factor, nint factorStride, V column)
    {
        for (int r = 0; r < rows; r++, tile += _tileWidth, factor += factorStride)
            S.Store(tile, S.MultiplyAdd(S.Broadcast(*factor), column, S.Load(tile)));
    }
}
