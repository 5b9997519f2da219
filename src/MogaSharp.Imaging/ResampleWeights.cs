using System.Buffers;

namespace MogaSharp.Imaging;

/// <summary>
/// For a run of output pixels along one axis: which source pixels count and with which fixed-point weight. The arithmetic, in
/// double precision and in this order, decides the last bit of the result; it must stay as it is. Owns pooled arrays.
/// </summary>
internal sealed class ResampleWeights : IDisposable
{
    /// <summary>Bits behind the point: 8 bits of sample and 2 bits of head-room for overshoot fit beside them.</summary>
    public const int PrecisionBits = 32 - 8 - 2;

    private readonly int[] _starts;
    private readonly int[] _counts;
    private readonly int[] _weights;
    private readonly int _taps;

    /// <summary>Computes the weights of outputs [first, first + length) of an axis resized from source to target pixels.</summary>
    public ResampleWeights(ResizeFilter filter, int source, int target, int first, int length)
    {
        double scale = (double)source / target;
        double filterScale = Math.Max(scale, 1.0);
        double support = Support(filter) * filterScale;
        double inverse = 1.0 / filterScale;
        _taps = ((int)Math.Ceiling(support) * 2) + 1;
        Length = length;
        _starts = ArrayPool<int>.Shared.Rent(length);
        _counts = ArrayPool<int>.Shared.Rent(length);
        _weights = ArrayPool<int>.Shared.Rent(checked(length * _taps));
        double[] raw = ArrayPool<double>.Shared.Rent(_taps);
        for (int i = 0; i < length; i++)
        {
            double center = (first + i + 0.5) * scale;
            int start = Math.Max((int)(center - support + 0.5), 0);
            int count = Math.Min((int)(center + support + 0.5), source) - start;
            double sum = 0;
            for (int tap = 0; tap < count; tap++)
            {
                raw[tap] = Evaluate(filter, (tap + start - center + 0.5) * inverse);
                sum += raw[tap];
            }
            _starts[i] = start;
            _counts[i] = count;
            for (int tap = 0; tap < count; tap++)
                _weights[(i * _taps) + tap] = ToFixed(sum != 0 ? raw[tap] / sum : raw[tap]);
        }
        ArrayPool<double>.Shared.Return(raw);
    }

    /// <summary>The number of output pixels.</summary>
    public int Length { get; }

    /// <summary>The first source pixel that any output needs.</summary>
    public int SourceFirst => _starts[0];

    /// <summary>One past the last source pixel that any output needs.</summary>
    public int SourceEnd => _starts[Length - 1] + _counts[Length - 1];

    /// <summary>The first source pixel of one output and the weights of it and those after it.</summary>
    public ReadOnlySpan<int> Of(int output, out int start)
    {
        start = _starts[output];
        return _weights.AsSpan(output * _taps, _counts[output]);
    }

    public void Dispose()
    {
        ArrayPool<int>.Shared.Return(_starts);
        ArrayPool<int>.Shared.Return(_counts);
        ArrayPool<int>.Shared.Return(_weights);
    }

    internal static double Support(ResizeFilter filter) =>
        filter switch
        {
            ResizeFilter.Box => 0.5,
            ResizeFilter.Bilinear or ResizeFilter.Hamming => 1,
            ResizeFilter.Bicubic => 2,
            ResizeFilter.Lanczos => 3,
            _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "The filter has no weights."),
        };

    internal static double Evaluate(ResizeFilter filter, double x)
    {
        double distance = Math.Abs(x);
        return filter switch
        {
            ResizeFilter.Box => x is > -0.5 and <= 0.5 ? 1 : 0,
            ResizeFilter.Bilinear => distance < 1 ? 1 - distance : 0,
            ResizeFilter.Hamming => Hamming(distance),
            ResizeFilter.Bicubic => Bicubic(distance),
            _ => x is >= -3 and < 3 ? Sinc(x) * Sinc(x / 3) : 0,
        };
    }

    private static double Hamming(double distance)
    {
        if (distance == 0)
            return 1;
        if (distance >= 1)
            return 0;
        double angle = distance * Math.PI;
        return Math.Sin(angle) / angle * (0.54 + (0.46 * Math.Cos(angle)));
    }

    private static double Bicubic(double distance)
    {
        const double A = -0.5;
        if (distance < 1)
            return ((((A + 2) * distance) - (A + 3)) * distance * distance) + 1;
        return distance < 2 ? ((((distance - 5) * distance) + 8) * distance - 4) * A : 0;
    }

    private static double Sinc(double x)
    {
        if (x == 0)
            return 1;
        double angle = x * Math.PI;
        return Math.Sin(angle) / angle;
    }

    private static int ToFixed(double weight) => (int)((weight * (1 << PrecisionBits)) + (weight < 0 ? -0.5 : 0.5));
}
