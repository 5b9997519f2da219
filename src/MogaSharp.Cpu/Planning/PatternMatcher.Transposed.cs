using MogaSharp.Graph;

namespace MogaSharp.Cpu.Planning;

/// <content>Transposed convolutions with the activation after them.</content>
internal sealed partial class PatternMatcher
{
    public TransposedPattern? Transposed(Value root)
    {
        if (root.Op is ConvTranspose2d alone)
            return new TransposedPattern(root.Inputs[0], alone, [], root.Scope);
        if (root.Op is not Activation activation || root.Inputs[0] is not { Op: ConvTranspose2d op } value || Uses(value) > 1)
            return null;
        Fuse([value]);
        return new TransposedPattern(value.Inputs[0], op, [activation.Function], value.Scope);
    }
}
