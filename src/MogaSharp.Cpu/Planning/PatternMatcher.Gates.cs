using MogaSharp.Graph;

namespace MogaSharp.Cpu.Planning;

/// <content>Gated products: MogaNet's gate and context, and the recursive gates of g^n Conv.</content>
internal sealed partial class PatternMatcher
{
    /// <param name="root">The value.</param>
    /// <param name="minPixels">With fewer, threads share the work better by columns, which one step for all three products does not
    /// allow.</param>
    public GatedProjectionPattern? GatedProjection(Value root, int minPixels)
    {
        var fused = new List<Value>();
        if (Terms(root, fused) is not { Main.Op: Conv2d { IsPointwise: true } project, RankOne: null, ImageBias: null } sum)
            return null;
        Value product = sum.Main.Inputs[0];
        const string Block = "gated projection";
        if (product.Op is not Binary { Function: BinaryKind.Multiply } || product.Inputs[0] == product.Inputs[1])
            return null;
        if (Uses(product) > 1)
            return Reject<GatedProjectionPattern>(root, sum.Main, Block, $"the gated product is read {Uses(product)} times");
        fused.Add(product);
        MatrixPattern?[] branches =
        [
            .. product.Inputs.Select(input =>
            {
                if (Uses(input) > 1 || ShapeOf(input) != ShapeOf(product))
                    return null;
                fused.Add(input);
                return Core(input, fused);
            }),
        ];
        if (branches is not [{ Main: Conv2d { IsPointwise: true } gate } first, { Main: Conv2d { IsPointwise: true } context } second])
            return Reject<GatedProjectionPattern>(
                root,
                sum.Main,
                Block,
                "a side of the gate is not a 1x1 convolution, or is read by others"
            );
        if (!first.IsPlain || !second.IsPlain)
            return Reject<GatedProjectionPattern>(root, sum.Main, Block, "a side of the gate has a shortcut or a bias per image");
        if (!first.Activation.SequenceEqual(second.Activation))
            return Reject<GatedProjectionPattern>(root, sum.Main, Block, "the two sides have different activations");
        int pixels = MapLayout.Of(ShapeOf(root)).Pixels;
        if (pixels < minPixels)
            return Reject<GatedProjectionPattern>(
                root,
                sum.Main,
                Block,
                $"{pixels} pixels are few, so that the threads share out columns instead"
            );
        Fuse(fused);
        return new GatedProjectionPattern(gate, first.Input, context, second.Input, first.Activation, project, sum.Main.Scope)
        {
            Shortcut = sum.Shortcut,
        };
    }

    public GatedChainPattern? GatedChain(Value root)
    {
        var fused = new List<Value>();
        if (Terms(root, fused) is not { Main.Op: Conv2d { IsPointwise: true } project, RankOne: null, ImageBias: null } sum)
            return null;
        Value product = sum.Main.Inputs[0];
        if (!IsLink(product))
            return null;
        var links = new List<(Conv2d Conv, Value Factor)>();
        for (; ; )
        {
            fused.Add(product);
            int side = Enumerable
                .Range(0, 2)
                .FirstOrDefault(
                    i => product.Inputs[i] is { Op: Conv2d { IsPointwise: true } } conv && Uses(conv) == 1 && IsLink(conv.Inputs[0]),
                    -1
                );
            if (side < 0)
                break;
            Value wider = product.Inputs[side];
            links.Insert(0, ((Conv2d)wider.Op, product.Inputs[1 - side]));
            fused.Add(wider);
            product = wider.Inputs[0];
        }

        // Without links it is a gate, which the matrix product before it does better unless both sides are at hand.
        if (links.Count == 0 && product.Inputs.Any(input => input.Op is not ChannelSlice))
            return null;
        Fuse(fused);
        _rejections.Remove(root);
        return new GatedChainPattern(
            View(product.Inputs[0]),
            View(product.Inputs[1]),
            ShapeOf(product)[1],
            [.. links.Select(link => (link.Conv, View(link.Factor)))],
            project,
            sum.Main.Scope
        )
        {
            Shortcut = sum.Shortcut,
        };

        bool IsLink(Value value) =>
            value.Op is Binary { Function: BinaryKind.Multiply }
            && Uses(value) == 1
            && value.Inputs[0] != value.Inputs[1]
            && ShapeOf(value.Inputs[0]) == ShapeOf(value)
            && ShapeOf(value.Inputs[1]) == ShapeOf(value);
    }
}
