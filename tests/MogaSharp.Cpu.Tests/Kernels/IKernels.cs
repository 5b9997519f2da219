using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Planning;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Tests.Kernels;

/// <summary>The kernels of one vector width, without its type parameters.</summary>
internal unsafe interface IKernels
{
    int Lanes { get; }

    int TileRows { get; }

    int MaxRows { get; }

    int SlackPixels { get; }

    int RowsDone(int rows, int vectors);

    void Tile(int rows, int depth, float* a, nint lda, float* b, int vectors, float* c, nint ldc, nint cv, float* start, nint lds, nint sv);

    void TwoRows(
        float* r0,
        float* r1,
        float* r2,
        float* r3,
        float* weight,
        float* bias,
        int width,
        float* first,
        float* second,
        nint stride
    );

    void Gather(
        MapLayout input,
        bool planar,
        int outputWidth,
        int kernel,
        int stride,
        int padding,
        int dilation,
        float* image,
        int first,
        int count,
        float* target
    );

    void Rows(
        PanelRows source,
        int kernel,
        int dilation,
        float* weight,
        float* bias,
        int first,
        int last,
        float* target,
        nint targetRow,
        nint targetStride,
        float* mask
    );

    void Apply(ActivationKind activation, bool twice, float* x, float* y);
}

internal sealed unsafe class Kernels<S, V> : IKernels
    where S : struct, ISimd<V>
    where V : struct
{
    public int Lanes => S.Lanes;

    public int TileRows => MatrixKernel<S, V>.TileRows;

    public int MaxRows => MatrixKernel<S, V>.MaxRows;

    public int SlackPixels => PanelConvolution<S, V>.SlackPixels;

    public int RowsDone(int rows, int vectors) => MatrixKernel<S, V>.RowsDone(rows, vectors);

    public void Tile(
        int rows,
        int depth,
        float* a,
        nint lda,
        float* b,
        int vectors,
        float* c,
        nint ldc,
        nint cv,
        float* start,
        nint lds,
        nint sv
    ) => MatrixKernel<S, V>.Tile(rows, depth, a, lda, b, vectors, c, ldc, cv, start, lds, sv, ahead: b);

    public void TwoRows(
        float* r0,
        float* r1,
        float* r2,
        float* r3,
        float* weight,
        float* bias,
        int width,
        float* first,
        float* second,
        nint stride
    ) => Depthwise3x3<S, V>.TwoRows(r0, r1, r2, r3, weight, S.Load(bias), width, first, second, stride);

    public void Gather(
        MapLayout input,
        bool planar,
        int outputWidth,
        int kernel,
        int stride,
        int padding,
        int dilation,
        float* image,
        int first,
        int count,
        float* target
    ) =>
        new PatchGather<S, V>(
            input.Height,
            input.Width,
            input.Channels,
            input.Stride,
            planar,
            outputWidth,
            kernel,
            stride,
            padding,
            dilation
        ).Fill(image, first, count, target);

    public void Rows(
        PanelRows source,
        int kernel,
        int dilation,
        float* weight,
        float* bias,
        int first,
        int last,
        float* target,
        nint targetRow,
        nint targetStride,
        float* mask
    ) => PanelConvolution<S, V>.Rows(source, kernel, dilation, weight, S.Load(bias), first, last, target, targetRow, targetStride, mask);

    public void Apply(ActivationKind activation, bool twice, float* x, float* y) =>
        ActivationChoice.Choose(twice ? [activation, activation] : [activation], new Applied((nint)x, (nint)y));

    private sealed record Applied(nint From, nint To) : IActivationVisitor<bool>
    {
        public bool Visit<TActivation>()
            where TActivation : struct, IActivation
        {
            S.Store((float*)To, TActivation.Apply<S, V>(S.Load((float*)From)));
            return true;
        }
    }
}

/// <summary>The vector widths. A test of one that the machine lacks is reported as skipped.</summary>
internal static class Widths
{
    public static TheoryData<int> All => [4, 8, 16];

    public static void Require(int lanes)
    {
        bool isSupported = lanes switch
        {
            // What IsHardwareAccelerated denies where it lowers the clock (Skylake, Cascade Lake), and the engine uses all the same.
            16 => Avx512F.IsSupported,
            8 => Vector256.IsHardwareAccelerated,
            _ => true,
        };
        Assert.SkipUnless(isSupported, $"This processor has no vectors of {lanes} floats.");
    }

    public static IKernels Get(int lanes)
    {
        Require(lanes);
        return lanes switch
        {
            16 => new Kernels<Simd512, Vector512<float>>(),
            8 => new Kernels<Simd256, Vector256<float>>(),
            _ => new Kernels<Simd128, Vector128<float>>(),
        };
    }
}
