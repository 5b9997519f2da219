using MogaSharp.Graph;

namespace MogaSharp.Cpu;

/// <content>Pooling and resizing, and ops that only move elements.</content>
internal sealed partial class GradientKernels
{
    public bool Visit(GlobalAveragePool op, GradientStep s)
    {
        double[] target = s.Into()!;
        int plane = Plane(s.From());
        for (int map = 0; map < s.Gradient.Length; map++)
            foreach (ref double x in target.AsSpan(map * plane, plane))
                x += s.Gradient[map] / plane;
        return true;
    }

    public bool Visit(AveragePool2d op, GradientStep s)
    {
        (int height, int width, int reach) = (s.To[2], s.To[3], op.Kernel / 2);
        return Fields(
            s,
            (y, x) => (Math.Max(0, y - reach), Math.Min(height, y + reach + 1), Math.Max(0, x - reach), Math.Min(width, x + reach + 1))
        );
    }

    public bool Visit(AdaptiveAveragePool2d op, GradientStep s)
    {
        (int height, int width) = (s.From()[2], s.From()[3]);
        return Fields(
            s,
            (y, x) =>
            {
                ((int top, int bottom), (int left, int right)) = (op.Field(y, height), op.Field(x, width));
                return (top, bottom, left, right);
            }
        );
    }

    public bool Visit(MaxPool2d op, GradientStep s)
    {
        double[] target = s.Into()!;
        float[] values = s.Input();
        (int height, int width, int outHeight, int outWidth) = (s.From()[2], s.From()[3], s.To[2], s.To[3]);
        for (int i = 0; i < s.Gradient.Length; i++)
        {
            (int row, int column) = Math.DivRem(i, outWidth);
            (int map, row) = Math.DivRem(row, outHeight);
            (int top, int left) = ((row * op.Stride) - op.Padding, (column * op.Stride) - op.Padding);
            int best = -1;
            for (int y = Math.Max(0, top); y < Math.Min(height, top + op.Kernel); y++)
            for (int x = Math.Max(0, left); x < Math.Min(width, left + op.Kernel); x++)
            {
                int at = (((map * height) + y) * width) + x;
                // The first of equal ones, as PyTorch's.
                if (best < 0 || values[at] > values[best])
                    best = at;
            }

            target[best] += s.Gradient[i];
        }

        return true;
    }

    public bool Visit(Resize op, GradientStep s)
    {
        if (s.Into() is not { } target)
            return true;
        (int height, int width, int outHeight, int outWidth) = (s.From()[2], s.From()[3], s.To[2], s.To[3]);
        for (int i = 0; i < s.Gradient.Length; i++)
        {
            (int row, int column) = Math.DivRem(i, outWidth);
            (int map, row) = Math.DivRem(row, outHeight);
            (int top, int bottom, double down) = op.Source(row, height, outHeight);
            (int left, int right, double across) = op.Source(column, width, outWidth);
            Span<double> plane = target.AsSpan(map * height * width, height * width);
            plane[(top * width) + left] += s.Gradient[i] * (1 - down) * (1 - across);
            plane[(top * width) + right] += s.Gradient[i] * (1 - down) * across;
            plane[(bottom * width) + left] += s.Gradient[i] * down * (1 - across);
            plane[(bottom * width) + right] += s.Gradient[i] * down * across;
        }

        return true;
    }

    public bool Visit(ChannelSlice op, GradientStep s) => Moved(s);

    public bool Visit(ChannelConcat op, GradientStep s) => Moved(s);

    public bool Visit(PixelShuffle op, GradientStep s) => Moved(s);

    public bool Visit(PatchMerge op, GradientStep s) => Moved(s);

    public bool Visit(ChannelShuffle op, GradientStep s) => Moved(s);

    public bool Visit(Flatten op, GradientStep s) => Moved(s);

    public bool Visit(ClipToFrames op, GradientStep s) => Moved(s);

    public bool Visit(FramesToClip op, GradientStep s) => Moved(s);

    public bool Visit(FramesToChannels op, GradientStep s) => Moved(s);

    public bool Visit(ChannelsToFrames op, GradientStep s) => Moved(s);

    public bool Visit(WindowPartition op, GradientStep s) => Moved(s);

    public bool Visit(WindowMerge op, GradientStep s) => Moved(s);

    public bool Visit(TokensToChannels op, GradientStep s) => Moved(s);

    public bool Visit(ChannelsToTokens op, GradientStep s) => Moved(s);

    public bool Visit(PositionEmbedding op, GradientStep s) => Passed(s);

    // The mean of a field of the input for each place of the result.
    private static bool Fields(GradientStep s, Func<int, int, (int Top, int Bottom, int Left, int Right)> field)
    {
        double[] target = s.Into()!;
        (int height, int width, int outHeight, int outWidth) = (s.From()[2], s.From()[3], s.To[2], s.To[3]);
        for (int i = 0; i < s.Gradient.Length; i++)
        {
            (int row, int column) = Math.DivRem(i, outWidth);
            (int map, row) = Math.DivRem(row, outHeight);
            (int top, int bottom, int left, int right) = field(row, column);
            double share = s.Gradient[i] / ((bottom - top) * (right - left));
            for (int y = top; y < bottom; y++)
            for (int x = left; x < right; x++)
                target[(((map * height) + y) * width) + x] += share;
        }

        return true;
    }

    private static bool Passed(GradientStep s)
    {
        Add(s.Gradient, s.Into());
        return true;
    }

    /// <summary>An op that only moves elements: run on the numbers of its inputs' elements, it says itself where each came from.</summary>
    private bool Moved(GradientStep s)
    {
        var inputs = new ReferenceTensor[s.Value.Inputs.Count];
        var origins = new int[inputs.Length + 1];
        for (int i = 0; i < inputs.Length; i++)
        {
            inputs[i] = new ReferenceTensor(s.From(i));
            for (int j = 0; j < inputs[i].Data.Length; j++)
                inputs[i].Data[j] = origins[i] + j;
            origins[i + 1] = origins[i] + inputs[i].Data.Length;
        }

        double[] from = ReferenceInterpreter.Compute((PrimitiveOp)s.Value.Op, inputs, s.To, weights).Data;
        double[]?[] targets = [.. Enumerable.Range(0, inputs.Length).Select(s.Into)];
        for (int i = 0, input = 0; i < from.Length; i++)
        {
            int origin = (int)from[i];
            while (origin < origins[input] || origin >= origins[input + 1])
                input = (input + 1) % inputs.Length;
            if (targets[input] is { } target)
                target[origin - origins[input]] += s.Gradient[i];
        }

        return true;
    }
}
