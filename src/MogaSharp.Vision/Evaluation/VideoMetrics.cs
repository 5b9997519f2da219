namespace MogaSharp.Vision;

/// <summary>
/// Compares predicted frames with true ones, as <c>video_prediction/simvp/core/metrics.py</c> of the official code does. Two of its
/// numbers are not what their names say, so both are here twice: <see cref="OfficialSsim"/> is what the papers print (computed
/// for values from -1 to 1, although they are from 0 to 1, which brings it closer to 1) and <see cref="Ssim"/> is right;
/// <see cref="OfficialPsnr"/> is what that code gives (its 8-bit differences wrap around, so that errors of more than 15 gray levels
/// count as small ones) and <see cref="Psnr"/> is right. Not safe to use from many threads at once: count in parts and
/// <see cref="Merge"/>.
/// </summary>
public sealed class VideoMetrics : IEvaluator
{
    private readonly int _channels;
    private readonly int _height;
    private readonly int _width;
    private readonly float _mean;
    private readonly float _deviation;
    private FrameScores _sum;

    /// <summary>Nothing is counted yet.</summary>
    /// <param name="channels">The planes of a frame.</param>
    /// <param name="height">The height of a frame in pixels.</param>
    /// <param name="width">The width of a frame in pixels.</param>
    /// <param name="mean">The mean that was taken off the frames, to bring them back to 0..1.</param>
    /// <param name="deviation">The standard deviation that the frames were divided by.</param>
    public VideoMetrics(int channels, int height, int width, float mean = 0, float deviation = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(channels);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        (_channels, _height, _width, _mean, _deviation) = (channels, height, width, mean, deviation);
    }

    /// <summary>The frames compared.</summary>
    public long Frames { get; private set; }

    /// <inheritdoc/>
    public long Count => Frames;

    /// <summary>The squared error, summed over channels and pixels of a frame, mean over all frames: the papers' MSE. NaN before the first
    /// frame.</summary>
    public double Mse => _sum.Squared / Frames;

    /// <summary>The absolute error, summed over channels and pixels of a frame, mean over all frames: the papers' MAE.</summary>
    public double Mae => _sum.Absolute / Frames;

    /// <summary>The root of <see cref="Mse"/>.</summary>
    public double Rmse => Math.Sqrt(Mse);

    /// <summary>The squared error, mean over channels and pixels: the official code's <c>spatial_norm</c>.</summary>
    public double MseSpatialNorm => Mse / FrameLength;

    /// <summary>The absolute error, mean over channels and pixels.</summary>
    public double MaeSpatialNorm => Mae / FrameLength;

    /// <summary>The root of <see cref="MseSpatialNorm"/>.</summary>
    public double RmseSpatialNorm => Math.Sqrt(MseSpatialNorm);

    /// <summary>Structural similarity as the papers print it: for a data range of 2. At most 1; NaN for frames of less than 7 pixels a
    /// side.</summary>
    public double OfficialSsim => _sum.SsimRange2 / Frames;

    /// <summary>Structural similarity for the data range of 1 that the values have. At most 1; NaN for frames of less than 7 pixels a
    /// side.</summary>
    public double Ssim => _sum.SsimRange1 / Frames;

    /// <summary>Peak signal-to-noise ratio in dB, mean over all frames, of the values as they are; infinite when a frame is predicted
    /// exactly.</summary>
    public double Psnr => _sum.Psnr / Frames;

    /// <summary>As <see cref="Psnr"/>, of the values cut to 8 bits.</summary>
    public double Psnr8Bit => _sum.Psnr8Bit / Frames;

    /// <summary>What the official code prints as PSNR: 8-bit values whose difference and square wrap around. Only for comparison with
    /// it.</summary>
    public double OfficialPsnr => _sum.PsnrWrapped / Frames;

    private int FrameLength => _channels * _height * _width;

    /// <summary>Compares frames, on all processors.</summary>
    /// <param name="predicted">frames x channels x height x width. SSIM and PSNR take it cut to 0..1, the others as it is.</param>
    /// <param name="truth">As many values.</param>
    /// <exception cref="ArgumentException">The numbers of values differ, or are no whole number of frames.</exception>
    public void Add(ReadOnlyMemory<float> predicted, ReadOnlyMemory<float> truth)
    {
        if (predicted.Length != truth.Length || predicted.Length % FrameLength != 0)
            throw new ArgumentException(
                $"{predicted.Length} predicted and {truth.Length} true values are not whole frames of {FrameLength}.",
                nameof(predicted)
            );
        var scores = new FrameScores[predicted.Length / FrameLength];
        Parallel.For(
            0,
            scores.Length,
            i =>
                scores[i] = FrameScores.Of(
                    Scaled(predicted.Span.Slice(i * FrameLength, FrameLength)),
                    Scaled(truth.Span.Slice(i * FrameLength, FrameLength)),
                    _channels,
                    _height,
                    _width
                )
        );
        // In the order of the frames, so that the sum does not depend on who was first.
        foreach (FrameScores score in scores)
            _sum += score;
        Frames += scores.Length;
    }

    /// <inheritdoc/>
    public byte[] Save()
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        writer.Write(_channels);
        writer.Write(_height);
        writer.Write(_width);
        writer.Write(Frames);
        foreach (double sum in _sum.ToArray())
            writer.Write(sum);
        writer.Flush();
        return bytes.ToArray();
    }

    /// <inheritdoc/>
    public void Merge(ReadOnlySpan<byte> saved)
    {
        const int Length = (3 * sizeof(int)) + sizeof(long) + (FrameScores.Count * sizeof(double));
        if (saved.Length != Length)
            throw new ArgumentException("These bytes are not scores of frames.", nameof(saved));
        using var reader = new BinaryReader(new MemoryStream(saved.ToArray()));
        (int channels, int height, int width) = (reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32());
        if ((channels, height, width) != (_channels, _height, _width))
            throw new ArgumentException(
                $"Scores of frames of {channels} x {height} x {width} cannot be added to those of {_channels} x {_height} x {_width}.",
                nameof(saved)
            );
        Frames += reader.ReadInt64();
        double[] sums = new double[FrameScores.Count];
        for (int i = 0; i < sums.Length; i++)
            sums[i] = reader.ReadDouble();
        _sum += FrameScores.From(sums);
    }

    /// <inheritdoc/>
    /// <remarks>Named as <c>moga eval</c> prints them; <c>ssim_official</c> and <c>psnr_official</c> are what the official code
    /// calls SSIM and PSNR.</remarks>
    public IReadOnlyDictionary<string, double> Figures() =>
        new OrderedDictionary<string, double>
        {
            ["mse"] = Mse,
            ["mae"] = Mae,
            ["rmse"] = Rmse,
            ["mse_spatial_norm"] = MseSpatialNorm,
            ["mae_spatial_norm"] = MaeSpatialNorm,
            ["ssim"] = Ssim,
            ["ssim_official"] = OfficialSsim,
            ["psnr"] = Psnr,
            ["psnr_8bit"] = Psnr8Bit,
            ["psnr_official"] = OfficialPsnr,
        };

    // In single precision, as the official code computes.
    private float[] Scaled(ReadOnlySpan<float> values)
    {
        float[] scaled = new float[values.Length];
        for (int i = 0; i < scaled.Length; i++)
            scaled[i] = (values[i] * _deviation) + _mean;
        return scaled;
    }
}

/// <summary>The scores of one frame.</summary>
internal readonly record struct FrameScores(
    double Squared,
    double Absolute,
    double SsimRange1,
    double SsimRange2,
    double Psnr,
    double Psnr8Bit,
    double PsnrWrapped
)
{
    public const int Count = 7;

    public double[] ToArray() => [Squared, Absolute, SsimRange1, SsimRange2, Psnr, Psnr8Bit, PsnrWrapped];

    public static FrameScores From(ReadOnlySpan<double> sums) => new(sums[0], sums[1], sums[2], sums[3], sums[4], sums[5], sums[6]);

    public static FrameScores operator +(FrameScores a, FrameScores b) =>
        new(
            a.Squared + b.Squared,
            a.Absolute + b.Absolute,
            a.SsimRange1 + b.SsimRange1,
            a.SsimRange2 + b.SsimRange2,
            a.Psnr + b.Psnr,
            a.Psnr8Bit + b.Psnr8Bit,
            a.PsnrWrapped + b.PsnrWrapped
        );

    /// <summary>Compares a frame. The prediction is overwritten with its values cut to 0..1.</summary>
    public static FrameScores Of(float[] predicted, float[] truth, int channels, int height, int width)
    {
        double squared = 0,
            absolute = 0,
            cut = 0;
        long steps = 0,
            wrapped = 0;
        for (int i = 0; i < predicted.Length; i++)
        {
            double error = (double)predicted[i] - truth[i];
            squared += error * error;
            absolute += Math.Abs(error);
            float value = predicted[i] = Math.Clamp(predicted[i], 0, 1);
            double cutError = (double)value - truth[i];
            cut += cutError * cutError;
            int step = ToByte(value) - ToByte(truth[i]);
            steps += step * step;
            wrapped += (byte)((byte)step * (byte)step);
        }
        double count = predicted.Length;
        Span<double> ssim = stackalloc double[2];
        StructuralSimilarity.Of(predicted, truth, channels, height, width, [1, 2], ssim);
        return new FrameScores(
            squared,
            absolute,
            ssim[0],
            ssim[1],
            Decibels(1, cut / count),
            Decibels(255, steps / count),
            Decibels(255, wrapped / count)
        );
    }

    // NumPy cuts the fraction off, and keeps the low eight bits of what is outside.
    private static byte ToByte(float value) => unchecked((byte)(int)(value * 255));

    private static double Decibels(double peak, double mse) => (20 * Math.Log10(peak)) - (10 * Math.Log10(mse));
}
