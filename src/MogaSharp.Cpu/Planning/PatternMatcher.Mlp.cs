using MogaSharp.Graph;

namespace MogaSharp.Cpu.Planning;

/// <content>Two 1x1 convolutions with the hidden channels between them.</content>
internal sealed partial class PatternMatcher
{
    /// <param name="root">The value.</param>
    /// <param name="minPixels">With fewer, threads share the work better by columns, which one step for both products does not
    /// allow.</param>
    public MlpPattern? Mlp(Value root, int minPixels)
    {
        var fused = new List<Value>();
        if (Terms(root, fused) is not { Main.Op: Conv2d { IsPointwise: true } project, RankOne: null, ImageBias: null } sum)
            return null;
        Value active = sum.Main.Inputs[0];
        if (active.Op is not Activation || active.Inputs[0].Op is Conv2d { IsPointwise: false })
            return null;
        const string Block = "MLP";
        if (Uses(active) > 1)
            return Reject<MlpPattern>(root, sum.Main, Block, $"the hidden channels are read {Uses(active)} times");
        fused.Add(active);
        if (Core(active, fused) is not { IsPlain: true, Main: Conv2d { IsPointwise: true } expand } first)
            return Reject<MlpPattern>(root, sum.Main, Block, "what is activated is not a 1x1 convolution alone, or is read by others");
        int pixels = MapLayout.Of(ShapeOf(root)).Pixels;
        if (pixels < minPixels)
            return Reject<MlpPattern>(root, sum.Main, Block, $"{pixels} pixels are few, so that the threads share out columns instead");
        Value input = first.Input;
        var norm = input.Op as LayerNorm;
        if (norm is not null && Uses(input) == 1)
        {
            fused.Add(input);
            input = input.Inputs[0];
        }
        else
        {
            norm = null;
        }

        Fuse(fused);
        _rejections.Remove(root);
        return new MlpPattern(input, norm, expand, first.Activation, project, sum.Main.Scope) { Shortcut = sum.Shortcut };
    }
}
