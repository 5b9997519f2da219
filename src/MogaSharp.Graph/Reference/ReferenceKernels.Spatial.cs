using Arguments = (MogaSharp.Graph.ReferenceTensor[] Inputs, MogaSharp.Graph.ReferenceTensor Output);

namespace MogaSharp.Graph;

/// <summary>Pooling, permutations of pixels and channels, circular convolutions.</summary>
internal sealed partial class ReferenceKernels
{
    public ReferenceTensor Visit(ScalarMultiply op, Arguments a)
    {
        for (int i = 0; i < a.Output.Data.Length; i++)
            a.Output.Data[i] = op.Factor * a.Inputs[0].Data[i];
        return a.Output;
    }

    public ReferenceTensor Visit(AveragePool2d op, Arguments a)
    {
        (int height, int width) = (a.Output.Shape[2], a.Output.Shape[3]);
        int reach = op.Kernel / 2;
        for (int i = 0; i < a.Output.Data.Length; i++)
        {
            int x = i % width,
                y = i / width % height,
                origin = i - (y * width) - x,
                count = 0;
            double sum = 0;
            for (int v = Math.Max(0, y - reach); v <= Math.Min(height - 1, y + reach); v++)
            for (int u = Math.Max(0, x - reach); u <= Math.Min(width - 1, x + reach); u++)
            {
                sum += a.Inputs[0].Data[origin + (v * width) + u];
                count++;
            }

            a.Output.Data[i] = sum / count;
        }

        return a.Output;
    }

    public ReferenceTensor Visit(PixelShuffle op, Arguments a) =>
        Gather(a, (n, c, y, x) => (n, (((c * op.Factor) + (y % op.Factor)) * op.Factor) + (x % op.Factor), y / op.Factor, x / op.Factor));

    public ReferenceTensor Visit(PatchMerge op, Arguments a)
    {
        int channels = a.Inputs[0].Shape[1];
        return Gather(a, (n, c, y, x) => (n, c % channels, (2 * y) + (c / channels % 2), (2 * x) + (c / channels / 2)));
    }

    public ReferenceTensor Visit(ChannelShuffle op, Arguments a)
    {
        int perGroup = a.Output.Shape[1] / op.Groups;
        return Gather(a, (n, c, y, x) => (n, (c % op.Groups * perGroup) + (c / op.Groups), y, x));
    }

    public ReferenceTensor Visit(CircularConv op, Arguments a)
    {
        (int height, int width) = (a.Output.Shape[2], a.Output.Shape[3]);
        bool down = op.Axis == MapAxis.Height;
        int side = down ? height : width;
        double[][] kernels = Resized(weights[op.Weight].Data, op.Channels, op.Size, side);
        float[]? bias = op.Bias is null ? null : weights[op.Bias].Data;
        for (int i = 0; i < a.Output.Data.Length; i++)
        {
            int x = i % width,
                y = i / width % height,
                c = i / (width * height) % op.Channels,
                origin = i - (y * width) - x;
            double sum = bias?[c] ?? 0;
            for (int j = 0; j < side; j++)
            {
                int source = down ? (((y + j) % height) * width) + x : (y * width) + ((x + j) % width);
                sum += kernels[c][j] * a.Inputs[0].Data[origin + source];
            }

            a.Output.Data[i] = sum;
        }

        return a.Output;
    }

    public ReferenceTensor Visit(PositionEmbedding op, Arguments a)
    {
        (int height, int width) = (a.Output.Shape[2], a.Output.Shape[3]);
        bool down = op.Axis == MapAxis.Height;
        double[][] embedding = Resized(weights[op.Embedding].Data, op.Channels, op.Size, down ? height : width);
        for (int i = 0; i < a.Output.Data.Length; i++)
            a.Output.Data[i] = a.Inputs[0].Data[i] + embedding[i / (width * height) % op.Channels][down ? i / width % height : i % width];
        return a.Output;
    }

    public ReferenceTensor Visit(ClipToFrames op, Arguments a) => Same(a);

    public ReferenceTensor Visit(FramesToClip op, Arguments a) => Same(a);

    public ReferenceTensor Visit(FramesToChannels op, Arguments a) => Same(a);

    public ReferenceTensor Visit(ChannelsToFrames op, Arguments a) => Same(a);

    public ReferenceTensor Visit(Flatten op, Arguments a) => Same(a);

    // The same elements in the same order under another shape.
    private static ReferenceTensor Same(Arguments a)
    {
        a.Inputs[0].Data.CopyTo(a.Output.Data, 0);
        return a.Output;
    }

    private static ReferenceTensor Gather(Arguments a, Func<int, int, int, int, (int N, int C, int Y, int X)> source)
    {
        (Shape from, Shape to) = (a.Inputs[0].Shape, a.Output.Shape);
        for (int i = 0; i < a.Output.Data.Length; i++)
        {
            (int n, int c, int y, int x) = source(i / (to[1] * to[2] * to[3]), i / (to[2] * to[3]) % to[1], i / to[3] % to[2], i % to[3]);
            a.Output.Data[i] = a.Inputs[0].Data[(((((n * from[1]) + c) * from[2]) + y) * from[3]) + x];
        }

        return a.Output;
    }

    // Rows of `size` numbers each, resized linearly so that the first and the last stay where they are.
    private static double[][] Resized(float[] data, int rows, int size, int newSize)
    {
        var result = new double[rows][];
        for (int row = 0; row < rows; row++)
        {
            result[row] = new double[newSize];
            for (int i = 0; i < newSize; i++)
            {
                (int low, int high, double share) = Corners(i, size, newSize);
                result[row][i] = (data[(row * size) + low] * (1 - share)) + (data[(row * size) + high] * share);
            }
        }

        return result;
    }

    // Between which two of `size` places the place i of `newSize` lies, and how far from the first.
    private static (int Low, int High, double Share) Corners(int i, int size, int newSize)
    {
        double place = newSize > 1 ? (double)i * (size - 1) / (newSize - 1) : 0;
        int low = Math.Min((int)place, size - 1);
        return (low, Math.Min(low + 1, size - 1), place - low);
    }
}
