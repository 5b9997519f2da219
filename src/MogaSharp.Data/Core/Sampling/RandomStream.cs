using System.Runtime.CompilerServices;

namespace MogaSharp.Data;

/// <summary>What random numbers are for. Streams of different purposes never share numbers.</summary>
public enum RandomPurpose
{
    /// <summary>The order of the images of an epoch.</summary>
    Order,

    /// <summary>Crop, flip and colors of one image.</summary>
    Augmentation,

    /// <summary>The erased boxes of one image.</summary>
    Erasing,

    /// <summary>Mixup and CutMix of one batch.</summary>
    Mixing,

    /// <summary>What a clip that is drawn at random shows.</summary>
    Clip,

    /// <summary>What a scene that is drawn at random shows.</summary>
    Scene,

    /// <summary>Which objects are pasted into one image.</summary>
    CopyPaste,
}

/// <summary>
/// Random numbers that are a pure function of seed, purpose, epoch and index, so that what an image gets depends neither on the
/// number of workers nor on their order, and any place of a training can be entered directly. The generator is Philox4x64 with ten
/// rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): the key is (seed, 0), the counter
/// (block, index, epoch, purpose), so two streams have no number in common. Not safe to use from many threads at once.
/// </summary>
public sealed class RandomStream
{
    private const int Rounds = 10;

    private readonly ulong _seed;
    private readonly ulong _index;
    private readonly ulong _epoch;
    private readonly ulong _purpose;
    private ulong _block;
    private Block _numbers;
    private int _next = Block.Length;
    private double _spareGaussian = double.NaN;

    /// <summary>Enters a stream at its first number.</summary>
    /// <param name="seed">The seed of the training.</param>
    /// <param name="purpose">What the numbers are for.</param>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="index">The image or batch within the epoch, from 0.</param>
    public RandomStream(long seed, RandomPurpose purpose, long epoch, long index)
        : this((ulong)seed, (ulong)index, (ulong)epoch, (ulong)purpose, 0) { }

    internal RandomStream(ulong seed, ulong index, ulong epoch, ulong purpose, ulong block)
    {
        _seed = seed;
        _index = index;
        _epoch = epoch;
        _purpose = purpose;
        _block = block;
    }

    /// <summary>A whole number, each of the 2^64 equally likely.</summary>
    public ulong NextUInt64()
    {
        if (_next == Block.Length)
        {
            _numbers = Philox(_block++);
            _next = 0;
        }
        return _numbers[_next++];
    }

    /// <summary>A number of [0, 1), a multiple of 2^-53.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A number between two others, the upper one excluded but for rounding.</summary>
    /// <param name="low">The lower end.</param>
    /// <param name="high">The upper end.</param>
    public double NextDouble(double low, double high) => low + ((high - low) * NextDouble());

    /// <summary>True with a given probability.</summary>
    /// <param name="probability">0 (never) to 1 (always).</param>
    public bool NextBool(double probability) => NextDouble() < probability;

    /// <summary>A whole number of 0 to count - 1, each exactly equally likely.</summary>
    /// <param name="count">At least 1.</param>
    public int NextInt(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        // Lemire, "Fast random integer generation in an interval" (2019): a rejected low half removes the bias.
        ulong range = (ulong)count,
            rejected = (0 - range) % range;
        while (true)
        {
            ulong high = Math.BigMul(NextUInt64(), range, out ulong low);
            if (low >= rejected)
                return (int)high;
        }
    }

    /// <summary>Brings numbers into random order, each order equally likely (Fisher and Yates).</summary>
    /// <param name="numbers">The numbers.</param>
    public void Shuffle(Span<int> numbers)
    {
        for (int i = numbers.Length - 1; i > 0; i--)
        {
            int other = NextInt(i + 1);
            (numbers[i], numbers[other]) = (numbers[other], numbers[i]);
        }
    }

    /// <summary>Bilinear or bicubic: timm's random interpolation.</summary>
    internal ResizeFilter NextFilter() => NextBool(0.5) ? ResizeFilter.Bilinear : ResizeFilter.Bicubic;

    /// <summary>A number of the normal distribution with mean 0 and standard deviation 1 (Box and Muller).</summary>
    public double NextGaussian()
    {
        if (!double.IsNaN(_spareGaussian))
        {
            double spare = _spareGaussian;
            _spareGaussian = double.NaN;
            return spare;
        }
        double radius = Math.Sqrt(-2 * Math.Log(1 - NextDouble()));
        (double sin, double cos) = Math.SinCos(2 * Math.PI * NextDouble());
        _spareGaussian = radius * sin;
        return radius * cos;
    }

    /// <summary>A number of the beta distribution with two equal parameters, symmetric about 0.5.</summary>
    /// <param name="alpha">The parameter, more than 0: small values give numbers near 0 or 1, large ones near 0.5.</param>
    public double NextBeta(double alpha)
    {
        if (!(alpha > 0))
            throw new ArgumentOutOfRangeException(nameof(alpha), alpha, "more than 0");
        if (alpha > 1)
        {
            double a = NextGamma(alpha),
                b = NextGamma(alpha);
            return a / (a + b);
        }
        // Joehnk (1964), in logarithms: for a small alpha both powers would be zero.
        while (true)
        {
            double x = Math.Log(1 - NextDouble()) / alpha,
                y = Math.Log(1 - NextDouble()) / alpha;
            double larger = Math.Max(x, y),
                sum = larger + Math.Log(Math.Exp(x - larger) + Math.Exp(y - larger));
            if (sum <= 0)
                return Math.Exp(x - sum);
        }
    }

    // Marsaglia and Tsang, "A simple method for generating gamma variables" (2000), for shapes above 1.
    private double NextGamma(double shape)
    {
        double d = shape - (1.0 / 3),
            c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            double x = NextGaussian(),
                root = 1 + (c * x),
                v = root * root * root;
            if (root > 0 && Math.Log(1 - NextDouble()) < (0.5 * x * x) + d - (d * v) + (d * Math.Log(v)))
                return d * v;
        }
    }

    private Block Philox(ulong block)
    {
        ulong x0 = block,
            x1 = _index,
            x2 = _epoch,
            x3 = _purpose,
            key0 = _seed,
            key1 = 0;
        for (int round = 0; round < Rounds; round++)
        {
            ulong high0 = Math.BigMul(0xD2E7470EE14C6C93, x0, out ulong low0);
            ulong high1 = Math.BigMul(0xCA5A826395121157, x2, out ulong low1);
            (x0, x1, x2, x3) = (high1 ^ x1 ^ key0, low1, high0 ^ x3 ^ key1, low0);
            key0 += 0x9E3779B97F4A7C15;
            key1 += 0xBB67AE8584CAA73B;
        }
        Block numbers = default;
        (numbers[0], numbers[1], numbers[2], numbers[3]) = (x0, x1, x2, x3);
        return numbers;
    }

    [InlineArray(Length)]
    private struct Block
    {
        public const int Length = 4;

        private ulong _first;
    }
}
