using MogaSharp.Graph;

namespace MogaSharp.Cpu.Planning;

/// <summary>The weights of 3x3 convolutions that are computed two by two outputs at a time.</summary>
internal static class WinogradWeights
{
    private const int Taps = 9,
        Points = 16,
        FewestChannels = 16;

    /// <summary>Whether a convolution is computed so. It depends on the convolution alone, since its weight is kept in one form.</summary>
    public static bool Suit(Conv2d op) =>
        op is { Kernel: 3, Stride: 1, Padding: 1, Dilation: 1, Groups: 1, InChannels: >= FewestChannels, OutChannels: >= FewestChannels };

    /// <summary>G g G' of each 3x3 kernel, G = (1, 0, 0; 1/2, 1/2, 1/2; 1/2, -1/2, 1/2; 0, 0, 1), rounded once.</summary>
    /// <param name="kernels">Kernels of nine taps, one after another.</param>
    /// <returns>Sixteen numbers in place of each nine.</returns>
    public static float[] Transform(ReadOnlySpan<float> kernels)
    {
        var result = new float[kernels.Length / Taps * Points];
        Span<double> rows = stackalloc double[12];
        for (int kernel = 0; kernel < kernels.Length / Taps; kernel++)
        {
            ReadOnlySpan<float> g = kernels.Slice(kernel * Taps, Taps);
            Span<float> u = result.AsSpan(kernel * Points, Points);
            for (int x = 0; x < 3; x++)
            {
                (double first, double middle, double last) = (g[x], g[3 + x], g[6 + x]);
                rows[x] = first;
                rows[3 + x] = (first + middle + last) / 2;
                rows[6 + x] = (first - middle + last) / 2;
                rows[9 + x] = last;
            }

            for (int y = 0; y < 4; y++)
            {
                (double first, double middle, double last) = (rows[3 * y], rows[(3 * y) + 1], rows[(3 * y) + 2]);
                u[4 * y] = (float)first;
                u[(4 * y) + 1] = (float)((first + middle + last) / 2);
                u[(4 * y) + 2] = (float)((first - middle + last) / 2);
                u[(4 * y) + 3] = (float)last;
            }
        }

        return result;
    }

    /// <summary>Where the rows (point, i) of an output channel's column lie in what <see cref="Transform"/> gives.</summary>
    public static int[] Rows(int channels) =>
        [.. Enumerable.Range(0, Points * channels).Select(row => (row % channels * Points) + (row / channels))];
}
