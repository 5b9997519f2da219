using MogaSharp.Graph;

namespace MogaSharp.Cpu.Tests.Support;

/// <summary>Single ops with random attributes. A method returns null where its op would not fit or cost too much.</summary>
internal sealed class RandomOps(GraphBuilder builder, Random random)
{
    // The reference interpreter does about a billion multiply-adds a second, and each test runs it a few times.
    private const long MaxMultiplyAdds = 4_000_000;

    private int _names;
    private long _multiplyAdds;

    public bool Chance(double probability) => random.NextDouble() < probability;

    public T OneOf<T>(params ReadOnlySpan<T> choices) => choices[random.Next(choices.Length)];

    /// <summary>A scope that nothing else has.</summary>
    public Scope Next() => builder.Root[$"n{_names++}"];

    public Value? Pointwise(Value x, int channels) => Conv(x, channels, 1, 1, 0, 1, 1);

    public Value? Convolution(Value x) =>
        Chance(0.2)
            ? Conv(x, random.Next(8, 40), 3, 1, 1, 1, 1)
            : Conv(x, random.Next(1, 40), random.Next(1, 6), random.Next(1, 4), random.Next(0, 4), random.Next(1, 3), 1);

    public Value? DepthwiseSameSize(Value x) => DepthwiseSameSize(x, OneOf(1, 3, 5, 7), random.Next(1, 4));

    public Value? DepthwiseSameSize(Value x, int kernel, int dilation) =>
        Conv(x, x.Channels, kernel, 1, dilation * (kernel / 2), dilation, x.Channels);

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

    public ActivationKind Function() => OneOf(Enum.GetValues<ActivationKind>());

    public Value Activate(Value x)
    {
        ActivationKind function = Function();
        x = Next().Activate(function, x);
        return Chance(0.3) ? Next().Activate(Chance(0.5) ? function : Function(), x) : x;
    }

    public Value? Slice(Value x)
    {
        int start = random.Next(x.Channels);
        x = Next().Slice(x, start, random.Next(1, x.Channels - start + 1));
        return Chance(0.3) ? Slice(x) : x;
    }

    public Value Affine(Value x)
    {
        if (Chance(0.3))
            x = Next().BatchNorm("norm", x);
        Scope s = Next();
        string? scale = Chance(0.8) ? Declare($"{s.Name}.sigma.scale", OneOf(new Shape(1, x.Channels, 1, 1), new Shape(x.Channels))) : null;
        string? shift = Chance(0.5) ? Declare($"{s.Name}.shift", new Shape(x.Channels)) : null;
        return builder.Add(s.Name, new ChannelAffine(x.Channels, scale, shift), x);
    }

    public Value? Linear(Value x, int features)
    {
        long cost = x.Shape.ElementCount * features;
        if (_multiplyAdds + cost > MaxMultiplyAdds)
            return null;
        _multiplyAdds += cost;
        return Next().Linear("fc", x, features, hasBias: Chance(0.7));
    }

    public Value LayerNorm(Value x) => Next().LayerNorm("norm", x, OneOf(1e-5, 1e-3));

    public Value Multiply(Value x) => Next().Add(new ScalarMultiply(OneOf(0.5, -1.0 / 3, 2)), x);

    public Value Softmax(Value x) => Next().Add(new Softmax(), x);

    /// <summary>Moving means, permutations, ops along one axis, transforms, frames; null when the drawn one does not fit.</summary>
    public Value? Spatial(Value x)
    {
        Scope s = Next();
        (int height, int width) = (x.Shape[2], x.Shape[3]);
        MapAxis axis = OneOf(MapAxis.Height, MapAxis.Width);
        int size = random.Next(1, 9);
        Shape Along(int channels) => axis == MapAxis.Height ? new Shape(channels, 1, size, 1) : new Shape(channels, 1, 1, size);
        switch (random.Next(13))
        {
            case 0:
                return s.Add(new AveragePool2d(OneOf(1, 3, 5)), x);
            case 1:
                return Divisor(x.Channels, 2, 3) is { } factor && x.Channels % (factor * factor) == 0
                    ? s.Add(new PixelShuffle(factor), x)
                    : null;
            case 2:
                return height % 2 == 0 && width % 2 == 0 && x.Channels < 40 ? s.Add(new PatchMerge(), x) : null;
            case 3:
                return Divisor(x.Channels, 2, 3, 4, 5) is { } groups ? s.Add(new ChannelShuffle(groups), x) : null;
            case 4:
                return s.Add(
                    new CircularConv(
                        x.Channels,
                        axis,
                        size,
                        Declare($"{s.Name}.weight", Along(x.Channels)),
                        Chance(0.5) ? Declare($"{s.Name}.bias", new Shape(x.Channels)) : null
                    ),
                    x
                );
            case 5:
                return s.Add(
                    new PositionEmbedding(
                        x.Channels,
                        axis,
                        size,
                        Declare(
                            $"{s.Name}.weight",
                            axis == MapAxis.Height ? new Shape(1, x.Channels, size, 1) : new Shape(1, x.Channels, 1, size)
                        )
                    ),
                    x
                );
            case 6:
                return GlobalFilter(s, x);
            case 7:
                return x.Channels < 70 && height * width < 400 ? s.Add(new RealFft2d(), x) : null;
            case 8:
                return Divisor(x.Shape[0], 2, 3) is { } frames && x.Channels < 40 ? s.Add(new FramesToChannels(frames), x) : null;
            case 9:
                return Divisor(x.Channels, 2, 3, 5) is { } times && x.Shape[0] < 7 ? s.Add(new ChannelsToFrames(times), x) : null;
            case 10:
                return Resampling(s, x);
            case 11:
                return height * width < 200 ? TokenMixing(s, x) : null;
            default:
                return Divisor(x.Shape[0], 2, 3) is { } length
                    ? s.Add(new ClipToFrames(), s.Activate(Function(), s.Add(new FramesToClip(length), x)))
                    : null;
        }
    }

    private Value? Resampling(Scope s, Value x)
    {
        switch (random.Next(6))
        {
            case 5:
                return Regions(s, x);
            case 0:
                return s.Add(new Resize(OneOf(Enum.GetValues<Interpolation>()), OneOf(1, 2, 3), Chance(0.3)), x);
            case 1:
                return s.Resize(
                    s.Add(new AdaptiveAveragePool2d(random.Next(1, 9)), x),
                    x,
                    OneOf(Enum.GetValues<Interpolation>()),
                    Chance(0.3)
                );
            case 2:
                int kernel = random.Next(1, Math.Min(4, Math.Min(x.Shape[2], x.Shape[3]) + 1));
                return s.Add(new MaxPool2d(kernel, random.Next(1, 4), random.Next(0, (kernel / 2) + 1)), x);
            case 3:
                return s.Add(new AdaptiveAveragePool2d(random.Next(1, 7)), x);
            default:
                return Transposed(x, random.Next(1, 20), random.Next(1, 6), random.Next(1, 4));
        }
    }

    // A map alone, or with maps that are coarser but for their size no levels of one pyramid.
    private Value Regions(Scope s, Value x)
    {
        Value[] maps = Chance(0.5) ? [x] : [x, s.Add(new AdaptiveAveragePool2d(random.Next(1, 9)), x), s.Add(new MaxPool2d(1, 2), x)];
        var op = new RoiAlign(random.Next(1, 9), random.Next(1, 9), random.Next(1, 60));
        return s.Add(op, [.. maps, builder.Input($"{s.Name}.regions", new Shape(random.Next(1, 12), 5))]);
    }

    /// <summary>A transposed convolution, often with a norm and a function; null where it would cost too much.</summary>
    public Value? Transposed(Value x, int channels, int kernel, int stride)
    {
        Scope s = Next();
        int padding = random.Next(0, (kernel + 1) / 2);
        long cost = x.Shape.ElementCount * channels * kernel * kernel;
        if (_multiplyAdds + cost > MaxMultiplyAdds)
            return null;
        _multiplyAdds += cost;
        Value y = s.ConvTranspose("deconv", x, channels, kernel, stride, padding, Chance(0.5));
        y = Chance(0.5) ? s.BatchNorm("norm", y) : y;
        return Chance(0.5) ? s.Activate(Function(), y) : y;
    }

    private Value? TokenMixing(Scope s, Value x)
    {
        Value tokens = s.Add(new TokensToChannels(), x);
        if (Chance(0.3))
            return tokens;
        return Linear(tokens, x.Shape[2] * x.Shape[3]) is { } mixed ? s.Add(new ChannelsToTokens(), mixed, x) : null;
    }

    private Value? GlobalFilter(Scope s, Value x)
    {
        if (x.Shape[2] * x.Shape[3] > 200)
            return null;
        (int rows, int columns) = (random.Next(1, 9), random.Next(1, 6));
        string weight = Declare($"{s.Name}.weight", new Shape(x.Channels, rows, columns, 2));
        return s.Add(new InverseRealFft2d(), s.Add(new SpectralFilter(x.Channels, rows, columns, weight), s.Add(new RealFft2d(), x)), x);
    }

    private int? Divisor(int number, params ReadOnlySpan<int> of)
    {
        int divisor = of[random.Next(of.Length)];
        return number % divisor == 0 ? divisor : null;
    }

    public Value? Conv(Value x, int channels, int kernel, int stride, int padding, int dilation, int groups)
    {
        Scope s = Next();
        bool hasBias = Chance(0.7);
        var op = new Conv2d(
            x.Channels,
            channels,
            kernel,
            $"{s.Name}.weight",
            hasBias ? $"{s.Name}.bias" : null,
            stride,
            padding,
            dilation,
            groups
        );
        if (Math.Min(x.Shape[2], x.Shape[3]) + (2 * padding) < op.Span)
            return null;
        Shape output = op.InferShape([x.Shape]);
        long cost = op.Cost([x.Shape], output).Convolution;
        if (_multiplyAdds + cost > MaxMultiplyAdds)
            return null;
        _multiplyAdds += cost;
        Declare(op.Weight, new Shape(channels, x.Channels / groups, kernel, kernel));
        if (hasBias)
            Declare(op.Bias!, new Shape(channels));
        return builder.Add(s.Name, op, x);
    }

    public string Declare(string name, Shape shape) =>
        builder.Declare(new ParameterSpec(name, shape, ParameterKind.Parameter, Initializer.Zeros));
}
