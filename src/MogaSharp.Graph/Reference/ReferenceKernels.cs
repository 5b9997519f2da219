using Arguments = (MogaSharp.Graph.ReferenceTensor[] Inputs, MogaSharp.Graph.ReferenceTensor Output);

namespace MogaSharp.Graph;

/// <summary>One plain loop per op; each fills and returns the output that it is handed.</summary>
internal sealed partial class ReferenceKernels(WeightSet weights) : IOpVisitor<Arguments, ReferenceTensor>
{
    public ReferenceTensor Visit(Input op, Arguments a) => throw new GraphException("Inputs are given, not computed.");

    public ReferenceTensor Visit(Conv2d op, Arguments a)
    {
        (ReferenceTensor x, ReferenceTensor y) = (a.Inputs[0], a.Output);
        (int height, int width) = (x.Shape[2], x.Shape[3]);
        (int outHeight, int outWidth) = (y.Shape[2], y.Shape[3]);
        float[] weight = weights[op.Weight].Data;
        float[]? bias = op.Bias is null ? null : weights[op.Bias].Data;
        int inGroup = op.InChannels / op.Groups,
            outGroup = op.OutChannels / op.Groups;
        for (int n = 0; n < x.Shape[0]; n++)
        for (int o = 0; o < op.OutChannels; o++)
        for (int row = 0; row < outHeight; row++)
        for (int column = 0; column < outWidth; column++)
        {
            double sum = bias?[o] ?? 0;
            for (int i = 0; i < inGroup; i++)
            for (int ky = 0; ky < op.Kernel; ky++)
            {
                int iy = (row * op.Stride) - op.Padding + (ky * op.Dilation);
                if ((uint)iy >= (uint)height)
                    continue;
                int source = (((n * op.InChannels) + (o / outGroup * inGroup) + i) * height + iy) * width;
                int tap = ((((o * inGroup) + i) * op.Kernel) + ky) * op.Kernel;
                for (int kx = 0; kx < op.Kernel; kx++)
                {
                    int ix = (column * op.Stride) - op.Padding + (kx * op.Dilation);
                    if ((uint)ix < (uint)width)
                        sum += x.Data[source + ix] * weight[tap + kx];
                }
            }

            y.Data[((((n * op.OutChannels) + o) * outHeight) + row) * outWidth + column] = sum;
        }

        return y;
    }

    public ReferenceTensor Visit(Linear op, Arguments a)
    {
        float[] weight = weights[op.Weight].Data;
        float[]? bias = op.Bias is null ? null : weights[op.Bias].Data;
        int plane = Plane(a.Output.Shape);
        for (int n = 0; n < a.Output.Shape[0]; n++)
        for (int o = 0; o < op.OutFeatures; o++)
        for (int pixel = 0; pixel < plane; pixel++)
        {
            double sum = bias?[o] ?? 0;
            for (int i = 0; i < op.InFeatures; i++)
                sum += a.Inputs[0].Data[(((n * op.InFeatures) + i) * plane) + pixel] * weight[(o * op.InFeatures) + i];
            a.Output.Data[(((n * op.OutFeatures) + o) * plane) + pixel] = sum;
        }

        return a.Output;
    }

    public ReferenceTensor Visit(BatchNorm2d op, Arguments a)
    {
        (float[] weight, float[] bias) = (weights[op.Weight].Data, weights[op.Bias].Data);
        (float[] mean, float[] variance) = (weights[op.RunningMean].Data, weights[op.RunningVariance].Data);
        return PerChannel(a, (x, c) => ((x - mean[c]) / Math.Sqrt(variance[c] + op.Epsilon) * weight[c]) + bias[c]);
    }

    public ReferenceTensor Visit(GroupNorm op, Arguments a)
    {
        (float[] weight, float[] bias) = (weights[op.Weight].Data, weights[op.Bias].Data);
        (double[] x, double[] y) = (a.Inputs[0].Data, a.Output.Data);
        int plane = a.Output.Shape[2] * a.Output.Shape[3];
        int perGroup = op.Channels / op.Groups,
            size = perGroup * plane;
        for (int group = 0; group < a.Output.Shape[0] * op.Groups; group++)
        {
            ReadOnlySpan<double> values = x.AsSpan(group * size, size);
            double mean = 0,
                variance = 0;
            foreach (double value in values)
                mean += value / size;
            foreach (double value in values)
                variance += (value - mean) * (value - mean) / size;
            for (int i = 0; i < size; i++)
            {
                int channel = (group % op.Groups * perGroup) + (i / plane);
                y[(group * size) + i] = ((values[i] - mean) / Math.Sqrt(variance + op.Epsilon) * weight[channel]) + bias[channel];
            }
        }

        return a.Output;
    }

    public ReferenceTensor Visit(Activation op, Arguments a)
    {
        Func<double, double> function = op.Function switch
        {
            ActivationKind.Gelu => SpecialFunctions.Gelu,
            ActivationKind.Silu => SpecialFunctions.Silu,
            ActivationKind.Relu => x => x < 0 ? 0 : x,
            ActivationKind.Sigmoid => x => 1 / (1 + Math.Exp(-x)),
            ActivationKind.LeakyRelu => x => x < 0 ? 0.2 * x : x,
            ActivationKind.HardSwish => x => x * Math.Clamp(x + 3, 0, 6) / 6,
            ActivationKind.HardSigmoid => x => Math.Clamp(x + 3, 0, 6) / 6,
            _ => throw new GraphException($"Unknown activation {op.Function}."),
        };
        for (int i = 0; i < a.Output.Data.Length; i++)
            a.Output.Data[i] = function(a.Inputs[0].Data[i]);
        return a.Output;
    }

    public ReferenceTensor Visit(GlobalAveragePool op, Arguments a)
    {
        int plane = a.Inputs[0].Shape[2] * a.Inputs[0].Shape[3];
        for (int map = 0; map < a.Output.Data.Length; map++)
        {
            double sum = 0;
            foreach (double x in a.Inputs[0].Data.AsSpan(map * plane, plane))
                sum += x;
            a.Output.Data[map] = sum / plane;
        }

        return a.Output;
    }

    public ReferenceTensor Visit(Binary op, Arguments a)
    {
        Func<double, double, double> function = op.Function switch
        {
            BinaryKind.Add => (x, y) => x + y,
            BinaryKind.Subtract => (x, y) => x - y,
            BinaryKind.Multiply => (x, y) => x * y,
            _ => throw new GraphException($"Unknown function {op.Function}."),
        };
        for (int i = 0; i < a.Output.Data.Length; i++)
            a.Output.Data[i] = function(Broadcast(a.Inputs[0], i), Broadcast(a.Inputs[1], i));
        return a.Output;

        double Broadcast(ReferenceTensor x, int index)
        {
            int offset = 0,
                stride = 1;
            for (int d = x.Shape.Rank - 1; d >= 0; d--)
            {
                int extent = a.Output.Shape[d];
                if (x.Shape[d] > 1)
                    offset += index % extent * stride;
                index /= extent;
                stride *= x.Shape[d];
            }

            return x.Data[offset];
        }
    }

    public ReferenceTensor Visit(ChannelAffine op, Arguments a)
    {
        float[]? scale = op.Scale is null ? null : weights[op.Scale].Data;
        float[]? shift = op.Shift is null ? null : weights[op.Shift].Data;
        return PerChannel(a, (x, c) => (x * (scale?[c] ?? 1)) + (shift?[c] ?? 0));
    }

    public ReferenceTensor Visit(ChannelSlice op, Arguments a)
    {
        int plane = a.Output.Shape[2] * a.Output.Shape[3];
        int length = op.Length * plane,
            whole = a.Inputs[0].Shape[1] * plane;
        for (int n = 0; n < a.Output.Shape[0]; n++)
            a.Inputs[0].Data.AsSpan((n * whole) + (op.Start * plane), length).CopyTo(a.Output.Data.AsSpan(n * length));
        return a.Output;
    }

    public ReferenceTensor Visit(ChannelConcat op, Arguments a)
    {
        int target = 0;
        for (int n = 0; n < a.Output.Shape[0]; n++)
            foreach (ReferenceTensor part in a.Inputs)
            {
                int length = part.Data.Length / a.Output.Shape[0];
                part.Data.AsSpan(n * length, length).CopyTo(a.Output.Data.AsSpan(target));
                target += length;
            }

        return a.Output;
    }

    // The elements of one channel of one image: H W for a map, 1 for (N, C).
    private static int Plane(Shape shape) => shape.Rank == 2 ? 1 : checked(shape[2] * shape[3]);

    private static ReferenceTensor PerChannel(Arguments a, Func<double, int, double> function)
    {
        int channels = a.Output.Shape[1],
            plane = a.Output.Shape[2] * a.Output.Shape[3];
        for (int i = 0; i < a.Output.Data.Length; i++)
            a.Output.Data[i] = function(a.Inputs[0].Data[i], i / plane % channels);
        return a.Output;
    }
}
