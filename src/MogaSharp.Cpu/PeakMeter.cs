using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using MogaSharp.Cpu.Kernels;

namespace MogaSharp.Cpu;

/// <summary>Measures how fast this machine multiplies and adds when nothing else limits it.</summary>
public static class PeakMeter
{
    private const int Rounds = 20_000,
        Accumulators = 12;

    /// <summary>The sustained rate of float32 multiply-adds from registers, in GFLOP/s (two operations each), the best of several
    /// tries.</summary>
    /// <param name="threads">Threads that work at the same time, at least 1.</param>
    public static double MeasureGflops(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        double best = 0;
        for (int attempt = 0; attempt < 8; attempt++)
        {
            using var start = new Barrier(threads);
            var seconds = new double[threads];
            var workers = new Thread[threads];
            for (int i = 0; i < threads; i++)
            {
                int worker = i;
                workers[i] = new Thread(() =>
                {
                    _ = Spin();
                    start.SignalAndWait();
                    long begin = Stopwatch.GetTimestamp();
                    for (int k = 0; k < 20; k++)
                        _ = Spin();
                    seconds[worker] = Stopwatch.GetElapsedTime(begin).TotalSeconds;
                });
                workers[i].Start();
            }

            foreach (Thread worker in workers)
                worker.Join();
            double flops = 20.0 * Rounds * Accumulators * CpuSession.VectorLanes * 2;
            best = Math.Max(best, seconds.Sum(s => flops / s) / 1e9);
        }

        return best;
    }

    private static float Spin() =>
        CpuSession.VectorLanes switch
        {
            16 => Spin<Simd512, Vector512<float>>(),
            8 => Spin<Simd256, Vector256<float>>(),
            _ => Spin<Simd128, Vector128<float>>(),
        };

    // Twelve chains: enough to hide the latency of two multipliers, few enough for 16 registers.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Spin<S, V>()
        where S : struct, ISimd<V>
        where V : struct
    {
        V x = S.Broadcast(0.999f),
            y = S.Broadcast(0.001f);
        V a = x,
            b = x,
            c = x,
            d = x,
            e = x,
            f = x,
            g = x,
            h = x,
            i = x,
            j = x,
            k = x,
            l = x;
        for (int round = 0; round < Rounds; round++)
        {
            a = S.MultiplyAdd(a, x, y);
            b = S.MultiplyAdd(b, x, y);
            c = S.MultiplyAdd(c, x, y);
            d = S.MultiplyAdd(d, x, y);
            e = S.MultiplyAdd(e, x, y);
            f = S.MultiplyAdd(f, x, y);
            g = S.MultiplyAdd(g, x, y);
            h = S.MultiplyAdd(h, x, y);
            i = S.MultiplyAdd(i, x, y);
            j = S.MultiplyAdd(j, x, y);
            k = S.MultiplyAdd(k, x, y);
            l = S.MultiplyAdd(l, x, y);
        }

        V sum = S.Add(S.Add(S.Add(a, b), S.Add(c, d)), S.Add(S.Add(S.Add(e, f), S.Add(g, h)), S.Add(S.Add(i, j), S.Add(k, l))));
        return S.Sum(sum);
    }
}
