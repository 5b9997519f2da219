using System.Collections.Concurrent;
using MogaSharp.Cpu.Kernels;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Planning;

/// <summary>
/// Weights in the forms that the kernels read, made when a plan first asks and shared by all plans of a session. Owns the
/// native memory. Plans may be compiled at the same time.
/// </summary>
internal sealed class PackedStore(WeightSet weights, int lanes) : IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<NativeFloats>> _forms = new(StringComparer.Ordinal);
    private volatile WeightSet _weights = weights;

    /// <summary>Bytes of all forms.</summary>
    public long Bytes => _forms.Values.Where(form => form.IsValueCreated).Sum(form => form.Value.Bytes);

    /// <summary>Bytes of the weights that are kept as they are.</summary>
    public long RawBytes => _weights.Names.Sum(name => (long)_weights[name].Data.Length * sizeof(float));

    /// <summary>The elements as they are.</summary>
    public float[] Raw(string name) => _weights[name].Data;

    /// <summary>
    /// Lets go of the weights of convolutions and linear layers, once a plan has had them packed: their form depends on the graph alone, so
    /// that plans for other shapes find it. Kept are the small ones with one channel on a side, which patterns that fit some shapes only
    /// read as vectors, and all that is read in forms of another size for other shapes.
    /// </summary>
    /// <param name="graph">The graph that the plans are for.</param>
    public void Release(ComputationGraph graph)
    {
        string?[] packed = [.. graph.Values.Select(value => PackedWeight(value.Op))];
        var kept = graph
            .Values.Zip(packed)
            .SelectMany(pair => pair.First.Op.Parameters.Where(name => name != pair.Second))
            .ToHashSet(StringComparer.Ordinal);
        _weights = new WeightSet(kept.Select(name => KeyValuePair.Create(name, _weights[name])));
    }

    /// <summary>A convolution's weight (O, I, k, k) as a matrix with rows (ky, kx, i), or (ky, i, kx) for planar patches, and columns
    /// o.</summary>
    public PackedMatrix ConvMatrix(Conv2d op, bool planar = false) =>
        Get(
            $"matrix {op.Weight} {planar}",
            () =>
            {
                int kernel = op.Kernel,
                    channels = op.InChannels;
                var rows = new int[kernel * kernel * channels];
                for (int row = 0; row < rows.Length; row++)
                {
                    (int ky, int rest) = Math.DivRem(row, kernel * channels);
                    (int i, int kx) = planar ? Math.DivRem(rest, kernel) : (rest % channels, rest / channels);
                    rows[row] = (((i * kernel) + ky) * kernel) + kx;
                }

                return PackedMatrix.Create(op.OutChannels, lanes, Raw(op.Weight), rows);
            }
        );

    /// <summary>One group's share of a convolution's weight, as <see cref="ConvMatrix"/>.</summary>
    public PackedMatrix GroupMatrix(Conv2d op, int group) =>
        Get(
            $"group {op.Weight} {group}",
            () =>
            {
                int channels = op.InChannels / op.Groups,
                    outputs = op.OutChannels / op.Groups,
                    area = op.Kernel * op.Kernel;
                int[] rows = [.. Enumerable.Range(0, area * channels).Select(row => (row % channels * area) + (row / channels))];
                return PackedMatrix.Create(
                    outputs,
                    lanes,
                    Raw(op.Weight).AsSpan(group * outputs * rows.Length, outputs * rows.Length),
                    rows
                );
            }
        );

    /// <summary>A linear layer's weight (O, I) as a matrix with rows i and columns o.</summary>
    public PackedMatrix LinearMatrix(Linear op) =>
        Get(
            $"matrix {op.Weight}",
            () => PackedMatrix.Create(op.OutFeatures, lanes, Raw(op.Weight), [.. Enumerable.Range(0, op.InFeatures)])
        );

    /// <summary>A depthwise weight (C, 1, k, k) by panels, placed at a channel among more.</summary>
    public PanelWeights DepthwisePanels(Conv2d op, int start, int channels) =>
        Get(
            $"panels {op.Weight} {start} {channels}",
            () =>
            {
                float[] weight = Raw(op.Weight);
                int taps = op.Kernel * op.Kernel;
                return new PanelWeights(
                    channels,
                    taps,
                    lanes,
                    (c, tap) => c >= start && c < start + op.OutChannels ? weight[((c - start) * taps) + tap] : 0
                );
            }
        );

    /// <summary>A depthwise weight as (tap, channel) over the rounded channels.</summary>
    public VectorConstant DepthwiseTaps(Conv2d op) =>
        Get(
            $"taps {op.Weight}",
            () =>
            {
                float[] weight = Raw(op.Weight);
                int taps = op.Kernel * op.Kernel,
                    stride = MapLayout.RoundUp(op.OutChannels);
                var elements = new float[taps * stride];
                for (int c = 0; c < op.OutChannels; c++)
                for (int tap = 0; tap < taps; tap++)
                    elements[(tap * stride) + c] = weight[(c * taps) + tap];
                return new VectorConstant(elements);
            }
        );

    /// <summary>The sum of vectors, absent ones being zero.</summary>
    public VectorConstant Vector(int length, params string?[] names) =>
        Get(
            $"sum {length} {string.Join(' ', names)}",
            () =>
            {
                var sum = new float[length];
                foreach (string name in names.OfType<string>())
                    for (int i = 0; i < length; i++)
                        sum[i] += Raw(name)[i];
                return new VectorConstant(sum);
            }
        );

    /// <summary>A vector, or ones when absent.</summary>
    public VectorConstant VectorOrOnes(int length, string? name) =>
        name is not null ? Vector(length, name) : Get($"ones {length}", () => new VectorConstant([.. Enumerable.Repeat(1f, length)]));

    /// <summary>A vector placed at a channel among more.</summary>
    public VectorConstant Placed(string? name, int start, int length, int channels) =>
        Get(
            $"placed {name} {start} {length} {channels}",
            () =>
            {
                var elements = new float[channels];
                if (name is not null)
                    Raw(name).AsSpan(0, length).CopyTo(elements.AsSpan(start));
                return new VectorConstant(elements);
            }
        );

    /// <summary>All bits set in a range of channels.</summary>
    public VectorConstant Mask(int start, int length, int channels) =>
        Get(
            $"mask {start} {length} {channels}",
            () =>
            {
                var elements = new float[channels];
                elements.AsSpan(start, length).Fill(BitConverter.Int32BitsToSingle(-1));
                return new VectorConstant(elements);
            }
        );

    /// <summary>weight / sqrt(variance + eps).</summary>
    public VectorConstant InverseDeviation(BatchNorm2d op) =>
        Get(
            $"inverse {op.Prefix}",
            () => new VectorConstant([.. Raw(op.Weight).Select((w, c) => (float)(w / Math.Sqrt(Raw(op.RunningVariance)[c] + op.Epsilon)))])
        );

    /// <summary>What a layer norm reads.</summary>
    public NormConstants Norm(LayerNorm op) =>
        new(
            op.Channels,
            (float)op.Epsilon,
            Raw(op.Weight).AsSpan().ContainsAnyExcept(1f) ? Vector(op.Channels, op.Weight) : null,
            Raw(op.Bias).AsSpan().ContainsAnyExcept(0f) ? Vector(op.Channels, op.Bias) : null,
            Mask(0, op.Channels, MapLayout.RoundUp(op.Channels))
        );

    /// <summary>
    /// What attention's scores start from, rows rounded up to whole vectors with numbers that are as good as minus infinity: without a
    /// position bias one row of zeros, with one a matrix (query, key) per head and rows behind the last that a tile may read.
    /// </summary>
    public VectorConstant ScoreStart(RelativePositionBias? op, int tokens) =>
        Get(
            $"score start {op?.Table} {tokens}",
            () =>
            {
                int stride = (tokens + lanes - 1) / lanes * lanes,
                    rows = op is null ? 1 : op.Heads * tokens;
                var elements = new float[
                    (rows + (op is null ? 0 : MatrixKernel<Simd128, System.Runtime.Intrinsics.Vector128<float>>.MostRows)) * stride
                ];
                elements.AsSpan().Fill(-1e30f);
                float[]? table = op is null ? null : Raw(op.Table);
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
        Get(
            $"score mask {op.Window} {op.Shift} {map[2]} {map[3]}",
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
        Get(
            $"rows {table} {rows} {columns}",
            () =>
            {
                float[] source = table is null ? new float[rows * columns] : Raw(table);
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
        Get(
            $"resized {name} {places}",
            () =>
            {
                float[] source = Raw(name);
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
        Get(
            $"filter {op.Weight} {rows} {columns}",
            () =>
            {
                float[] source = Raw(op.Weight);
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
            Get(
                $"waves {side}",
                () =>
                    new VectorConstant([
                        .. Enumerable.Range(0, side).Select(k => (float)Math.Cos(2 * Math.PI * k / side)),
                        .. Enumerable.Range(0, side).Select(k => (float)Math.Sin(2 * Math.PI * k / side)),
                    ])
            )
        );

    /// <summary>Frees all forms.</summary>
    public void Dispose()
    {
        foreach (Lazy<NativeFloats> form in _forms.Values)
            if (form.IsValueCreated)
                form.Value.Dispose();
        _forms.Clear();
    }

    // Between which two of `size` places the place i of `places` lies, and how far from the first.
    private static (int Low, int High, double Share) Corners(int i, int size, int places)
    {
        double place = places > 1 ? (double)i * (size - 1) / (places - 1) : 0;
        int low = Math.Min((int)place, size - 1);
        return (low, Math.Min(low + 1, size - 1), place - low);
    }

    private static string? PackedWeight(Op op) =>
        op switch
        {
            Conv2d { InChannels: > 1, OutChannels: > 1 } conv => conv.Weight,
            Linear linear => linear.Weight,
            _ => null,
        };

    private T Get<T>(string key, Func<T> make)
        where T : NativeFloats => (T)_forms.GetOrAdd(key, _ => new Lazy<NativeFloats>(make)).Value;
}
