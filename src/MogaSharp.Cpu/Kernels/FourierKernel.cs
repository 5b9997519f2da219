using System.Runtime.CompilerServices;

namespace MogaSharp.Cpu.Kernels;

/// <summary>cos(2 pi k / n) for k below n, then sin(2 pi k / n).</summary>
internal sealed unsafe class Waves(int length, VectorConstant table)
{
    public int Length => length;

    public float* Cosine => table.Data;

    public float* Sine => table.Data + length;
}

/// <summary>Complex numbers of the places of a spectrum, one vector of channels each.</summary>
/// <param name="Real">The first real part.</param>
/// <param name="Imaginary">The first imaginary part.</param>
/// <param name="Step">Floats from place to place.</param>
internal readonly unsafe record struct Spectrum(nint Real, nint Imaginary, nint Step)
{
    public Spectrum(float* real, float* imaginary, nint step)
        : this((nint)real, (nint)imaginary, step)
    {
    }
}

/// <summary>
/// Fourier transforms along one side by their definition, one vector of channels at a time: sides are those of feature maps, for
/// which a fast transform would not win much. Cost: four multiply-adds per pair of places along columns, two along rows.
/// </summary>
internal static unsafe class FourierKernel<S, V>
    where S : struct, ISimd<V>
    where V : struct
{
    /// <summary>Each row of a real map to the non-negative frequencies of its transform.</summary>
    /// <param name="from">The first pixel.</param>
    /// <param name="stride">Floats from pixel to pixel.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="waves">Of the map's width.</param>
    /// <param name="to">Width / 2 + 1 places per row.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RowsOfReal(float* from, nint stride, int rows, Waves waves, Spectrum to)
    {
        int width = waves.Length, columns = (width / 2) + 1;
        float* cosine = waves.Cosine, sine = waves.Sine, real = (float*)to.Real, imaginary = (float*)to.Imaginary;
        for (int row = 0; row < rows; row++, from += width * stride)
            for (int u = 0; u < columns; u++, real += to.Step, imaginary += to.Step)
            {
                V a = S.Broadcast(0), b = a;
                for (int x = 0, at = 0; x < width; x++, at = at + u < width ? at + u : at + u - width)
                {
                    V value = S.Load(from + (x * stride));
                    a = S.MultiplyAdd(value, S.Broadcast(cosine[at]), a);
                    b = S.MultiplyAdd(value, S.Broadcast(-sine[at]), b);
                }

                S.Store(real, a);
                S.Store(imaginary, b);
            }
    }

    /// <summary>The opposite of <see cref="RowsOfReal"/>, times a factor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RowsToReal(Spectrum from, int rows, Waves waves, float factor, float* to, nint stride)
    {
        int width = waves.Length, columns = (width / 2) + 1;
        float* cosine = waves.Cosine, sine = waves.Sine;
        for (int row = 0; row < rows; row++)
            for (int x = 0; x < width; x++, to += stride)
            {
                V ends = S.Broadcast(0), middle = ends;
                float* real = (float*)from.Real + (row * columns * from.Step),
                    imaginary = (float*)from.Imaginary + (row * columns * from.Step);
                for (int u = 0, at = 0;
                     u < columns;
                     u++, real += from.Step, imaginary += from.Step, at = at + x < width ? at + x : at + x - width)
                {
                    V term = S.MultiplyAdd(S.Load(real), S.Broadcast(cosine[at]), S.Multiply(S.Load(imaginary), S.Broadcast(-sine[at])));
                    // Every column but the first and, for even widths, the last stands for its mirror image too.
                    if (u == 0 || 2 * u == width) ends = S.Add(ends, term);
                    else middle = S.Add(middle, term);
                }

                S.Store(to, S.Multiply(S.MultiplyAdd(S.Broadcast(2), middle, ends), S.Broadcast(factor)));
            }
    }

    /// <summary>The transform of each column of complex numbers, times a factor.</summary>
    /// <param name="from">The places, row by row.</param>
    /// <param name="columns">Places of a row.</param>
    /// <param name="waves">Of the number of rows.</param>
    /// <param name="isInverse">Whether frequencies become places.</param>
    /// <param name="factor">The factor.</param>
    /// <param name="to">Elsewhere.</param>
    /// <param name="count">Floats of a vector that may be stored.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Columns(Spectrum from, int columns, Waves waves, bool isInverse, float factor, Spectrum to, int count)
    {
        int rows = waves.Length;
        float* cosine = waves.Cosine, sine = waves.Sine, toReal = (float*)to.Real, toImaginary = (float*)to.Imaginary;
        float sign = isInverse ? 1 : -1;
        V times = S.Broadcast(factor);
        for (int v = 0; v < rows; v++)
            for (int u = 0; u < columns; u++, toReal += to.Step, toImaginary += to.Step)
            {
                V a = S.Broadcast(0), b = a;
                float* real = (float*)from.Real + (u * from.Step), imaginary = (float*)from.Imaginary + (u * from.Step);
                for (int y = 0, at = 0;
                     y < rows;
                     y++, real += columns * from.Step, imaginary += columns * from.Step, at = at + v < rows ? at + v : at + v - rows)
                {
                    (V p, V q, V c, V s) = (S.Load(real), S.Load(imaginary), S.Broadcast(cosine[at]), S.Broadcast(sign * sine[at]));
                    a = S.Subtract(S.MultiplyAdd(p, c, a), S.Multiply(q, s));
                    b = S.MultiplyAdd(p, s, S.MultiplyAdd(q, c, b));
                }

                Partial<S, V>.Store(toReal, S.Multiply(a, times), count);
                Partial<S, V>.Store(toImaginary, S.Multiply(b, times), count);
            }
    }
}

/// <summary>Vectors that may only be stored in part, since other channels begin where they would end.</summary>
internal static unsafe class Partial<S, V>
    where S : struct, ISimd<V>
    where V : struct
{
    /// <summary>Stores the first floats of a vector.</summary>
    public static void Store(float* to, V value, int count)
    {
        if (count >= S.Lanes)
        {
            S.Store(to, value);
            return;
        }

        float* whole = stackalloc float[S.Lanes];
        S.Store(whole, value);
        for (int i = 0; i < count; i++) to[i] = whole[i];
    }
}
