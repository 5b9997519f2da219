using System.Numerics.Tensors;
using MogaSharp.Graph;

namespace MogaSharp.Cpu;

/// <summary>
/// From the gradient of an op's result to those of its inputs: one plain rule per op, with the weights fixed. Convolutions run over whole
/// rows or planes of doubles, which is what takes the time; all maps of a batch are done side by side. Ops that only move elements share
/// one rule, see <see cref="Moved"/>.
/// </summary>
internal sealed partial class GradientKernels(WeightSet weights) : IOpVisitor<GradientStep, bool>
{
    private const int Chunk = 1 << 13;

    /// <summary>The values that an op's rule reads.</summary>
    public static IEnumerable<Value> Needs(Value value) =>
        value.Op switch
        {
            Softmax => [value],
            Binary { Function: BinaryKind.Multiply } or QueryKeyProduct or AttentionOutput => value.Inputs,
            CompositeOp and not TrainingOp => value.Inputs,
            Activation or LayerNorm or GroupNorm or MaxPool2d => [value.Inputs[0]],
            RoiAlign => [value.Inputs[^1]],
            _ => [],
        };

    /// <summary>Adds to the gradients of a value's inputs.</summary>
    public void Back(GradientStep step)
    {
        if (step.Value.Op is TrainingOp)
            Add(step.Gradient, step.Into());
        else
            step.Value.Accept(this, step);
    }

    public bool Visit(Input op, GradientStep s) => true;

    public bool Visit(Conv2d op, GradientStep s)
    {
        double[] target = s.Into()!;
        (int height, int width, int outHeight, int outWidth) = (s.From()[2], s.From()[3], s.To[2], s.To[3]);
        float[] weight = weights[op.Weight].Data;
        int inGroup = op.InChannels / op.Groups,
            outGroup = op.OutChannels / op.Groups,
            taps = op.Kernel * op.Kernel;
        Parallel.For(
            0,
            s.From()[0] * op.InChannels,
            map =>
            {
                (int image, int channel) = Math.DivRem(map, op.InChannels);
                (int group, int i) = Math.DivRem(channel, inGroup);
                Span<double> into = target.AsSpan(map * height * width, height * width);
                for (int o = group * outGroup; o < (group + 1) * outGroup; o++)
                {
                    ReadOnlySpan<double> from = s.Gradient.AsSpan(
                        ((image * op.OutChannels) + o) * outHeight * outWidth,
                        outHeight * outWidth
                    );
                    ReadOnlySpan<float> kernel = weight.AsSpan(((o * inGroup) + i) * taps, taps);
                    if (op.IsPointwise)
                        TensorPrimitives.MultiplyAdd(from, kernel[0], into, into);
                    else
                        Spread(op, from, outWidth, kernel, into, width);
                }
            }
        );
        return true;
    }

    public bool Visit(Linear op, GradientStep s)
    {
        double[] target = s.Into()!;
        float[] weight = weights[op.Weight].Data;
        int plane = Plane(s.To);
        Parallel.For(
            0,
            s.To[0] * op.InFeatures,
            map =>
            {
                (int image, int i) = Math.DivRem(map, op.InFeatures);
                Span<double> into = target.AsSpan(map * plane, plane);
                for (int o = 0; o < op.OutFeatures; o++)
                    TensorPrimitives.MultiplyAdd(
                        s.Gradient.AsSpan(((image * op.OutFeatures) + o) * plane, plane),
                        weight[(o * op.InFeatures) + i],
                        into,
                        into
                    );
            }
        );
        return true;
    }

    public bool Visit(BatchNorm2d op, GradientStep s)
    {
        (float[] weight, float[] variance) = (weights[op.Weight].Data, weights[op.RunningVariance].Data);
        return PerChannel(s, c => weight[c] / Math.Sqrt(variance[c] + op.Epsilon));
    }

    public bool Visit(ChannelAffine op, GradientStep s)
    {
        float[]? scale = op.Scale is null ? null : weights[op.Scale].Data;
        return PerChannel(s, c => scale?[c] ?? 1);
    }

    public bool Visit(ScalarMultiply op, GradientStep s)
    {
        double[] target = s.Into()!;
        TensorPrimitives.MultiplyAdd(s.Gradient, op.Factor, target, target);
        return true;
    }

    public bool Visit(Activation op, GradientStep s)
    {
        Func<double, double> slope = op.Function switch
        {
            ActivationKind.Gelu => x =>
                (0.5 * (1 + SpecialFunctions.Erf(x / Math.Sqrt(2)))) + (x * Math.Exp(-x * x / 2) / Math.Sqrt(Math.Tau)),
            ActivationKind.Silu => x => Logistic(x) * (1 + (x * (1 - Logistic(x)))),
            ActivationKind.Relu => x => x > 0 ? 1 : 0,
            ActivationKind.Sigmoid => x => Logistic(x) * (1 - Logistic(x)),
            ActivationKind.LeakyRelu => x => x > 0 ? 1 : 0.2,
            ActivationKind.HardSwish => x =>
                x <= -3 ? 0
                : x >= 3 ? 1
                : ((2 * x) + 3) / 6,
            ActivationKind.HardSigmoid => x => x is > -3 and < 3 ? 1 / 6.0 : 0,
            _ => throw new GraphException($"Unknown activation {op.Function}."),
        };
        double[] target = s.Into()!;
        float[] x = s.Input();
        Parallel.For(
            0,
            (target.Length + Chunk - 1) / Chunk,
            part =>
            {
                for (int i = part * Chunk; i < Math.Min(target.Length, (part + 1) * Chunk); i++)
                    target[i] += s.Gradient[i] * slope(x[i]);
            }
        );
        return true;
    }

    public bool Visit(Binary op, GradientStep s)
    {
        for (int input = 0; input < 2; input++)
        {
            if (s.Into(input) is not { } target)
                continue;
            float[]? other = op.Function == BinaryKind.Multiply ? s.Input(1 - input) : null;
            double sign = op.Function == BinaryKind.Subtract && input == 1 ? -1 : 1;
            Places own = new(s.From(input), s.To),
                others = new(s.From(1 - input), s.To);
            for (int i = 0; i < s.Gradient.Length; i++)
                target[own[i]] += sign * s.Gradient[i] * (other?[others[i]] ?? 1);
        }

        return true;
    }

    private static double Logistic(double x) => 1 / (1 + Math.Exp(-x));

    // The elements of one channel of one image: H W for a map, 1 for (N, C).
    private static int Plane(Shape shape) => shape.Rank == 2 ? 1 : checked(shape[2] * shape[3]);

    private static void Add(double[] gradient, double[]? target)
    {
        if (target is not null)
            TensorPrimitives.Add(gradient, target, target);
    }

    private static bool PerChannel(GradientStep s, Func<int, double> factor)
    {
        double[] target = s.Into()!;
        int plane = Plane(s.To);
        for (int map = 0; map < s.To[0] * s.To[1]; map++)
        {
            Span<double> into = target.AsSpan(map * plane, plane);
            TensorPrimitives.MultiplyAdd(s.Gradient.AsSpan(map * plane, plane), factor(map % s.To[1]), into, into);
        }

        return true;
    }

    // One plane of outputs to one plane of inputs.
    private static void Spread(
        Conv2d op,
        ReadOnlySpan<double> from,
        int fromWidth,
        ReadOnlySpan<float> kernel,
        Span<double> into,
        int width
    )
    {
        int height = into.Length / width;
        for (int ky = 0; ky < op.Kernel; ky++)
        for (int row = 0; row < from.Length / fromWidth; row++)
        {
            int y = (row * op.Stride) - op.Padding + (ky * op.Dilation);
            if ((uint)y >= (uint)height)
                continue;
            for (int kx = 0; kx < op.Kernel; kx++)
            {
                double tap = kernel[(ky * op.Kernel) + kx];
                int shift = (kx * op.Dilation) - op.Padding;
                if (op.Stride > 1)
                {
                    for (int column = 0; column < fromWidth; column++)
                        if ((uint)((column * op.Stride) + shift) < (uint)width)
                            into[(y * width) + (column * op.Stride) + shift] += tap * from[(row * fromWidth) + column];
                    continue;
                }

                int first = Math.Max(0, -shift),
                    last = Math.Min(fromWidth, width - shift);
                if (last <= first)
                    continue;
                Span<double> run = into.Slice((y * width) + first + shift, last - first);
                TensorPrimitives.MultiplyAdd(from.Slice((row * fromWidth) + first, last - first), tap, run, run);
            }
        }
    }

    /// <summary>Where an element of a result stands in an input that is broadcast to it.</summary>
    private readonly struct Places(Shape from, Shape to)
    {
        private readonly bool _isSame = from == to;

        public int this[int index]
        {
            get
            {
                if (_isSame)
                    return index;
                int offset = 0,
                    stride = 1;
                for (int d = from.Rank - 1; d >= 0; d--)
                {
                    (index, int at) = Math.DivRem(index, to[d]);
                    if (from[d] > 1)
                        offset += at * stride;
                    stride *= from[d];
                }

                return offset;
            }
        }
    }
}
