using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Tests.Support;

namespace MogaSharp.Cpu.Tests.Kernels;

[Trait("Isa", "Kernel")]
public sealed unsafe class MatrixKernelTests
{
    /// <summary>What the sums start from.</summary>
    public enum Start
    {
        Bias,
        Result,
    }

    public static TheoryData<int, int, Start> Cases
    {
        get
        {
            var data = new TheoryData<int, int, Start>();
            foreach (int lanes in new[] { 4, 8, 16 })
            foreach (int vectors in new[] { 1, 2 })
            foreach (Start start in Enum.GetValues<Start>())
                data.Add(lanes, vectors, start);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_tile_is_the_product_of_all_rows_and_depths(int lanes, int vectors, Start startsFrom)
    {
        IKernels kernels = Widths.Get(lanes);
        var random = new Random(lanes + vectors);
        int width = vectors * lanes;
        for (int depth = 0; depth <= 70; depth++)
        for (int rows = 1; rows <= kernels.TileRows; rows++)
        {
            // The vectors of a row lie side by side, or in planes of their own.
            int done = kernels.RowsDone(rows, vectors),
                lda = depth + random.Next(4);
            (int ldc, int cv) = random.Next(2) == 0 ? (width + random.Next(9), lanes) : (lanes, (done * lanes) + random.Next(9));
            // Rows past the last may be read and written, whatever stands there.
            using var a = new GuardedMemory(Math.Max(1, ((done - 1) * lda) + depth));
            using var b = new GuardedMemory(Math.Max(1, depth * width));
            using var c = new GuardedMemory(((done - 1) * ldc) + ((vectors - 1) * cv) + lanes);
            using var bias = new GuardedMemory(width);
            for (int i = 0; i < rows * lda && i < a.Length; i++)
                a.Data[i] = Signed(random);
            foreach (ref float x in b.Span)
                x = Signed(random);
            foreach (ref float x in c.Span)
                x = Signed(random);
            foreach (ref float x in bias.Span)
                x = Signed(random);
            float[] before = c.Span.ToArray();
            bool fromBias = startsFrom == Start.Bias;
            kernels.Tile(
                rows,
                depth,
                a.Data,
                lda,
                b.Data,
                vectors,
                c.Data,
                ldc,
                cv,
                fromBias ? bias.Data : c.Data,
                fromBias ? 0 : ldc,
                fromBias ? lanes : cv
            );
            bool[] isResult = new bool[c.Length];
            for (int r = 0; r < done; r++)
            for (int j = 0; j < width; j++)
            {
                int at = (r * ldc) + (j / lanes * cv) + (j % lanes);
                isResult[at] = true;
                if (r >= rows)
                    continue;
                double exact = fromBias ? bias.Data[j] : before[at],
                    magnitude = Math.Abs(exact);
                for (int k = 0; k < depth; k++)
                {
                    double product = (double)a.Data[(r * lda) + k] * b.Data[(k * width) + j];
                    exact += product;
                    magnitude += Math.Abs(product);
                }

                // Two roundings a step where the machine cannot fuse them.
                double bound = 2 * (depth + 1) * magnitude / (1 << 24);
                Assert.True(Math.Abs(c.Data[at] - exact) <= bound, $"depth {depth}, rows {rows}, element {r},{j}");
            }

            for (int i = 0; i < c.Length; i++)
                Assert.True(isResult[i] || c.Data[i] == before[i], $"depth {depth}, rows {rows}: float {i} is touched");
        }
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void A_row_has_the_same_bits_in_whichever_tile_it_lies(int lanes)
    {
        IKernels kernels = Widths.Get(lanes);
        var random = new Random(7);
        const int Depth = 61;
        int width = 2 * lanes,
            most = kernels.MaxRows;
        using var a = new GuardedMemory(most * Depth);
        using var b = new GuardedMemory(Depth * width);
        using var c = new GuardedMemory(most * width);
        using var bias = new GuardedMemory(width);
        foreach (ref float x in a.Span)
            x = Signed(random);
        foreach (ref float x in b.Span)
            x = Signed(random);
        foreach (ref float x in bias.Span)
            x = Signed(random);
        kernels.Tile(1, Depth, a.Data, Depth, b.Data, 2, c.Data, width, lanes, bias.Data, 0, lanes);
        float[] alone = c.Span[..width].ToArray();
        for (int rows = 1; rows <= kernels.TileRows; rows++)
        for (int at = 0; at < rows; at++)
        {
            using var shifted = new GuardedMemory(most * Depth);
            foreach (ref float x in shifted.Span)
                x = Signed(random);
            new Span<float>(a.Data, Depth).CopyTo(shifted.Span[(at * Depth)..]);
            kernels.Tile(rows, Depth, shifted.Data, Depth, b.Data, 2, c.Data, width, lanes, bias.Data, 0, lanes);
            Assert.Equal(alone, c.Span.Slice(at * width, width).ToArray());
        }
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Tiles_say_how_many_rows_they_do(int lanes)
    {
        IKernels kernels = Widths.Get(lanes);
        for (int vectors = 1; vectors <= 2; vectors++)
        for (int rows = 1; rows <= 60; rows++)
        {
            int done = kernels.RowsDone(rows, vectors);
            Assert.InRange(done, rows, rows + 6);
            Assert.InRange(done - ((rows - 1) / kernels.TileRows * kernels.TileRows), 1, kernels.MaxRows);
        }
    }

    [Theory]
    [InlineData(1, 4)]
    [InlineData(7, 8)]
    [InlineData(16, 16)]
    [InlineData(33, 16)]
    [InlineData(70, 8)]
    public void Packing_puts_columns_into_panels_and_fills_up_with_zeros(int columns, int lanes)
    {
        const int Depth = 5;
        // Columns lie one after another and, here, from the last row to the first.
        var source = new float[columns * Depth];
        for (int j = 0; j < columns; j++)
        for (int k = 0; k < Depth; k++)
            source[(j * Depth) + Depth - 1 - k] = (100 * k) + j + 1;
        using var packed = PackedMatrix.Create(columns, lanes, source, [4, 3, 2, 1, 0]);
        Assert.Equal((columns + lanes - 1) / lanes, packed.Vectors);
        Assert.Equal((packed.Vectors + 1) / 2, packed.Panels);
        int column = 0;
        for (int panel = 0; panel < packed.Panels; panel++)
        {
            int width = packed.PanelVectors(panel) * lanes;
            Assert.Equal(panel < packed.Panels - 1 || packed.Vectors % 2 == 0 ? 2 * lanes : lanes, width);
            for (int k = 0; k < Depth; k++)
            for (int j = 0; j < width; j++)
                Assert.Equal(column + j < columns ? (100 * k) + column + j + 1 : 0, packed.Panel(panel)[(k * width) + j]);
            column += width;
        }
    }

    private static float Signed(Random random) => (2 * random.NextSingle()) - 1;
}
