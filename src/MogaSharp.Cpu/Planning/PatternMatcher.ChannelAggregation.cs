using MogaSharp.Graph;

namespace MogaSharp.Cpu.Planning;

/// <content>MogaNet's channel aggregation block.</content>
internal sealed partial class PatternMatcher
{
    public ChannelAggregationPattern? ChannelAggregation(Value root)
    {
        var fused = new List<Value>();
        if (Terms(root, fused) is not { Main.Op: Conv2d { IsPointwise: true } project } sum || sum.ImageBias is not null)
            return null;
        const string Block = "channel aggregation";
        Value active = sum.Main.Inputs[0];
        if (active.Op is not Activation activation)
            return null;
        Value depthwise = active.Inputs[0],
            expand = depthwise.Op is Conv2d ? depthwise.Inputs[0] : depthwise;
        if (depthwise.Op is not Conv2d { IsDepthwise: true } filter)
            return null;
        if (activation.Function != ActivationKind.Gelu)
            return Reject<ChannelAggregationPattern>(root, active, Block, $"the activation is {activation.Function}, not Gelu");
        if (filter.Dilation != 1 || !KeepsSize(filter))
            return Reject<ChannelAggregationPattern>(root, active, Block, "the depthwise convolution is dilated or changes the size");
        if (Uses(depthwise) > 1)
            return Reject<ChannelAggregationPattern>(root, active, Block, $"the depthwise convolution is read {Uses(depthwise)} times");
        if (expand.Op is not Conv2d { IsPointwise: true } expansion)
            return Reject<ChannelAggregationPattern>(root, active, Block, "no 1x1 convolution comes before the depthwise one");
        if (Uses(expand) > 1)
            return Reject<ChannelAggregationPattern>(root, active, Block, $"the first 1x1 convolution is read {Uses(expand)} times");
        var pattern = new ChannelAggregationPattern(expand.Inputs[0], expansion, filter, project, active.Scope) { Shortcut = sum.Shortcut };
        fused.AddRange([active, depthwise, expand]);
        if (sum.RankOne is { } rankOne)
        {
            Value factor = rankOne.Inputs[0],
                dot = factor.Inputs.Count > 0 ? factor.Inputs[0] : factor;
            if (
                factor.Op is not Activation { Function: ActivationKind.Gelu }
                || dot.Op is not Conv2d { IsPointwise: true, OutChannels: 1 } decompose
                || dot.Inputs[0] != active
            )
                return Reject<ChannelAggregationPattern>(
                    root,
                    active,
                    Block,
                    "the subtracted number is not GELU of one 1x1 convolution of the hidden channels"
                );
            if (Uses(factor) > 1 || Uses(dot) > 1)
                return Reject<ChannelAggregationPattern>(root, active, Block, "the subtracted number is read by others");
            pattern = pattern with { Decompose = decompose, RankOne = (Conv2d)rankOne.Op };
            fused.AddRange([factor, dot]);
        }

        if (Uses(active) != (sum.RankOne is null ? 1 : 2))
            return Reject<ChannelAggregationPattern>(root, active, Block, "the hidden channels are read by others");
        Fuse(fused);
        return pattern;
    }
}
