using MogaSharp.Graph;

namespace MogaSharp.Cpu.Planning;

/// <content>Group norms with the activation after them.</content>
internal sealed partial class PatternMatcher
{
    public GroupNormPattern? GroupNorm(Value root)
    {
        if (root.Op is not Activation activation || root.Inputs[0] is not { Op: GroupNorm norm } value || Uses(value) > 1)
            return null;
        Fuse([value]);
        return new GroupNormPattern(value.Inputs[0], norm, activation.Function);
    }
}
