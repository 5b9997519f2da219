using MogaSharp.Graph;

namespace MogaSharp.Cpu;

/// <content>Norms and attention.</content>
internal sealed partial class GradientKernels
{
    public bool Visit(LayerNorm op, GradientStep s)
    {
        double[] target = s.Into()!;
        float[] weight = weights[op.Weight].Data;
        int plane = Plane(s.To),
            image = op.Channels * plane;
        Parallel.For(
            0,
            s.To[0] * plane,
            place =>
            {
                (int n, int pixel) = Math.DivRem(place, plane);
                Normalize(s, target, op.Channels, c => (n * image) + (c * plane) + pixel, c => weight[c], op.Epsilon);
            }
        );
        return true;
    }

    public bool Visit(GroupNorm op, GradientStep s)
    {
        double[] target = s.Into()!;
        float[] weight = weights[op.Weight].Data;
        int plane = Plane(s.To),
            perGroup = op.Channels / op.Groups,
            size = perGroup * plane;
        Parallel.For(
            0,
            s.To[0] * op.Groups,
            group =>
                Normalize(s, target, size, i => (group * size) + i, i => weight[(group % op.Groups * perGroup) + (i / plane)], op.Epsilon)
        );
        return true;
    }

    public bool Visit(Softmax op, GradientStep s)
    {
        double[] target = s.Into()!;
        float[] y = s.Output;
        int length = s.To[s.To.Rank - 1];
        for (int row = 0; row < y.Length; row += length)
        {
            double sum = 0;
            for (int i = row; i < row + length; i++)
                sum += s.Gradient[i] * y[i];
            for (int i = row; i < row + length; i++)
                target[i] += y[i] * (s.Gradient[i] - sum);
        }

        return true;
    }

    public bool Visit(QueryKeyProduct op, GradientStep s)
    {
        (double[]? query, double[]? key) = (s.Into(0), s.Into(1));
        (float[] q, float[] k) = (s.Input(0), s.Input(1));
        int tokens = s.To[2],
            depth = s.From()[1] / op.Heads;
        Parallel.For(
            0,
            s.To[0] * s.From()[1],
            channel =>
            {
                int head = channel / depth * tokens,
                    at = channel * tokens;
                for (int i = 0; i < tokens; i++)
                for (int j = 0; j < tokens; j++)
                {
                    double g = op.Scale * s.Gradient[((head + i) * tokens) + j];
                    if (query is not null)
                        query[at + i] += g * k[at + j];
                    if (key is not null)
                        key[at + j] += g * q[at + i];
                }
            }
        );
        return true;
    }

    public bool Visit(AttentionOutput op, GradientStep s)
    {
        (double[]? probability, double[]? value) = (s.Into(0), s.Into(1));
        (float[] p, float[] v) = (s.Input(0), s.Input(1));
        int tokens = s.From()[2],
            depth = s.To[1] / op.Heads;
        // A head's channels add to the same probabilities.
        Parallel.For(
            0,
            s.To[0] * op.Heads,
            head =>
            {
                for (int channel = head * depth; channel < (head + 1) * depth; channel++)
                for (int i = 0; i < tokens; i++)
                {
                    double g = s.Gradient[(channel * tokens) + i];
                    int row = ((head * tokens) + i) * tokens;
                    for (int j = 0; j < tokens; j++)
                    {
                        if (probability is not null)
                            probability[row + j] += g * v[(channel * tokens) + j];
                        if (value is not null)
                            value[(channel * tokens) + j] += g * p[row + j];
                    }
                }
            }
        );
        return true;
    }

    public bool Visit(RelativePositionBias op, GradientStep s) => Passed(s);

    public bool Visit(WindowMask op, GradientStep s) => Passed(s);

    // y = (x - mean) / deviation times weight: dx = (h - mean(h) - z mean(h z)) / deviation, h = g weight, z = (x - mean) / deviation.
    private static void Normalize(
        GradientStep s,
        double[] target,
        int count,
        Func<int, int> place,
        Func<int, double> weight,
        double epsilon
    )
    {
        float[] x = s.Input();
        double mean = 0,
            variance = 0,
            first = 0,
            second = 0;
        for (int i = 0; i < count; i++)
            mean += x[place(i)];
        mean /= count;
        for (int i = 0; i < count; i++)
            variance += (x[place(i)] - mean) * (x[place(i)] - mean);
        double deviation = Math.Sqrt((variance / count) + epsilon);
        for (int i = 0; i < count; i++)
        {
            double h = s.Gradient[place(i)] * weight(i);
            first += h;
            second += h * (x[place(i)] - mean) / deviation;
        }

        for (int i = 0; i < count; i++)
        {
            double h = s.Gradient[place(i)] * weight(i),
                z = (x[place(i)] - mean) / deviation;
            target[place(i)] += (h - (first / count) - (z * second / count)) / deviation;
        }
    }
}
