using MogaSharp.Graph;

namespace MogaSharp.Cpu.Planning;

/// <content>Attention, of windows too.</content>
internal sealed partial class PatternMatcher
{
    public AttentionPattern? Attention(Value root)
    {
        // Either windows are cut and put together here, or an image's pixels are the tokens.
        Value values = root is { Op: WindowMerge } ? root.Inputs[0] : root;
        if (values.Op is not AttentionOutput sums)
            return null;
        if (values != root && Uses(values) > 1)
            return null;
        const string Block = "attention";
        var fused = new List<Value>();
        if (values != root)
            fused.Add(values);
        Value scores = values.Inputs[0];
        if (scores.Op is not Softmax)
            return Reject<AttentionPattern>(root, values, Block, "no softmax comes before the values");
        RelativePositionBias? bias = null;
        WindowMask? mask = null;
        Value? maskMap = null;
        for (; scores.Op is not QueryKeyProduct; scores = scores.Inputs[0])
        {
            if (Uses(scores) > 1)
                return Reject<AttentionPattern>(root, values, Block, $"{scores.Op.Kind} is read {Uses(scores)} times");
            fused.Add(scores);
            switch (scores.Op)
            {
                case Softmax when fused[^1] == values.Inputs[0]:
                    break;
                case RelativePositionBias one when bias is null:
                    bias = one;
                    break;
                case WindowMask one when mask is null:
                    (mask, maskMap) = (one, scores.Inputs[1]);
                    break;
                default:
                    return Reject<AttentionPattern>(root, values, Block, $"{scores.Op.Kind} comes between scores and softmax");
            }
        }

        if (Uses(scores) > 1)
            return Reject<AttentionPattern>(root, values, Block, $"the scores are read {Uses(scores)} times");
        fused.Add(scores);
        var product = (QueryKeyProduct)scores.Op;
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
                return Reject<AttentionPattern>(
                    root,
                    values,
                    Block,
                    "queries, keys and values are not the windows that are put together afterwards"
                );
            if (cut.Any(operand => Uses(operand) != operands.Count(other => other == operand)))
                return Reject<AttentionPattern>(root, values, Block, "windows are read by others");
            if (mask is not null && (mask.Window != merge.Window || ShapeOf(maskMap!).With(1, 0) != ShapeOf(root).With(1, 0)))
                return Reject<AttentionPattern>(root, values, Block, "the mask is that of other windows");
            fused.AddRange(cut);
            operands = [.. operands.Select(operand => operand.Inputs[0])];
        }

        Fuse(fused);
        return new AttentionPattern(View(operands[0]), View(operands[1]), View(operands[2]), product, depth, valueDepth, values.Scope)
        {
            Bias = bias,
            Mask = mask,
            MaskMap = maskMap,
            Windows = windows,
        };
    }
}
