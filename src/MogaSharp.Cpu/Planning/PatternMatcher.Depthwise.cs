using MogaSharp.Graph;

namespace MogaSharp.Cpu.Planning;

/// <content>Depthwise convolutions, alone and of several orders.</content>
internal sealed partial class PatternMatcher
{
    public MultiOrderPattern? MultiOrder(Value root)
    {
        const string Orders = "multi-order depthwise";
        if (root.Op is not ChannelConcat)
            return null;
        var fused = new List<Value>();
        var branches = new List<(int Start, int Length, Conv2d? Conv)>();
        Value? common = null;
        int next = 0;
        foreach (Value part in root.Inputs)
        {
            if (Uses(part) > 1)
                return Reject<MultiOrderPattern>(root, root, Orders, $"a part is read {Uses(part)} times");
            fused.Add(part);
            Value slice = part;
            var conv = part.Op as Conv2d;
            if (conv is not null)
            {
                slice = part.Inputs[0];
                if (!conv.IsDepthwise || !KeepsSize(conv))
                    return Reject<MultiOrderPattern>(root, root, Orders, "a part is not a depthwise convolution that keeps the size");
                if (Uses(slice) > 1)
                    return Reject<MultiOrderPattern>(root, root, Orders, $"a range of channels is read {Uses(slice)} times");
                fused.Add(slice);
            }

            if (slice.Op is not ChannelSlice range || range.Start != next)
                return Reject<MultiOrderPattern>(root, root, Orders, "the parts are not the ranges of one map in order");
            common ??= slice.Inputs[0];
            if (slice.Inputs[0] != common)
                return Reject<MultiOrderPattern>(root, root, Orders, "the parts come from different maps");
            branches.Add((range.Start, range.Length, conv));
            next += range.Length;
        }

        if (common?.Op is not Conv2d { IsDepthwise: true } first || !KeepsSize(first))
            return Reject<MultiOrderPattern>(root, root, Orders, "no depthwise convolution that keeps the size comes first");
        if (next != first.OutChannels || branches.All(branch => branch.Conv is null))
            return Reject<MultiOrderPattern>(root, root, Orders, "the parts leave channels out, or none is a convolution");
        if (Uses(common) != branches.Count)
            return Reject<MultiOrderPattern>(root, root, Orders, "the first convolution is read by others");
        Fuse([.. fused, common]);
        return new MultiOrderPattern(common.Inputs[0], first, branches);
    }

    public DepthwisePattern? Depthwise(Value root)
    {
        if (root.Op is Conv2d { IsDepthwise: true } conv)
            return new DepthwisePattern(Input(root, conv), conv, null);
        if (
            root.Op is not Activation activation
            || root.Inputs[0] is not { Op: Conv2d { IsDepthwise: true } inner } filter
            || Uses(filter) > 1
        )
            return null;
        Fuse([filter]);
        return new DepthwisePattern(Input(filter, inner), inner, activation.Function);

        ValueView Input(Value value, Conv2d op) => KeepsSize(op) ? View(value.Inputs[0]) : new ValueView(value.Inputs[0], 0);
    }
}
