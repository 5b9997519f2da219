using MogaSharp.Graph;

namespace MogaSharp.Cpu.Planning;

/// <summary>What the networks that MogaNet is compared with are made of: MLPs, recursive gates, attention.</summary>
internal sealed partial class PatternMatcher
{
    private readonly Dictionary<Value, int> _views = [];

    /// <summary>True for a range of channels that everyone reads where it lies.</summary>
    public bool IsOnlyViewed(Value value) => _views.GetValueOrDefault(value) == _uses[value.Index];

    /// <param name="root">The value.</param>
    /// <param name="fewestPixels">With fewer, threads share the work better by columns, which one step for both products does not
    /// allow.</param>
    public MlpPattern? Mlp(Value root, int fewestPixels)
    {
        var swallowed = new List<Value>();
        if (Terms(root, swallowed) is not { Main.Op: Conv2d { IsPointwise: true } project, RankOne: null, ImageBias: null } sum)
            return null;
        Value active = sum.Main.Inputs[0];
        if (active.Op is not Activation || active.Inputs[0].Op is Conv2d { IsPointwise: false })
            return null;
        const string Block = "MLP";
        if (_uses[active.Index] > 1)
            return Refuse<MlpPattern>(root, sum.Main, Block, $"the hidden channels are read {_uses[active.Index]} times");
        swallowed.Add(active);
        if (Core(active, swallowed) is not { IsPlain: true, Main: Conv2d { IsPointwise: true } expand } first)
            return Refuse<MlpPattern>(root, sum.Main, Block, "what is activated is no 1x1 convolution alone, or is read by others");
        int pixels = MapLayout.Of(ShapeOf(root)).Pixels;
        if (pixels < fewestPixels)
            return Refuse<MlpPattern>(root, sum.Main, Block, $"{pixels} pixels are few, so that the threads share out columns instead");
        Value input = first.Input;
        var norm = input.Op as LayerNorm;
        if (norm is not null && _uses[input.Index] == 1)
        {
            swallowed.Add(input);
            input = input.Inputs[0];
        }
        else
        {
            norm = null;
        }

        Swallow(swallowed);
        _refusals.Remove(root);
        return new MlpPattern(input, norm, expand, first.Activation, project, sum.Main.Scope)
        {
            Other = sum.Other,
            OtherScale = sum.OtherScale,
            OtherShift = sum.OtherShift,
        };
    }

    public GatedChainPattern? GatedChain(Value root)
    {
        var swallowed = new List<Value>();
        if (Terms(root, swallowed) is not { Main.Op: Conv2d { IsPointwise: true } project, RankOne: null, ImageBias: null } sum)
            return null;
        Value product = sum.Main.Inputs[0];
        if (!IsLink(product))
            return null;
        var links = new List<(Conv2d Conv, Value Factor)>();
        for (; ; )
        {
            swallowed.Add(product);
            int side = Enumerable
                .Range(0, 2)
                .FirstOrDefault(
                    i => product.Inputs[i] is { Op: Conv2d { IsPointwise: true } } conv && _uses[conv.Index] == 1 && IsLink(conv.Inputs[0]),
                    -1
                );
            if (side < 0)
                break;
            Value wider = product.Inputs[side];
            links.Insert(0, ((Conv2d)wider.Op, product.Inputs[1 - side]));
            swallowed.Add(wider);
            product = wider.Inputs[0];
        }

        // Without links it is a gate, which the matrix product before it does better unless both sides are at hand.
        if (links.Count == 0 && product.Inputs.Any(input => input.Op is not ChannelSlice))
            return null;
        Swallow(swallowed);
        _refusals.Remove(root);
        return new GatedChainPattern(
            View(product.Inputs[0]),
            View(product.Inputs[1]),
            ShapeOf(product)[1],
            [.. links.Select(link => (link.Conv, View(link.Factor)))],
            project,
            sum.Main.Scope
        )
        {
            Other = sum.Other,
            OtherScale = sum.OtherScale,
            OtherShift = sum.OtherShift,
        };

        bool IsLink(Value value) =>
            value.Op is Binary { Function: BinaryKind.Multiply }
            && _uses[value.Index] == 1
            && value.Inputs[0] != value.Inputs[1]
            && ShapeOf(value.Inputs[0]) == ShapeOf(value)
            && ShapeOf(value.Inputs[1]) == ShapeOf(value);
    }

    public GroupNormPattern? GroupNorm(Value root)
    {
        if (root.Op is not Activation activation || root.Inputs[0] is not { Op: GroupNorm norm } value || _uses[value.Index] > 1)
            return null;
        Swallow([value]);
        return new GroupNormPattern(value.Inputs[0], norm, activation.Function);
    }

    public GlobalFilterPattern? GlobalFilter(Value root)
    {
        if (root.Op is not InverseRealFft2d)
            return null;
        Value filtered = root.Inputs[0],
            spectrum = filtered.Inputs.Count > 0 ? filtered.Inputs[0] : filtered;
        const string Block = "global filter";
        if (filtered.Op is not SpectralFilter filter || spectrum.Op is not RealFft2d)
            return Refuse<GlobalFilterPattern>(root, root, Block, "no filter of a spectrum comes before the inverse transform");
        if (_uses[filtered.Index] > 1 || _uses[spectrum.Index] > 1)
            return Refuse<GlobalFilterPattern>(root, root, Block, "a spectrum is read by others");
        Value map = spectrum.Inputs[0];
        if (ShapeOf(map) != ShapeOf(root))
            return Refuse<GlobalFilterPattern>(root, root, Block, "the result has another size than the map");
        Swallow([filtered, spectrum]);
        return new GlobalFilterPattern(View(map), filter);
    }

    public AttentionPattern? Attention(Value root)
    {
        // Either windows are cut and put together here, or an image's pixels are the tokens.
        Value values = root is { Op: WindowMerge } ? root.Inputs[0] : root;
        if (values.Op is not AttentionValues sums)
            return null;
        if (values != root && _uses[values.Index] > 1)
            return null;
        const string Block = "attention";
        var swallowed = new List<Value>();
        if (values != root)
            swallowed.Add(values);
        Value scores = values.Inputs[0];
        if (scores.Op is not Softmax)
            return Refuse<AttentionPattern>(root, values, Block, "no softmax comes before the values");
        RelativePositionBias? bias = null;
        WindowMask? mask = null;
        Value? maskMap = null;
        for (; scores.Op is not AttentionScores; scores = scores.Inputs[0])
        {
            if (_uses[scores.Index] > 1)
                return Refuse<AttentionPattern>(root, values, Block, $"{scores.Op.Kind} is read {_uses[scores.Index]} times");
            swallowed.Add(scores);
            switch (scores.Op)
            {
                case Softmax when swallowed[^1] == values.Inputs[0]:
                    break;
                case RelativePositionBias one when bias is null:
                    bias = one;
                    break;
                case WindowMask one when mask is null:
                    (mask, maskMap) = (one, scores.Inputs[1]);
                    break;
                default:
                    return Refuse<AttentionPattern>(root, values, Block, $"{scores.Op.Kind} comes between scores and softmax");
            }
        }

        if (_uses[scores.Index] > 1)
            return Refuse<AttentionPattern>(root, values, Block, $"the scores are read {_uses[scores.Index]} times");
        swallowed.Add(scores);
        var product = (AttentionScores)scores.Op;
        Value[] operands = [scores.Inputs[0], scores.Inputs[1], values.Inputs[1]];
        int depth = ShapeOf(operands[0])[1] / product.Heads,
            valueDepth = ShapeOf(values)[1] / sums.Heads;
        WindowPartition? windows = null;
        if (values != root)
        {
            var merge = (WindowMerge)root.Op;
            windows = new WindowPartition(merge.Window, merge.Shift);
            Value[] cut = [.. operands.Distinct()];
            if (cut.Any(operand => !Equals(operand.Op, windows) || ShapeOf(operand.Inputs[0]).With(1, 0) != ShapeOf(root).With(1, 0)))
                return Refuse<AttentionPattern>(
                    root,
                    values,
                    Block,
                    "queries, keys and values are not the windows that are put together afterwards"
                );
            if (cut.Any(operand => _uses[operand.Index] != operands.Count(other => other == operand)))
                return Refuse<AttentionPattern>(root, values, Block, "windows are read by others");
            if (mask is not null && (mask.Window != merge.Window || ShapeOf(maskMap!).With(1, 0) != ShapeOf(root).With(1, 0)))
                return Refuse<AttentionPattern>(root, values, Block, "the mask is that of other windows");
            swallowed.AddRange(cut);
            operands = [.. operands.Select(operand => operand.Inputs[0])];
        }

        Swallow(swallowed);
        return new AttentionPattern(View(operands[0]), View(operands[1]), View(operands[2]), product, depth, valueDepth, values.Scope)
        {
            Bias = bias,
            Mask = mask,
            MaskMap = maskMap,
            Windows = windows,
        };
    }

    // For a pattern that has been taken and reads floats wherever they lie.
    private ValueView View(Value value)
    {
        if (value.Op is not ChannelSlice slice)
            return new ValueView(value, 0);
        _views[value] = _views.GetValueOrDefault(value) + 1;
        return new ValueView(value.Inputs[0], slice.Start);
    }
}
