using System.Runtime.CompilerServices;

namespace MogaSharp.Cpu.Kernels;

/// <summary>
/// The right-hand side of a matrix product, rearranged once: panels of two vectors (the last may be one), each depth-major,
/// columns past the last filled with zeros.
/// </summary>
internal sealed unsafe class PackedMatrix : NativeFloats
{
    private PackedMatrix(int depth, int columns, int lanes)
        : base(Math.Max(depth, 1) * (long)((columns + lanes - 1) / lanes) * lanes)
    {
        Depth = depth;
        Columns = columns;
        Vectors = (columns + lanes - 1) / lanes;
        Lanes = lanes;
    }

    /// <summary>Rows of the matrix.</summary>
    public int Depth { get; }

    /// <summary>Columns that mean something.</summary>
    public int Columns { get; }

    /// <summary>Columns in vectors, rounded up.</summary>
    public int Vectors { get; }

    /// <summary>Panels, the last possibly one vector wide.</summary>
    public int Panels => (Vectors + 1) / 2;

    private int Lanes { get; }

    /// <summary>Packs a matrix whose columns lie one after another, each in an order of its own.</summary>
    /// <param name="columns">Columns.</param>
    /// <param name="lanes">Floats in a vector.</param>
    /// <param name="source">The elements; column after column, all of the same length.</param>
    /// <param name="rows">Where a row's element lies in a column: one entry per row.</param>
    public static PackedMatrix Create(int columns, int lanes, ReadOnlySpan<float> source, ReadOnlySpan<int> rows)
    {
        var packed = new PackedMatrix(rows.Length, columns, lanes);
        for (int panel = 0; panel < packed.Panels; panel++)
        {
            float* target = packed.Panel(panel);
            int first = panel * 2 * lanes, width = packed.PanelVectors(panel) * lanes;
            for (int j = 0; j < width; j++)
            {
                if (first + j >= columns)
                {
                    for (int k = 0; k < rows.Length; k++) target[(k * width) + j] = 0;
                    continue;
                }

                Spread(source.Slice((first + j) * rows.Length, rows.Length), rows, target + j, width);
            }
        }

        return packed;
    }

    // Compiled fully at its first call: all weights pass through it before the first run.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Spread(ReadOnlySpan<float> column, ReadOnlySpan<int> rows, float* target, int width)
    {
        for (int k = 0; k < rows.Length; k++) target[(nint)k * width] = column[rows[k]];
    }

    /// <summary>The first float of a panel.</summary>
    public float* Panel(int index) => Data + ((nint)index * 2 * Lanes * Depth);

    /// <summary>Some rows of a panel.</summary>
    public WeightBlock Block(int panel, int firstRow, int rows) =>
        new(Panel(panel) + ((nint)firstRow * PanelVectors(panel) * Lanes), (nint)rows * PanelVectors(panel) * Lanes);

    /// <summary>What is needed after a panel, and may be brought while it is read: the panel after it, or another matrix's first.</summary>
    /// <param name="panel">The panel.</param>
    /// <param name="next">The matrix that is needed after this one; null when not known, which gives the panel itself.</param>
    public WeightBlock After(int panel, PackedMatrix? next) =>
        panel + 1 < Panels ? Block(panel + 1, 0, Depth) : next is not null ? next.Block(0, 0, next.Depth) : Block(panel, 0, Depth);

    /// <summary>The width of a panel, 1 or 2 vectors.</summary>
    public int PanelVectors(int index) => Math.Min(2, Vectors - (2 * index));
}

/// <summary>A range of packed weights.</summary>
/// <param name="Data">The first float.</param>
/// <param name="Floats">How many.</param>
internal readonly unsafe record struct WeightBlock(nint Data, nint Floats)
{
    private const int LineFloats = 16;

    public WeightBlock(float* data, nint floats)
        : this((nint)data, floats)
    {
    }

    /// <summary>
    /// Where a tile begins to bring this block to L2: its share of it. Each tile brings one cache line per step of its depth, so the first
    /// few bring all of it.
    /// </summary>
    /// <param name="tile">The tile's number on its panel.</param>
    /// <param name="depth">The tile's depth.</param>
    public float* Share(int tile, int depth)
    {
        nint from = (nint)tile * depth * LineFloats;
        return (float*)Data + (from < Floats ? from : 0);
    }
}
