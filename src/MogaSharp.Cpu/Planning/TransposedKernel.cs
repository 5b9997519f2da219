using MogaSharp.Graph;

namespace MogaSharp.Cpu.Planning;

/// <summary>
/// A transposed convolution as a plain one. The pixel o of the result takes the taps t = q + s m (m = 0, 1, ...) from the pixels r - m of
/// the map, where r = (o + padding) / s, q = (o + padding) mod s and s is the stride: for all q from the same ceil(kernel / s) pixels. So a
/// convolution of that kernel gives a field of s x s pixels at each place r, side by side as channels (qy, qx, c); nothing is computed in
/// vain but where the kernel is not a multiple of the stride.
/// </summary>
/// <param name="Op">The transposed convolution.</param>
internal readonly record struct TransposedKernel(ConvTranspose2d Op)
{
    /// <summary>Taps of the plain convolution, each way.</summary>
    public int Taps => (Op.Kernel + Op.Stride - 1) / Op.Stride;

    /// <summary>Pixels of a field, each way.</summary>
    public int Stride => Op.Stride;

    /// <summary>Pixels before the first one of the result.</summary>
    public int Padding => Op.Padding;

    /// <summary>Channels of the plain convolution.</summary>
    public int Columns => Op.Stride * Op.Stride * Op.OutChannels;

    /// <summary>The plain convolution, which has the weight's name but not its form.</summary>
    public Conv2d Conv => new(Op.InChannels, Columns, Taps, Op.Weight, Op.Bias, Padding: Taps - 1);

    /// <summary>The plain convolution's weight by row (ky, kx, i) and column (qy, qx, o).</summary>
    /// <param name="weight">The weight (I, O, k, k).</param>
    /// <returns>(Columns, rows): all rows of a column together.</returns>
    public float[] Arrange(float[] weight)
    {
        int rows = Taps * Taps * Op.InChannels;
        var arranged = new float[(long)Columns * rows];
        for (int column = 0; column < Columns; column++)
        {
            (int phase, int o) = Math.DivRem(column, Op.OutChannels);
            for (int row = 0; row < rows; row++)
            {
                (int tap, int i) = Math.DivRem(row, Op.InChannels);
                int y = (phase / Stride) + (Stride * (Taps - 1 - (tap / Taps))),
                    x = (phase % Stride) + (Stride * (Taps - 1 - (tap % Taps)));
                if (y < Op.Kernel && x < Op.Kernel)
                    arranged[((long)column * rows) + row] = weight[(((((i * Op.OutChannels) + o) * Op.Kernel) + y) * Op.Kernel) + x];
            }
        }

        return arranged;
    }
}
