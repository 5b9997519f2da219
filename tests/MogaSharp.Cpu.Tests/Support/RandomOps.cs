using MogaSharp.Graph;

namespace MogaSharp.Cpu.Tests.Support;

/// <summary>Single ops with random attributes. A method returns null where its op would not fit or cost too much.</summary>
internal sealed class RandomOps(GraphBuilder builder, Random random)
{
    // The reference interpreter does about a billion multiply-adds a second, and each test runs it a few times.
    private const long MostMultiplyAdds = 4_000_000;

    private int _names;
    private long _multiplyAdds;

    public bool Chance(double probability) => random.NextDouble() < probability;

    public T OneOf<T>(params ReadOnlySpan<T> choices) => choices[random.Next(choices.Length)];

    /// <summary>A scope that nothing else has.</summary>
    public Scope Next() => builder.Root[$"n{_names++}"];

    public Value? Pointwise(Value x, int channels) => Conv(x, channels, 1, 1, 0, 1, 1);

    public Value? Convolution(Value x) =>
        Conv(x, random.Next(1, 40), random.Next(1, 6), random.Next(1, 4), random.Next(0, 4), random.Next(1, 3), 1);

    public Value? DepthwiseSameSize(Value x) => DepthwiseSameSize(x, OneOf(1, 3, 5, 7), random.Next(1, 4));

    public Value? DepthwiseSameSize(Value x, int kernel, int dilation) => Conv(x, x.Channels, kernel, 1, dilation * (kernel / 2), dilation, x.Channels);

    public Value? DepthwiseAnySize(Value x) =>
        Conv(x, x.Channels, random.Next(1, 8), random.Next(1, 4), random.Next(0, 5), random.Next(1, 4), x.Channels);

    public Value? Grouped(Value x)
    {
        int[] divisors = [.. Enumerable.Range(1, x.Channels).Where(groups => x.Channels % groups == 0)];
        int groups = divisors[random.Next(divisors.Length)];
        return Conv(x, groups * random.Next(1, 4), random.Next(1, 4), random.Next(1, 3), random.Next(0, 3), 1, groups);
    }

    public Value GroupNorm(Value x)
    {
        int[] divisors = [.. Enumerable.Range(1, x.Channels).Where(groups => x.Channels % groups == 0)];
        return Next().GroupNorm("norm", x, divisors[random.Next(divisors.Length)]);
    }

    public ActivationKind Function() => OneOf(ActivationKind.Gelu, ActivationKind.Silu, ActivationKind.Relu);

    public Value Activate(Value x)
    {
        ActivationKind function = Function();
        x = Next().Activate(function, x);
        return Chance(0.3) ? Next().Activate(Chance(0.5) ? function : Function(), x) : x;
    }

    public Value? Slice(Value x)
    {
        int start = random.Next(x.Channels);
        return Next().Slice(x, start, random.Next(1, x.Channels - start + 1));
    }

    public Value Affine(Value x)
    {
        if (Chance(0.3)) x = Next().BatchNorm("norm", x);
        Scope s = Next();
        string? scale = Chance(0.8) ? Declare($"{s.Name}.sigma.scale", OneOf(new Shape(1, x.Channels, 1, 1), new Shape(x.Channels))) : null;
        string? shift = Chance(0.5) ? Declare($"{s.Name}.shift", new Shape(x.Channels)) : null;
        return builder.Add(s.Name, new ChannelAffine(x.Channels, scale, shift), x);
    }

    public Value? Conv(Value x, int channels, int kernel, int stride, int padding, int dilation, int groups)
    {
        Scope s = Next();
        bool hasBias = Chance(0.7);
        var op = new Conv2d(
            x.Channels, channels, kernel, $"{s.Name}.weight", hasBias ? $"{s.Name}.bias" : null, stride, padding, dilation, groups);
        if (Math.Min(x.Shape[2], x.Shape[3]) + (2 * padding) < op.Span) return null;
        Shape output = op.InferShape([x.Shape]);
        long cost = op.Cost([x.Shape], output).Convolution;
        if (_multiplyAdds + cost > MostMultiplyAdds) return null;
        _multiplyAdds += cost;
        Declare(op.Weight, new Shape(channels, x.Channels / groups, kernel, kernel));
        if (hasBias) Declare(op.Bias!, new Shape(channels));
        return builder.Add(s.Name, op, x);
    }

    private string Declare(string name, Shape shape) => builder.Declare(new ParameterSpec(name, shape, ParameterKind.Parameter, Initializer.Zeros));
}
