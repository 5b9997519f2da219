using MogaSharp.Graph;

namespace MogaSharp.Cpu.Planning;

/// <summary>Why a value got a step of its own instead of a place in a fused one: the last lines of a plan.</summary>
internal static class FusionNotes
{
    /// <summary>The module and the reason; null for values that no fused step would take.</summary>
    /// <param name="value">A value that roots a step.</param>
    /// <param name="patterns">What was matched.</param>
    public static (string Scope, string Reason)? Explain(Value value, PatternMatcher patterns) =>
        patterns.Rejection(value) ?? (Reason(value, patterns) is { } reason ? (value.Scope, reason) : null);

    private static string? Reason(Value value, PatternMatcher patterns) =>
        value.Op switch
        {
            Activation activation => Alone($"{activation.Function} after a product", value.Inputs[0], patterns),
            Binary { Function: BinaryKind.Multiply } =>
                $"no gate: neither side is a product that is read here alone{Readers(value, patterns)}",
            Binary { Function: BinaryKind.Add } =>
                $"no shortcut: neither side is a product that is read here alone{Readers(value, patterns)}",
            Binary { Function: BinaryKind.Subtract } =>
                "a difference belongs to no fused step but the decompositions, which did not fit here",
            ChannelAffine =>
                "not folded: no convolution before it that is read here alone, and none without padding after it, or folded weights "
                    + "would not be finite",
            BatchNorm2d => "not folded: its numbers would not be finite",
            Conv2d { Groups: > 1, IsDepthwise: false } => "a grouped convolution runs unfused",
            ChannelSlice when patterns.IsOnlyViewed(value) => null,
            ChannelSlice => "a range of channels that is copied, since not every step that reads it can read it where it lies",
            LayerNorm when patterns.Uses(value) > 1 => $"a norm of its own: it is read {patterns.Uses(value)} times",
            LayerNorm => "a norm of its own: no 1x1 convolution reads it",
            WindowPartition or WindowMerge => "windows are copied: no fused attention reads or writes them",
            QueryKeyProduct or RelativePositionBias or WindowMask => "scores in memory: no fused attention",
            GlobalAveragePool { KeepDimensions: true } when value.Inputs[0].Op is not Input =>
                "pooled in a pass of its own unless the map comes from a channel aggregation",
            _ => null,
        };

    private static string? Alone(string what, Value input, PatternMatcher patterns) =>
        input.Op switch
        {
            Activation => $"no {what}: another activation comes before it",
            GroupNorm => $"no {what}: its input is a group norm that is read {patterns.Uses(input)} times",
            _ when patterns.Uses(input) > 1 => $"no {what}: its input is read {patterns.Uses(input)} times",
            Binary => $"no {what}: a sum or product comes before it",
            _ => $"no {what}: its input is not a product",
        };

    private static string Readers(Value value, PatternMatcher patterns) =>
        value.Inputs.Select(patterns.Uses).Max() is var most and > 1 ? $" (one is read {most} times)" : "";
}
