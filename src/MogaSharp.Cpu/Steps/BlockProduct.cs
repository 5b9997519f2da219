using MogaSharp.Cpu.Kernels;

namespace MogaSharp.Cpu.Steps;

/// <summary>Where rows of floats lie.</summary>
/// <param name="Data">The first.</param>
/// <param name="Stride">Floats from row to row.</param>
internal readonly unsafe record struct RowBlock(nint Data, nint Stride)
{
    public RowBlock(float* data, nint stride)
        : this((nint)data, stride) { }

    public float* Row(nint row) => (float*)Data + (row * Stride);
}

/// <summary>A 1x1 convolution of the rows of a block, for the steps that make several of them one after another.</summary>
internal static unsafe class BlockProduct<S, V>
    where S : struct, ISimd<V>
    where V : struct
{
    /// <summary>Floats of a tile of sums.</summary>
    public static int TileFloats => MatrixKernel<S, V>.MaxRows * TileWidth;

    private static int TileWidth => MatrixKernel<S, V>.PanelVectors * S.Lanes;

    /// <summary>target = combine(activation(a weights + bias), other).</summary>
    /// <param name="a">Rows of floats, with room for <see cref="MatrixKernel{S, V}.MaxRows"/> more.</param>
    /// <param name="weights">The matrix.</param>
    /// <param name="bias">One number per column.</param>
    /// <param name="next">The matrix that is needed after this one.</param>
    /// <param name="count">Rows.</param>
    /// <param name="tile">Room for <see cref="TileFloats"/>.</param>
    /// <param name="target">Where the rows go; vectors that begin past its stride are left out.</param>
    /// <param name="other">What they are combined with.</param>
    /// <param name="scale">Its factor per column; null for one.</param>
    public static void Run<A, C>(
        RowBlock a,
        PackedMatrix weights,
        VectorConstant bias,
        PackedMatrix? next,
        int count,
        float* tile,
        RowBlock target,
        RowBlock other = default,
        VectorConstant? scale = null
    )
        where A : struct, IActivation
        where C : struct, ICombine
    {
        for (int panel = 0; panel < weights.Panels; panel++)
        {
            int vectors = weights.PanelVectors(panel),
                column = panel * TileWidth;
            WeightBlock following = weights.After(panel, next);
            for (int row = 0, number = 0; row < count; row += MatrixKernel<S, V>.TileRows, number++)
            {
                int rows = Math.Min(MatrixKernel<S, V>.TileRows, count - row);
                MatrixKernel<S, V>.Tile(
                    rows,
                    weights.Depth,
                    a.Row(row),
                    a.Stride,
                    weights.Panel(panel),
                    vectors,
                    tile,
                    TileWidth,
                    S.Lanes,
                    bias.Data + column,
                    0,
                    S.Lanes,
                    following.Share(number, weights.Depth)
                );
                for (int v = 0; v < vectors; v++)
                {
                    int at = column + (v * S.Lanes);
                    // Narrow vectors may lie wholly in the rounding of the channels.
                    if (at >= target.Stride)
                        continue;
                    MatrixEpilogue<S, V, A, C>.Column(
                        tile + (v * S.Lanes),
                        TileWidth,
                        rows,
                        S.Broadcast(0),
                        target.Row(row) + at,
                        target.Stride,
                        C.ReadsOther ? other.Row(row) + at : null,
                        other.Stride,
                        scale is null ? S.Broadcast(1) : S.Load(scale.Data + at)
                    );
                }
            }
        }
    }
}

/// <summary>How many rows a step of several products takes at a time.</summary>
internal static class BlockRows
{
    /// <summary>Matrices up to this stay in L2 together with what they are multiplied with.</summary>
    public const int SmallWeightBytes = 512 << 10;

    private const int MaxTilesInL1 = 8,
        MaxTilesInL2 = 24,
        MaxBytes = 800 << 10;

    /// <summary>
    /// Small blocks where the weights stay in L2 anyway, larger ones where each block has to read them anew. Among those that are small
    /// enough, the largest of those that leave the least to the busiest thread.
    /// </summary>
    /// <param name="pixels">Pixels in all.</param>
    /// <param name="tile">Rows of a tile.</param>
    /// <param name="weightBytes">Bytes of all matrices.</param>
    /// <param name="rowBytes">Bytes that a row needs in private memory.</param>
    /// <param name="threads">Threads.</param>
    public static int Choose(int pixels, int tile, long weightBytes, long rowBytes, int threads)
    {
        int tiles = (pixels + tile - 1) / tile,
            perThread = (tiles + threads - 1) / threads;
        bool isSmall = weightBytes <= SmallWeightBytes;
        int most = Math.Clamp((int)(MaxBytes / (rowBytes * tile)), 1, Math.Clamp(perThread, 1, isSmall ? MaxTilesInL1 : MaxTilesInL2));
        return tile
            * Enumerable
                .Range(1, most)
                .OrderBy(size => (((tiles + size - 1) / size) + threads - 1) / threads * size * (isSmall ? 1 : 1 + (1.0 / size)))
                .ThenByDescending(size => size)
                .First();
    }
}
