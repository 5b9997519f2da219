using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Tests.Kernels;

[Trait("Isa", "Kernel")]
public sealed unsafe class ActivationTests
{
    // Where the error of one rounding of the result begins to exceed the stated absolute error.
    private const float Near = 8;

    private static bool IsFused => Fma.IsSupported || AdvSimd.IsSupported;

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Gelu_is_within_its_stated_error(int lanes) =>
        Check(lanes, ActivationKind.Gelu, SpecialFunctions.Gelu, IsFused ? 1e-6 : 1.5e-6);

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Silu_is_within_its_stated_error(int lanes) => Check(lanes, ActivationKind.Silu, SpecialFunctions.Silu, 1e-6);

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Relu_is_exact(int lanes) => Check(lanes, ActivationKind.Relu, x => Math.Max(0, x), 0);

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Sigmoid_is_within_its_stated_error(int lanes) => Check(lanes, ActivationKind.Sigmoid, x => 1 / (1 + Math.Exp(-x)), 1e-6);

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Leaky_relu_is_off_by_the_rounding_of_its_slope(int lanes) =>
        Check(lanes, ActivationKind.LeakyRelu, x => x > 0 ? x : 0.2 * x, 2e-7);

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void The_hard_functions_are_within_rounding(int lanes)
    {
        Check(lanes, ActivationKind.HardSigmoid, x => Math.Clamp(x + 3, 0, 6) / 6, 2e-7);
        Check(lanes, ActivationKind.HardSwish, x => x * Math.Clamp(x + 3, 0, 6) / 6, 1e-6);
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Not_a_number_stays_so_in_its_lane_alone(int lanes)
    {
        foreach (ActivationKind kind in Enum.GetValues<ActivationKind>())
        foreach (int bits in new[] { 0x7fc00000, 0x7fc00001, unchecked((int)0xffc00123), 0x7fffffff })
            for (int lane = 0; lane < lanes; lane++)
            {
                var x = new float[lanes];
                x[lane] = BitConverter.Int32BitsToSingle(bits);
                float[] y = Apply(lanes, kind, x);
                for (int i = 0; i < lanes; i++)
                    Assert.Equal(i == lane, float.IsNaN(y[i]));
            }
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Infinities_give_the_limits(int lanes)
    {
        float[] x = [.. Enumerable.Repeat(float.PositiveInfinity, lanes / 2), .. Enumerable.Repeat(float.NegativeInfinity, lanes / 2)];
        foreach (ActivationKind kind in Enum.GetValues<ActivationKind>())
        {
            float[] y = Apply(lanes, kind, x);
            bool isBounded = kind is ActivationKind.Sigmoid or ActivationKind.HardSigmoid,
                isLinear = kind == ActivationKind.LeakyRelu;
            Assert.All(y[..(lanes / 2)], v => Assert.Equal(isBounded ? 1 : float.PositiveInfinity, v));
            Assert.All(
                y[(lanes / 2)..],
                v => Assert.InRange(v, isLinear ? float.NegativeInfinity : -1e-6f, isLinear ? float.NegativeInfinity : 1e-6f)
            );
        }
    }

    [Theory]
    [MemberData(nameof(Widths.All), MemberType = typeof(Widths))]
    public void Twice_is_one_after_the_other(int lanes)
    {
        float[] x = [.. Enumerable.Range(0, 64 * lanes).Select(i => (i * 0.1f / lanes) - 3)];
        foreach (ActivationKind kind in Enum.GetValues<ActivationKind>())
            Assert.Equal(Apply(lanes, kind, Apply(lanes, kind, x)), Apply(lanes, kind, x, twice: true));
    }

    private static void Check(int lanes, ActivationKind kind, Func<double, double> exact, double error)
    {
        var xs = new List<float>();
        for (int i = -200_000; i <= 200_000; i++)
            xs.Add(i * 1e-4f);
        for (float magnitude = 1e-40f; magnitude < 3.3e38f; magnitude *= 1.37f)
            xs.AddRange([magnitude, -magnitude]);
        xs.AddRange([0, -0.0f, float.Epsilon, -float.Epsilon, float.MaxValue, float.MinValue, 5.2f, -5.2f, 87.3f, -87.3f, 88.8f, -88.8f]);
        while (xs.Count % lanes != 0)
            xs.Add(1);
        float[] ys = Apply(lanes, kind, [.. xs]);
        for (int i = 0; i < ys.Length; i++)
        {
            double bound = Math.Abs(xs[i]) <= Near ? error : Math.Max(error, 2e-7 * Math.Abs(exact(xs[i])));
            Assert.True(Math.Abs(ys[i] - exact(xs[i])) <= bound, $"{kind}({xs[i]:R}) = {ys[i]:R}, exact {exact(xs[i]):R}");
        }
    }

    private static float[] Apply(int lanes, ActivationKind kind, float[] xs, bool twice = false)
    {
        IKernels kernels = Widths.Get(lanes);
        var ys = new float[xs.Length];
        fixed (
            float* x = xs,
                y = ys
        )
            for (int i = 0; i < xs.Length; i += lanes)
                kernels.Apply(kind, twice, x + i, y + i);
        return ys;
    }
}
