using FsCheck;
using FsCheck.Fluent;

namespace MogaSharp.Imaging.Tests;

/// <summary>Laws of the resizer, on random sizes, filters and pixels.</summary>
public sealed class ResamplerPropertyTests
{
    private static readonly Config Settings = Config.QuickThrowOnFailure.WithMaxTest(200).WithReplay(20240501, 1);

    private static readonly Arbitrary<Case> Cases = (
        from filter in Gen.Elements(
            ResizeFilter.Box,
            ResizeFilter.Bilinear,
            ResizeFilter.Hamming,
            ResizeFilter.Bicubic,
            ResizeFilter.Lanczos
        )
        from channels in Gen.Elements(1, 3)
        from width in Gen.Choose(1, 60)
        from height in Gen.Choose(1, 60)
        from newWidth in Gen.Choose(1, 60)
        from newHeight in Gen.Choose(1, 60)
        from seed in Gen.Choose(0, int.MaxValue)
        select new Case(filter, channels, width, height, newWidth, newHeight, seed)
    ).ToArbitrary();

    // On top of the rounding to whole samples, each of up to 361 weights is off by half a unit of its 22 bits.
    private const double Tolerance = 0.5 + (361 * 255.0 / (1 << 23));

    [Fact]
    public void Each_direction_alone_is_a_plain_double_precision_resize() =>
        Check(test =>
        {
            byte[] source = test.Pixels();
            Case across = test with { NewHeight = test.Height },
                down = test with { NewWidth = test.Width };
            AssertClose(PlainResize.Across(source, across), across.Resize(source));
            AssertClose(PlainResize.Down(source, down), down.Resize(source));
        });

    [Fact]
    public void Both_directions_are_first_the_rows_then_the_columns() =>
        Check(test =>
        {
            byte[] source = test.Pixels();
            byte[] across = (test with { NewHeight = test.Height }).Resize(source);
            Assert.Equal((test with { Width = test.NewWidth }).Resize(across), test.Resize(source));
        });

    [Fact]
    public void A_uniform_image_stays_uniform() =>
        Check(test =>
        {
            byte value = (byte)test.Seed;
            byte[] source = new byte[test.Width * test.Height * test.Channels];
            Array.Fill(source, value);
            Assert.All(test.Resize(source), sample => Assert.Equal(value, sample));
        });

    [Fact]
    public void Gray_resizes_as_the_same_gray_in_three_channels() =>
        Check(test =>
        {
            byte[] gray = (test with { Channels = 1 }).Pixels();
            byte[] expanded = [.. gray.SelectMany(sample => Enumerable.Repeat(sample, 3))];
            byte[] expected = [.. (test with { Channels = 1 }).Resize(gray).SelectMany(sample => Enumerable.Repeat(sample, 3))];
            Assert.Equal(expected, (test with { Channels = 3 }).Resize(expanded));
        });

    [Fact]
    public void An_image_of_the_same_size_stays_as_it_is() =>
        Check(test =>
        {
            byte[] source = test.Pixels();
            Assert.Equal(source, (test with { NewWidth = test.Width, NewHeight = test.Height }).Resize(source));
        });

    [Fact]
    public void Wrong_lengths_and_channels_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Resampler.Resize(new byte[11], 2, 2, 3, new byte[3], 1, 1, ResizeFilter.Box));
        Assert.Throws<ArgumentException>(() => Resampler.Resize(new byte[12], 2, 2, 3, new byte[4], 1, 1, ResizeFilter.Box));
        Assert.Throws<ArgumentOutOfRangeException>(() => Resampler.Resize(new byte[8], 2, 2, 2, new byte[2], 1, 1, ResizeFilter.Box));
        Assert.Throws<ArgumentOutOfRangeException>(() => Resampler.Resize([], 0, 2, 1, new byte[1], 1, 1, ResizeFilter.Box));
        Assert.Throws<ArgumentOutOfRangeException>(() => Resampler.Resize(new byte[4], 2, 2, 1, new byte[1], 1, 1, (ResizeFilter)77));
    }

    private static void AssertClose(double[] exact, byte[] actual)
    {
        for (int i = 0; i < actual.Length; i++)
            Assert.True(Math.Abs(exact[i] - actual[i]) <= Tolerance, $"sample {i}: exactly {exact[i]}, got {actual[i]}");
    }

    private static void Check(Action<Case> law) => Prop.ForAll(Cases, law).Check(Settings);

    public sealed record Case(ResizeFilter Filter, int Channels, int Width, int Height, int NewWidth, int NewHeight, int Seed)
    {
        public byte[] Pixels()
        {
            byte[] pixels = new byte[Width * Height * Channels];
            new Random(Seed).NextBytes(pixels);
            return pixels;
        }

        public byte[] Resize(byte[] source)
        {
            byte[] resized = new byte[NewWidth * NewHeight * Channels];
            Resampler.Resize(source, Width, Height, Channels, resized, NewWidth, NewHeight, Filter);
            return resized;
        }
    }

    /// <summary>The textbook: a normalised filter over the pixels whose centres it reaches, in double precision.</summary>
    private static class PlainResize
    {
        public static double[] Across(byte[] source, Case test)
        {
            double[] result = new double[test.Height * test.NewWidth * test.Channels];
            for (int i = 0; i < result.Length; i++)
            {
                int channel = i % test.Channels,
                    x = i / test.Channels % test.NewWidth,
                    y = i / test.Channels / test.NewWidth;
                result[i] = Sum(
                    test.Filter,
                    test.Width,
                    test.NewWidth,
                    x,
                    from => source[(((y * test.Width) + from) * test.Channels) + channel]
                );
            }
            return result;
        }

        public static double[] Down(byte[] source, Case test)
        {
            int row = test.Width * test.Channels;
            double[] result = new double[test.NewHeight * row];
            for (int i = 0; i < result.Length; i++)
                result[i] = Sum(test.Filter, test.Height, test.NewHeight, i / row, from => source[(from * row) + (i % row)]);
            return result;
        }

        private static double Sum(ResizeFilter filter, int extent, int newExtent, int position, Func<int, double> sample)
        {
            if (extent == newExtent)
                return sample(position);
            double scale = (double)extent / newExtent,
                widening = Math.Max(scale, 1);
            double center = (position + 0.5) * scale,
                reach = ResampleWeights.Support(filter) * widening;
            int first = Math.Max(0, (int)(center - reach + 0.5)),
                end = Math.Min(extent, (int)(center + reach + 0.5));
            double sum = 0,
                total = 0;
            for (int from = first; from < end; from++)
            {
                double weight = Weight(filter, (from + 0.5 - center) / widening);
                sum += weight * sample(from);
                total += weight;
            }
            return Math.Clamp(sum / total, 0, 255);
        }

        private static double Weight(ResizeFilter filter, double x)
        {
            double d = Math.Abs(x);
            return filter switch
            {
                ResizeFilter.Box => x is > -0.5 and <= 0.5 ? 1 : 0,
                ResizeFilter.Bilinear => Math.Max(0, 1 - d),
                ResizeFilter.Hamming => d < 1 ? Sinc(d) * (0.54 + (0.46 * Math.Cos(Math.PI * d))) : 0,
                ResizeFilter.Bicubic when d < 1 => (1.5 * d * d * d) - (2.5 * d * d) + 1,
                ResizeFilter.Bicubic when d < 2 => (-0.5 * d * d * d) + (2.5 * d * d) - (4 * d) + 2,
                ResizeFilter.Lanczos when d < 3 => Sinc(d) * Sinc(d / 3),
                _ => 0,
            };
        }

        private static double Sinc(double x) => x == 0 ? 1 : Math.Sin(Math.PI * x) / (Math.PI * x);
    }
}
