using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace MogaSharp.Imaging;

/// <summary>The inner loops of the resizer. Integer sums do not depend on their order, so every path gives the same bits.</summary>
internal static class ResampleKernels
{
    private const int Half = 1 << (ResampleWeights.PrecisionBits - 1);

    /// <summary>Resizes one row.</summary>
    public static void Across(ReadOnlySpan<byte> source, Span<byte> destination, ResampleWeights weights, int channels)
    {
        if (channels == 3)
            AcrossRgb(source, destination, weights);
        else
            AcrossGray(source, destination, weights);
    }

    /// <summary>Makes one row as the weighted sum of rows that follow each other in the source, each as long as the destination.</summary>
    public static void Down(ReadOnlySpan<byte> rows, Span<byte> destination, ReadOnlySpan<int> weights)
    {
        int length = destination.Length;
        // Every load below stays inside these weights.Length rows.
        ref byte source = ref MemoryMarshal.GetReference(rows[..(weights.Length * length)]);
        ref byte target = ref MemoryMarshal.GetReference(destination);
        int x = 0;
        for (; x <= length - 16; x += 16)
        {
            Vector256<int> low = Vector256.Create(Half),
                high = low;
            for (int tap = 0; tap < weights.Length; tap++)
            {
                Vector128<byte> samples = Vector128.LoadUnsafe(ref source, (nuint)((tap * length) + x));
                Vector256<int> weight = Vector256.Create(weights[tap]);
                Vector256<ushort> wide = Vector256.WidenLower(samples.ToVector256Unsafe());
                (Vector256<uint> first, Vector256<uint> second) = Vector256.Widen(wide);
                low += first.AsInt32() * weight;
                high += second.AsInt32() * weight;
            }
            Vector256<short> narrow = Vector256.Narrow(ToSample(low), ToSample(high));
            Vector128.Narrow(narrow.GetLower(), narrow.GetUpper()).AsByte().StoreUnsafe(ref target, (nuint)x);
        }
        for (; x < length; x++)
        {
            int sum = Half;
            for (int tap = 0; tap < weights.Length; tap++)
                sum += rows[(tap * length) + x] * weights[tap];
            destination[x] = ToSample(sum);
        }
    }

    private static void AcrossRgb(ReadOnlySpan<byte> source, Span<byte> destination, ResampleWeights weights)
    {
        for (int x = 0; x < weights.Length; x++)
        {
            ReadOnlySpan<int> taps = weights.Of(x, out int start);
            ReadOnlySpan<byte> pixels = source.Slice(start * 3, taps.Length * 3);
            ref byte first = ref MemoryMarshal.GetReference(pixels);
            Vector128<int> sum = Vector128.Create(Half);
            // A load takes four bytes, one more than a pixel: the last pixel is added without it.
            int last = taps.Length - 1;
            for (int tap = 0; tap < last; tap++)
                sum += RgbVector.Load(ref first, tap * 3) * taps[tap];
            sum += Vector128.Create(pixels[last * 3], pixels[(last * 3) + 1], pixels[(last * 3) + 2], 0) * taps[last];
            destination[x * 3] = ToSample(sum[0]);
            destination[(x * 3) + 1] = ToSample(sum[1]);
            destination[(x * 3) + 2] = ToSample(sum[2]);
        }
    }

    private static void AcrossGray(ReadOnlySpan<byte> source, Span<byte> destination, ResampleWeights weights)
    {
        for (int x = 0; x < weights.Length; x++)
        {
            ReadOnlySpan<int> taps = weights.Of(x, out int start);
            ReadOnlySpan<byte> pixels = source.Slice(start, taps.Length);
            int sum = Half;
            for (int tap = 0; tap < taps.Length; tap++)
                sum += pixels[tap] * taps[tap];
            destination[x] = ToSample(sum);
        }
    }

    private static Vector256<int> ToSample(Vector256<int> sum) =>
        Vector256.Min(
            Vector256.Max(Vector256.ShiftRightArithmetic(sum, ResampleWeights.PrecisionBits), Vector256<int>.Zero),
            Vector256.Create(255)
        );

    private static byte ToSample(int sum) => (byte)Math.Clamp(sum >> ResampleWeights.PrecisionBits, 0, 255);
}
