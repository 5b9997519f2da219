using Arguments = (MogaSharp.Graph.ReferenceTensor[] Inputs, MogaSharp.Graph.ReferenceTensor Output);

namespace MogaSharp.Graph;

/// <summary>Norms, attention and windows.</summary>
internal sealed partial class ReferenceKernels
{
    public ReferenceTensor Visit(LayerNorm op, Arguments a)
    {
        (float[] weight, float[] bias) = (weights[op.Weight].Data, weights[op.Bias].Data);
        int plane = Plane(a.Output.Shape);
        for (int n = 0; n < a.Output.Shape[0]; n++)
        for (int pixel = 0; pixel < plane; pixel++)
        {
            double mean = 0,
                variance = 0;
            for (int c = 0; c < op.Channels; c++)
                mean += a.Inputs[0].Data[At(c)] / op.Channels;
            for (int c = 0; c < op.Channels; c++)
                variance += Math.Pow(a.Inputs[0].Data[At(c)] - mean, 2) / op.Channels;
            for (int c = 0; c < op.Channels; c++)
                a.Output.Data[At(c)] = ((a.Inputs[0].Data[At(c)] - mean) / Math.Sqrt(variance + op.Epsilon) * weight[c]) + bias[c];

            int At(int channel) => (((n * op.Channels) + channel) * plane) + pixel;
        }

        return a.Output;
    }

    public ReferenceTensor Visit(Softmax op, Arguments a)
    {
        int length = a.Output.Shape[a.Output.Shape.Rank - 1];
        for (int row = 0; row < a.Output.Data.Length; row += length)
        {
            ReadOnlySpan<double> x = a.Inputs[0].Data.AsSpan(row, length);
            double largest = double.NegativeInfinity,
                sum = 0;
            foreach (double value in x)
                largest = Math.Max(largest, value);
            foreach (double value in x)
                sum += Math.Exp(value - largest);
            for (int i = 0; i < length; i++)
                a.Output.Data[row + i] = Math.Exp(x[i] - largest) / sum;
        }

        return a.Output;
    }

    public ReferenceTensor Visit(QueryKeyProduct op, Arguments a)
    {
        (double[] query, double[] key) = (a.Inputs[0].Data, a.Inputs[1].Data);
        int tokens = a.Output.Shape[2],
            depth = a.Inputs[0].Shape[1] / op.Heads;
        for (int head = 0; head < a.Output.Shape[0] * op.Heads; head++)
        for (int i = 0; i < tokens; i++)
        for (int j = 0; j < tokens; j++)
        {
            double sum = 0;
            for (int c = 0; c < depth; c++)
                sum += query[(((head * depth) + c) * tokens) + i] * key[(((head * depth) + c) * tokens) + j];
            a.Output.Data[(((head * tokens) + i) * tokens) + j] = op.Scale * sum;
        }

        return a.Output;
    }

    public ReferenceTensor Visit(AttentionOutput op, Arguments a)
    {
        (double[] probability, double[] value) = (a.Inputs[0].Data, a.Inputs[1].Data);
        int tokens = a.Inputs[0].Shape[2],
            depth = a.Output.Shape[1] / op.Heads;
        for (int channel = 0; channel < a.Output.Shape[0] * a.Output.Shape[1]; channel++)
        for (int i = 0; i < tokens; i++)
        {
            double sum = 0;
            for (int j = 0; j < tokens; j++)
                sum += probability[(((channel / depth * tokens) + i) * tokens) + j] * value[(channel * tokens) + j];
            a.Output.Data[(channel * tokens) + i] = sum;
        }

        return a.Output;
    }

    public ReferenceTensor Visit(RelativePositionBias op, Arguments a)
    {
        float[] table = weights[op.Table].Data;
        int tokens = op.Window * op.Window;
        for (int i = 0; i < a.Output.Data.Length; i++)
        {
            int row = op.Row(i / tokens % tokens, i % tokens),
                head = i / (tokens * tokens) % op.Heads;
            a.Output.Data[i] = a.Inputs[0].Data[i] + table[(row * op.Heads) + head];
        }

        return a.Output;
    }

    public ReferenceTensor Visit(WindowMask op, Arguments a)
    {
        Shape map = a.Inputs[1].Shape;
        int tokens = op.Window * op.Window,
            heads = a.Output.Shape[1],
            windows = a.Output.Shape[0] / map[0];
        for (int i = 0; i < a.Output.Data.Length; i++)
        {
            int window = i / (tokens * tokens * heads) % windows;
            a.Output.Data[i] = a.Inputs[0].Data[i] + (op.Separates(map, window, i / tokens % tokens, i % tokens) ? WindowMask.Masked : 0);
        }

        return a.Output;
    }

    public ReferenceTensor Visit(WindowPartition op, Arguments a)
    {
        foreach ((int inMap, int inWindows) in Windows(a.Inputs[0].Shape, op.Window, op.Shift))
            a.Output.Data[inWindows] = a.Inputs[0].Data[inMap];
        return a.Output;
    }

    public ReferenceTensor Visit(WindowMerge op, Arguments a)
    {
        foreach ((int inMap, int inWindows) in Windows(a.Output.Shape, op.Window, op.Shift))
            a.Output.Data[inMap] = a.Inputs[0].Data[inWindows];
        return a.Output;
    }

    public ReferenceTensor Visit(TokensToChannels op, Arguments a) => Transposed(a, a.Inputs[0].Shape[1]);

    public ReferenceTensor Visit(ChannelsToTokens op, Arguments a) => Transposed(a, a.Inputs[0].Shape[1]);

    // (N, rows, columns) to (N, columns, rows).
    private static ReferenceTensor Transposed(Arguments a, int rows)
    {
        int image = a.Output.Data.Length / a.Output.Shape[0],
            columns = image / rows;
        for (int i = 0; i < a.Output.Data.Length; i++)
            a.Output.Data[(i / image * image) + (i % columns * rows) + (i % image / columns)] = a.Inputs[0].Data[i];
        return a.Output;
    }

    // Where each element of a map lies in the map and in its windows.
    private static IEnumerable<(int InMap, int InWindows)> Windows(Shape map, int window, int shift)
    {
        (int channels, int height, int width) = (map[1], map[2], map[3]);
        for (int n = 0; n < map[0]; n++)
        for (int c = 0; c < channels; c++)
        for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
        {
            int number = (((n * (height / window)) + (y / window)) * (width / window)) + (x / window);
            int inWindows = (((((number * channels) + c) * window) + (y % window)) * window) + (x % window);
            int inMap = (((((n * channels) + c) * height) + ((y + shift) % height)) * width) + ((x + shift) % width);
            yield return (inMap, inWindows);
        }
    }
}
