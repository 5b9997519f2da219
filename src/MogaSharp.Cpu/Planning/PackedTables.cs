using MogaSharp.Cpu.Kernels;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Planning;

/// <summary>Tables that steps read, kept in a store: positions and masks of attention, numbers that are resized to the map,
/// waves.</summary>
/// <param name="store">Where they are kept.</param>
/// <param name="lanes">Floats of a vector.</param>
internal sealed class PackedTables(PackedStore store, int lanes)
{
    /// <summary>
    /// What attention's scores start from, rows rounded up to whole vectors with numbers that are as good as minus infinity: without a
    /// position bias one row of zeros, with one a matrix (query, key) per head and rows behind the last that a tile may read.
    /// </summary>
    public VectorConstant ScoreStart(RelativePositionBias? op, int tokens) =>
        store.Get(
            new(PackedForm.ScoreStart, op?.Table) { A = tokens },
            () =>
            {
                int stride = (tokens + lanes - 1) / lanes * lanes,
                    rows = op is null ? 1 : op.Heads * tokens;
                var elements = new float[
                    (rows + (op is null ? 0 : MatrixKernel<Simd128, System.Runtime.Intrinsics.Vector128<float>>.MaxRows)) * stride
                ];
                elements.AsSpan().Fill(-1e30f);
                float[]? table = op is null ? null : store.Raw(op.Table);
                for (int row = 0; row < rows; row++)
                for (int key = 0; key < tokens; key++)
                    elements[(row * stride) + key] = table is null ? 0 : table[(op!.Row(row % tokens, key) * op.Heads) + (row / tokens)];
                return new VectorConstant(elements);
            }
        );

    /// <summary>
    /// The masks of windows (query, key; rows as in <see cref="ScoreStart"/>): of one away from the seam, one in the last row of windows,
    /// one in the last column, one in both.
    /// </summary>
    public VectorConstant ScoreMask(WindowMask op, Shape map) =>
        store.Get(
            new(PackedForm.ScoreMask)
            {
                A = op.Window,
                B = op.Shift,
                C = map[2],
                D = map[3],
            },
            () =>
            {
                int tokens = op.Window * op.Window,
                    stride = (tokens + lanes - 1) / lanes * lanes,
                    down = map[2] / op.Window,
                    across = map[3] / op.Window;
                var elements = new float[4 * tokens * stride];
                for (int kind = 1; kind < 4; kind++)
                {
                    int window = ((kind & 1) == 0 ? 0 : (down - 1) * across) + ((kind & 2) == 0 ? 0 : across - 1);
                    for (int query = 0; query < tokens; query++)
                    for (int key = 0; key < tokens; key++)
                        if (op.Separates(map, window, query, key))
                            elements[(((kind * tokens) + query) * stride) + key] = WindowMask.Masked;
                }

                return new VectorConstant(elements);
            }
        );

    /// <summary>The rows of a table, each rounded up to whole cache lines; zeros when absent.</summary>
    public VectorConstant Rows(string? table, int rows, int columns) =>
        store.Get(
            new(PackedForm.Rows, table) { A = rows, B = columns },
            () =>
            {
                float[] source = table is null ? new float[rows * columns] : store.Raw(table);
                int stride = MapLayout.RoundUp(columns);
                var elements = new float[source.Length / columns * stride];
                for (int i = 0; i < source.Length; i++)
                    elements[(i / columns * stride) + (i % columns)] = source[i];
                return new VectorConstant(elements);
            }
        );

    /// <summary>Numbers per channel and place, resized linearly (corners aligned): (place, channel) over the rounded channels.</summary>
    /// <param name="name">The weight: per channel <paramref name="size"/> numbers.</param>
    /// <param name="channels">Channels.</param>
    /// <param name="size">Places that are stored.</param>
    /// <param name="places">Places that are wanted.</param>
    public VectorConstant Resized(string name, int channels, int size, int places) =>
        store.Get(
            new(PackedForm.Resized, name) { A = places },
            () =>
            {
                float[] source = store.Raw(name);
                int stride = MapLayout.RoundUp(channels);
                var elements = new float[places * stride];
                for (int place = 0; place < places; place++)
                {
                    (int low, int high, double share) = Corners(place, size, places);
                    for (int c = 0; c < channels; c++)
                        elements[(place * stride) + c] = (float)(
                            (source[(c * size) + low] * (1 - share)) + (source[(c * size) + high] * share)
                        );
                }

                return new VectorConstant(elements);
            }
        );

    /// <summary>A spectral filter resized bilinearly (corners aligned): per place the real parts of the rounded channels, then the
    /// imaginary ones.</summary>
    public VectorConstant Filter(SpectralFilter op, int rows, int columns) =>
        store.Get(
            new(PackedForm.Filter, op.Weight) { A = rows, B = columns },
            () =>
            {
                float[] source = store.Raw(op.Weight);
                int stride = MapLayout.RoundUp(op.Channels);
                var elements = new float[rows * columns * 2 * stride];
                for (int v = 0; v < rows; v++)
                for (int u = 0; u < columns; u++)
                {
                    (int top, int bottom, double down) = Corners(v, op.Height, rows);
                    (int left, int right, double across) = Corners(u, op.Width, columns);
                    for (int part = 0; part < 2; part++)
                    for (int c = 0; c < op.Channels; c++)
                    {
                        double upper = ((1 - across) * Stored(c, top, left, part)) + (across * Stored(c, top, right, part));
                        double lower = ((1 - across) * Stored(c, bottom, left, part)) + (across * Stored(c, bottom, right, part));
                        elements[(((((v * columns) + u) * 2) + part) * stride) + c] = (float)(((1 - down) * upper) + (down * lower));
                    }
                }

                return new VectorConstant(elements);

                double Stored(int c, int row, int column, int part) => source[(((((c * op.Height) + row) * op.Width) + column) * 2) + part];
            }
        );

    /// <summary>The cosines and sines of a side.</summary>
    public Waves Waves(int side) =>
        new(
            side,
            store.Get(
                new(PackedForm.Waves) { A = side },
                () =>
                    new VectorConstant([
                        .. Enumerable.Range(0, side).Select(k => (float)Math.Cos(2 * Math.PI * k / side)),
                        .. Enumerable.Range(0, side).Select(k => (float)Math.Sin(2 * Math.PI * k / side)),
                    ])
            )
        );

    // Between which two of `size` places the place i of `places` lies, and how far from the first.
    private static (int Low, int High, double Share) Corners(int i, int size, int places)
    {
        double place = places > 1 ? (double)i * (size - 1) / (places - 1) : 0;
        int low = Math.Min((int)place, size - 1);
        return (low, Math.Min(low + 1, size - 1), place - low);
    }
}
