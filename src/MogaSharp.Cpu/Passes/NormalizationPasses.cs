using MogaSharp.Graph;

namespace MogaSharp.Cpu.Passes;

/// <summary>BatchNorm in eval mode is x * w / sqrt(var + eps) + (b - mean w / sqrt(var + eps)).</summary>
internal sealed class BatchNormToAffine : GraphPass
{
    public override Value? Rewrite(Op op, string scope, IReadOnlyList<Value> inputs, GraphRewriter context)
    {
        if (op is not BatchNorm2d norm)
            return null;
        float[] weight = context.Weight(norm.Weight),
            bias = context.Weight(norm.Bias);
        float[] mean = context.Weight(norm.RunningMean),
            variance = context.Weight(norm.RunningVariance);
        double[] scale = [.. weight.Select((w, c) => w / Math.Sqrt(variance[c] + norm.Epsilon))];
        return Affine.Emit(context, scope, norm.Prefix, inputs[0], scale, [.. bias.Select((b, c) => b - (mean[c] * scale[c]))]);
    }
}

/// <summary>mean(a x + b) = a mean(x) + b.</summary>
internal sealed class PoolBeforeAffine : GraphPass
{
    public override Value? Rewrite(Op op, string scope, IReadOnlyList<Value> inputs, GraphRewriter context) =>
        op is GlobalAveragePool { KeepDimensions: true } && inputs[0].Op is ChannelAffine affine
            ? context.Add(scope, affine, context.Add(scope, op, inputs[0].Inputs[0]))
            : null;
}

/// <summary>Two affine maps in a row are one.</summary>
internal sealed class MergeAffines : GraphPass
{
    public override Value? Rewrite(Op op, string scope, IReadOnlyList<Value> inputs, GraphRewriter context)
    {
        if (op is not ChannelAffine outer || inputs[0].Op is not ChannelAffine inner)
            return null;
        (double[] a, double[] b) = Affine.Read(context, inner);
        (double[] c, double[] d) = Affine.Read(context, outer);
        return Affine.Emit(
            context,
            scope,
            Affine.Origin(outer),
            inputs[0].Inputs[0],
            [.. a.Zip(c, (x, y) => x * y)],
            [.. b.Select((x, i) => (x * c[i]) + d[i])]
        );
    }
}

/// <summary>
/// W (a x + b) + c = (W a) x + (W b + c): an affine map goes into the convolution after it. Only without padding, since
/// the padding's zeros do not pass through the map.
/// </summary>
internal sealed class FoldAffineIntoNextConv : GraphPass
{
    public override Value? Rewrite(Op op, string scope, IReadOnlyList<Value> inputs, GraphRewriter context)
    {
        if (op is not Conv2d { Padding: 0 } conv || inputs[0].Op is not ChannelAffine affine)
            return null;
        (double[] a, double[] b) = Affine.Read(context, affine);
        float[]? bias = conv.Bias is null ? null : context.Weight(conv.Bias);
        IEnumerable<double> shift = Affine.Apply(context, conv, b).Select((x, o) => x + (bias?[o] ?? 0));
        return Affine.EmitConv(context, conv, inputs[0].Inputs[0], Affine.Scale(context, conv, null, a), shift);
    }
}

/// <summary>a (W x + c) + b = (a W) x + (a c + b): an affine map goes into the convolution before it, if nobody else reads that.</summary>
internal sealed class FoldAffineIntoPreviousConv : GraphPass
{
    public override Value? Rewrite(Op op, string scope, IReadOnlyList<Value> inputs, GraphRewriter context)
    {
        if (op is not ChannelAffine affine || inputs[0].Op is not Conv2d conv || context.Uses(inputs[0]) > 1)
            return null;
        (double[] a, double[] b) = Affine.Read(context, affine);
        float[]? bias = conv.Bias is null ? null : context.Weight(conv.Bias);
        IEnumerable<double>? shift = bias is null && affine.Shift is null ? null : b.Select((x, o) => x + (a[o] * (bias?[o] ?? 0)));
        return Affine.EmitConv(context, conv, inputs[0].Inputs[0], Affine.Scale(context, conv, a, null), shift);
    }
}

/// <summary>The same for a transposed convolution, whose weight has the output channels second.</summary>
internal sealed class FoldAffineIntoTransposedConv : GraphPass
{
    public override Value? Rewrite(Op op, string scope, IReadOnlyList<Value> inputs, GraphRewriter context)
    {
        if (op is not ChannelAffine affine || inputs[0].Op is not ConvTranspose2d conv || context.Uses(inputs[0]) > 1)
            return null;
        (double[] a, double[] b) = Affine.Read(context, affine);
        float[]? bias = conv.Bias is null ? null : context.Weight(conv.Bias);
        int taps = conv.Kernel * conv.Kernel;
        float[] weight = [.. context.Weight(conv.Weight).Select((w, i) => (float)(w * a[i / taps % conv.OutChannels]))];
        float[] shift = [.. b.Select((x, o) => (float)(x + (a[o] * (bias?[o] ?? 0))))];
        string origin = conv.Weight.Split('|')[0];
        return
            context.Constant(origin, "weight", new Shape(conv.InChannels, conv.OutChannels, conv.Kernel, conv.Kernel), weight) is { } w
            && context.Constant(origin, "bias", new Shape(conv.OutChannels), shift) is { } c
            ? context.Add(inputs[0].Scope, conv with { Weight = w, Bias = c }, inputs[0].Inputs[0])
            : null;
    }
}

/// <summary>a (x + y) + b = (a x + b) + a y, so that each part can go into the convolution that makes it.</summary>
internal sealed class DistributeAffineOverSum : GraphPass
{
    public override Value? Rewrite(Op op, string scope, IReadOnlyList<Value> inputs, GraphRewriter context)
    {
        if (op is not ChannelAffine affine || inputs[0].Op is not Binary { Function: BinaryKind.Add } sum || context.Uses(inputs[0]) > 1)
            return null;
        (Value x, Value y) = (inputs[0].Inputs[0], inputs[0].Inputs[1]);
        if (x.Channels != affine.Channels || y.Channels != affine.Channels)
            return null;
        if (!Absorbs(x) && !Absorbs(y))
            return null;
        Value left = context.Add(scope, affine, x);
        Value right = affine.Scale is null ? y : context.Add(scope, affine with { Shift = null }, y);
        return context.Add(scope, sum, left, right);

        bool Absorbs(Value value) => value.Op is Conv2d or ChannelAffine or Binary { Function: BinaryKind.Add } && context.Uses(value) == 1;
    }
}

/// <summary>x + (y + (a x + b)) = y + ((a + 1) x + b): MogaNet's inner shortcut joins the outer one.</summary>
internal sealed class MergeShortcuts : GraphPass
{
    public override Value? Rewrite(Op op, string scope, IReadOnlyList<Value> inputs, GraphRewriter context)
    {
        if (op is not Binary { Function: BinaryKind.Add })
            return null;
        for (int outer = 0; outer < 2; outer++)
        {
            (Value x, Value sum) = (inputs[outer], inputs[1 - outer]);
            if (sum.Op is not Binary { Function: BinaryKind.Add } || context.Uses(sum) > 1)
                continue;
            for (int inner = 0; inner < 2; inner++)
            {
                Value y = sum.Inputs[inner];
                if (y.Op is not ChannelAffine affine || y.Inputs[0] != x)
                    continue;
                (double[] a, double[] b) = Affine.Read(context, affine);
                if (Affine.Emit(context, scope, Affine.Origin(affine), x, [.. a.Select(scale => scale + 1)], b) is not { } merged)
                    return null;
                return context.Add(scope, op, sum.Inputs[1 - inner], merged);
            }
        }

        return null;
    }
}
