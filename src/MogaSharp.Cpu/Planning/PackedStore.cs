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
    private readonly ConcurrentDictionary<PackedKey, Lazy<NativeFloats>> _forms = new();
    private volatile WeightSet _weights = weights;

    /// <summary>What steps read besides weights, some of it made anew for each size of the map.</summary>
    public PackedTables Tables => field ??= new(this, lanes);

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
            new(PackedForm.ConvMatrix, op.Weight) { A = planar ? 1 : 0 },
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

    /// <summary>A 3x3 convolution's weight (O, I, 3, 3) transformed for <see cref="WinogradKernel{S, V}"/>: rows (point, i), columns
    /// o.</summary>
    public PackedMatrix WinogradMatrix(Conv2d op) =>
        Get(
            new(PackedForm.WinogradMatrix, op.Weight),
            () => PackedMatrix.Create(op.OutChannels, lanes, WinogradWeights.Transform(Raw(op.Weight)), WinogradWeights.Rows(op.InChannels))
        );

    /// <summary>One group's share of a convolution's weight, as <see cref="ConvMatrix"/>.</summary>
    public PackedMatrix GroupMatrix(Conv2d op, int group) =>
        Get(
            new(PackedForm.GroupMatrix, op.Weight) { A = group },
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
            new(PackedForm.LinearMatrix, op.Weight),
            () => PackedMatrix.Create(op.OutFeatures, lanes, Raw(op.Weight), [.. Enumerable.Range(0, op.InFeatures)])
        );

    /// <summary>A transposed convolution's weight as the matrix of the plain one.</summary>
    public PackedMatrix TransposedMatrix(TransposedKernel kernel) =>
        Get(
            new(PackedForm.TransposedMatrix, kernel.Op.Weight),
            () =>
            {
                int rows = kernel.Taps * kernel.Taps * kernel.Op.InChannels;
                return PackedMatrix.Create(kernel.Columns, lanes, kernel.Arrange(Raw(kernel.Op.Weight)), [.. Enumerable.Range(0, rows)]);
            }
        );

    /// <summary>A vector over and over; zeros when absent.</summary>
    /// <param name="name">The vector.</param>
    /// <param name="period">Its length.</param>
    /// <param name="length">Elements in all.</param>
    public VectorConstant Tiled(string? name, int period, int length) =>
        name is null
            ? Vector(length, null)
            : Get(
                new(PackedForm.Tiled, name) { A = length },
                () => new VectorConstant([.. Enumerable.Range(0, length).Select(i => Raw(name)[i % period])])
            );

    /// <summary>A depthwise weight (C, 1, k, k) by panels, placed at a channel among more.</summary>
    public PanelWeights DepthwisePanels(Conv2d op, int start, int channels) =>
        Get(
            new(PackedForm.Panels, op.Weight) { A = start, B = channels },
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
            new(PackedForm.Taps, op.Weight),
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

    /// <summary>The sum of one or two vectors, absent ones being zero.</summary>
    public VectorConstant Vector(int length, string? name, string? second = null) =>
        Get(
            new(PackedForm.Sum, name, second) { A = length },
            () =>
            {
                var sum = new float[length];
                foreach (string term in new[] { name, second }.OfType<string>())
                    for (int i = 0; i < length; i++)
                        sum[i] += Raw(term)[i];
                return new VectorConstant(sum);
            }
        );

    /// <summary>A vector, or ones when absent.</summary>
    public VectorConstant VectorOrOnes(int length, string? name) =>
        name is not null
            ? Vector(length, name)
            : Get(new(PackedForm.Ones) { A = length }, () => new VectorConstant([.. Enumerable.Repeat(1f, length)]));

    /// <summary>A vector placed at a channel among more.</summary>
    public VectorConstant Placed(string? name, int start, int length, int channels) =>
        Get(
            new(PackedForm.Placed, name)
            {
                A = start,
                B = length,
                C = channels,
            },
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
            new(PackedForm.Mask)
            {
                A = start,
                B = length,
                C = channels,
            },
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
            new(PackedForm.InverseDeviation, op.Prefix),
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

    /// <summary>Frees all forms.</summary>
    public void Dispose()
    {
        foreach (Lazy<NativeFloats> form in _forms.Values)
            if (form.IsValueCreated)
                form.Value.Dispose();
        _forms.Clear();
    }

    private static string? PackedWeight(Op op) =>
        op switch
        {
            Conv2d { InChannels: > 1, OutChannels: > 1 } conv => conv.Weight,
            Linear linear => linear.Weight,
            ConvTranspose2d conv => conv.Weight,
            _ => null,
        };

    /// <summary>A form, made when it is not there.</summary>
    internal T Get<T>(PackedKey key, Func<T> make)
        where T : NativeFloats => (T)_forms.GetOrAdd(key, _ => new Lazy<NativeFloats>(make)).Value;
}
