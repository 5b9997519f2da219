using MogaSharp.Graph;

namespace MogaSharp.Cpu.Planning;

/// <content>Matrix products with what comes before and after them.</content>
internal sealed partial class PatternMatcher
{
    public MatrixPattern? Matrix(Value root)
    {
        if (root.Op is Linear linear)
            return WithNorm(new MatrixPattern(linear, root.Inputs[0], [], root.Scope)) is { Norm: not null } normed ? normed : null;
        if (root.Op is Binary { Function: BinaryKind.Multiply })
        {
            for (int i = 1; i >= 0; i--)
            {
                (Value core, Value other) = (root.Inputs[i], root.Inputs[1 - i]);
                if (core == other || Uses(core) > 1 || ShapeOf(core) != ShapeOf(root) || ShapeOf(other) != ShapeOf(root))
                    continue;
                var fused = new List<Value> { core };
                if (Core(core, fused) is not { Combine: CombineKind.None } pattern)
                    continue;
                Fuse(fused);
                return WithNorm(pattern with { Combine = CombineKind.Multiply, Other = new(other) });
            }

            return null;
        }

        var inside = new List<Value>();
        MatrixPattern? match = Core(root, inside);
        if (match is null)
            return null;
        Fuse(inside);
        return WithNorm(match);
    }

    // A norm that nobody else reads is done as the product's rows are read.
    private MatrixPattern WithNorm(MatrixPattern pattern)
    {
        if (
            pattern.Main is Conv2d { IsPointwise: false }
            || pattern.Input.Op is not LayerNorm norm
            || Uses(pattern.Input) > 1
            || pattern.Other?.Map == pattern.Input
        )
            return pattern;
        Fuse([pattern.Input]);
        return pattern with { Norm = norm, Input = pattern.Input.Inputs[0] };
    }
}
