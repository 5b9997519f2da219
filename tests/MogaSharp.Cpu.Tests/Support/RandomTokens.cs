using MogaSharp.Graph;

namespace MogaSharp.Cpu.Tests.Support;

/// <summary>The patterns of the networks that MogaNet is compared with, with random parts, some of them spoilt.</summary>
internal sealed class RandomTokens(RandomOps ops, Random random)
{
    /// <summary>x + gamma * fc2(act(fc1(norm(x)))), ConvNeXt's with a depthwise convolution first.</summary>
    public Value? Mlp(Value x)
    {
        Value? y = ops.Chance(0.4) ? ops.DepthwiseSameSize(x, ops.OneOf(3, 5, 7, 11), 1) : x;
        if (y is null)
            return null;
        if (ops.Chance(0.7))
            y = ops.LayerNorm(y);
        Value? hidden = Product(y, random.Next(1, 100));
        if (hidden is null)
            return null;
        hidden = ops.Next().Activate(ops.Chance(0.7) ? ActivationKind.Gelu : ops.Function(), hidden);
        bool hasShortcut = ops.Chance(0.7);
        if (Product(hidden, hasShortcut ? x.Channels : random.Next(1, 50)) is not { } z)
            return null;
        if (ops.Chance(0.5))
            z = ops.Next().ScaleFlat("gamma", z, 1);
        return hasShortcut
            ? ops.Chance(0.5)
                ? x + z
                : z + x
            : z;
    }

    /// <summary>Attention of all pixels or of windows, with or without position bias and mask, projections and shortcut.</summary>
    public Value? Attention(Value x)
    {
        int[] windows = [.. Enumerable.Range(1, 4).Where(side => x.Shape[2] % side == 0 && x.Shape[3] % side == 0)];
        int window = windows[random.Next(windows.Length)];
        bool isWindowed = (window > 1 || ops.Chance(0.2)) && ops.Chance(0.8);
        if (!isWindowed && x.Shape[2] * x.Shape[3] > 90)
            return null;
        int heads = ops.OneOf(1, 2, 3, 4),
            channels = heads * ops.OneOf(1, 3, 8, 16, 17);
        int shift = isWindowed ? random.Next(window) : 0,
            side = (2 * window) - 1;
        Value y = ops.Chance(0.6) ? ops.LayerNorm(x) : x;
        if (isWindowed)
            y = ops.Next().Add(new WindowPartition(window, shift), y);
        (Value? q, Value? k, Value? v) = Projections(y, channels);
        if (q is null || k is null || v is null || q.Shape.ElementCount * q.Shape[2] * q.Shape[3] > 2_000_000)
            return null;
        Value scores = ops.Next().Add(new QueryKeyProduct(heads, ops.OneOf(0.3, 1, Math.Pow((double)channels / heads, -0.5))), q, k);
        if (isWindowed && ops.Chance(0.7))
        {
            Scope s = ops.Next();
            scores = s.Add(
                new RelativePositionBias(
                    heads,
                    window,
                    ops.Declare($"{s.Name}.relative_position_bias_table", new Shape(side * side, heads))
                ),
                scores
            );
        }

        if (shift > 0 && ops.Chance(0.8))
            scores = ops.Next().Add(new WindowMask(window, shift), scores, x);
        if (ops.Chance(0.1))
            scores = ops.Multiply(scores);
        Value z = ops.Next().Add(new AttentionOutput(heads), ops.Softmax(scores), v);
        if (isWindowed && ops.Chance(0.3))
            z = ops.Next().Add(new WindowMerge(window, ops.Chance(0.8) ? shift : 0), z, x);
        bool hasShortcut = ops.Chance(0.6);
        if (Product(z, hasShortcut ? x.Channels : random.Next(1, 40)) is not { } output)
            return null;
        if (isWindowed && output.Shape[0] != x.Shape[0])
            output = ops.Next().Add(new WindowMerge(window, shift), output, x);
        return hasShortcut && output.Shape == x.Shape ? x + output : output;
    }

    /// <summary>HorNet's recursive gates: parts of one projection times parts of a depthwise convolution, each widened to the next part's
    /// channels.</summary>
    public Value? GatedChain(Value x)
    {
        int order = random.Next(2, 5),
            last = (1 << (order - 1)) * ops.OneOf(1, 2, 5, 16);
        int[] widths = [.. Enumerable.Range(0, order).Select(i => last >> (order - 1 - i))];
        Value y = ops.Chance(0.6) ? ops.LayerNorm(x) : x;
        if (Product(y, widths[0] + widths.Sum()) is not { } fused)
            return null;
        if (ops.DepthwiseSameSize(ops.Next().Slice(fused, widths[0], widths.Sum()), ops.OneOf(3, 7), 1) is not { } context)
            return null;
        if (ops.Chance(0.5))
            context = ops.Multiply(context);
        Value z = ops.Next().Slice(fused, 0, widths[0]);
        for (int i = 0, start = 0; i < order; start += widths[i], i++)
        {
            if (i > 0 && Product(z, widths[i]) is { } wider)
                z = wider;
            else if (i > 0)
                return null;
            Value part = ops.Next().Slice(context, start, widths[i]);
            z = ops.Chance(0.5) ? z * part : part * z;
        }

        bool hasShortcut = ops.Chance(0.7);
        if (Product(z, hasShortcut ? x.Channels : random.Next(1, 40)) is not { } output)
            return null;
        if (ops.Chance(0.5))
            output = ops.Next().ScaleFlat("gamma", output, 1);
        return hasShortcut ? x + output : output;
    }

    private (Value? Query, Value? Key, Value? Value) Projections(Value x, int channels)
    {
        if (ops.Chance(0.3))
            return (Product(x, channels), Product(x, channels), Product(x, channels));
        if (Product(x, 3 * channels) is not { } all)
            return default;
        return (Slice(0), Slice(1), Slice(2));

        Value Slice(int i) => ops.Next().Slice(all, i * channels, channels);
    }

    private Value? Product(Value x, int channels) => ops.Chance(0.8) ? ops.Linear(x, channels) : ops.Pointwise(x, channels);
}
