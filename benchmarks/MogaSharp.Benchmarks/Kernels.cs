using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using BenchmarkDotNet.Attributes;
using MogaSharp.Cpu.Kernels;

namespace MogaSharp.Benchmarks;

/// <summary>The matrix kernel from L1: 14 rows by one panel of 32 columns, at MogaNet's depths. 28 multiply-adds per step of the
/// depth.</summary>
public unsafe class MatrixKernelBenchmark
{
    private float* _a,
        _c;
    private PackedMatrix _b = null!;

    [Params(32, 64, 128, 320, 512)]
    public int Depth { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _a = (float*)NativeMemory.AlignedAlloc((nuint)(16 * Depth * sizeof(float)), 64);
        _c = (float*)NativeMemory.AlignedAlloc(16 * 32 * sizeof(float), 64);
        new Span<float>(_a, 16 * Depth).Fill(0.5f);
        new Span<float>(_c, 16 * 32).Clear();
        _b = PackedMatrix.Create(32, 16, [.. Enumerable.Repeat(0.25f, 32 * Depth)], [.. Enumerable.Range(0, Depth)]);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _b.Dispose();
        NativeMemory.AlignedFree(_a);
        NativeMemory.AlignedFree(_c);
    }

    [Benchmark]
    public void Tile14() => MatrixKernel<Simd512, Vector512<float>>.Tile(14, Depth, _a, Depth, _b.Panel(0), 2, _c, 32, 16, _c, 0, 16, _a);

    [Benchmark]
    public void Tile7() => MatrixKernel<Simd512, Vector512<float>>.Tile(7, Depth, _a, Depth, _b.Panel(0), 2, _c, 32, 16, _c, 0, 16, _a);
}

/// <summary>The activations over 4096 floats in L1.</summary>
public unsafe class ActivationBenchmark
{
    private const int Count = 4096;
    private float* _x,
        _y;

    [GlobalSetup]
    public void Setup()
    {
        _x = (float*)NativeMemory.AlignedAlloc(Count * sizeof(float), 64);
        _y = (float*)NativeMemory.AlignedAlloc(Count * sizeof(float), 64);
        for (int i = 0; i < Count; i++)
            _x[i] = (i - (Count / 2)) / 512f;
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        NativeMemory.AlignedFree(_x);
        NativeMemory.AlignedFree(_y);
    }

    [Benchmark]
    public void Silu() => Apply<Silu>();

    [Benchmark]
    public void Gelu() => Apply<Gelu>();

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.AggressiveOptimization)]
    private void Apply<TActivation>()
        where TActivation : struct, IActivation
    {
        for (int i = 0; i < Count; i += 16)
            Simd512.Store(_y + i, TActivation.Apply<Simd512, Vector512<float>>(Simd512.Load(_x + i)));
    }
}

/// <summary>Depthwise convolutions of one panel of 16 channels, 14 rows of 56 outputs, from L2.</summary>
public unsafe class DepthwiseBenchmark
{
    private const int Width = 56,
        Rows = 14,
        Padding = 9,
        Lanes = 16;
    private float* _source,
        _target,
        _weight;

    private static int RowFloats => (Width + (2 * Padding)) * Lanes;

    [GlobalSetup]
    public void Setup()
    {
        int rows = Rows + (2 * Padding) + 2;
        _source = (float*)NativeMemory.AlignedAlloc((nuint)(rows * RowFloats * sizeof(float)), 64);
        _target = (float*)NativeMemory.AlignedAlloc((nuint)((Rows + 1) * Width * Lanes * sizeof(float)), 64);
        _weight = (float*)NativeMemory.AlignedAlloc(49 * Lanes * sizeof(float), 64);
        new Span<float>(_source, rows * RowFloats).Fill(0.5f);
        new Span<float>(_weight, 49 * Lanes).Fill(0.02f);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        NativeMemory.AlignedFree(_source);
        NativeMemory.AlignedFree(_target);
        NativeMemory.AlignedFree(_weight);
    }

    [Benchmark]
    public void TwoRows3x3()
    {
        float* left = _source + ((Padding - 1) * Lanes);
        for (int y = 0; y < Rows; y += 2)
        {
            float* row = left + ((y + Padding) * RowFloats);
            Depthwise3x3<Simd512, Vector512<float>>.TwoRows(
                row - RowFloats,
                row,
                row + RowFloats,
                row + (2 * RowFloats),
                _weight,
                default,
                Width,
                _target + (y * Width * Lanes),
                _target + ((y + 1) * Width * Lanes),
                Lanes
            );
        }
    }

    [Benchmark]
    [Arguments(3, 1)]
    [Arguments(5, 1)]
    [Arguments(5, 2)]
    [Arguments(7, 3)]
    public void Panel(int kernel, int dilation)
    {
        PanelConvolution<Simd512, Vector512<float>>.Rows(
            new PanelRows((nint)_source, RowFloats, -Padding, Rows + (2 * Padding), Padding, Width),
            kernel,
            dilation,
            _weight,
            default,
            0,
            Rows,
            _target,
            Width * Lanes,
            Lanes,
            null
        );
    }
}
