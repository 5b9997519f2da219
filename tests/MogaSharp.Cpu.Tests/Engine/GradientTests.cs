using MogaSharp.Cpu.Tests.Support;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Tests.Engine;

/// <summary>Gradients against differences of the double-precision reference.</summary>
public sealed class GradientTests
{
    // Small beside the distance of most elements from a kink, large beside the rounding of doubles.
    private const double Step = 1e-6;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<int> Many => Seeds.Up(60);

    [Theory]
    [MemberData(nameof(Many))]
    public void Random_graphs_change_as_their_gradients_say(int seed) => Check(RandomGraph.Create(80_000 + seed));

    [Theory]
    [InlineData(6, 8)]
    [InlineData(5, 7)]
    [InlineData(1, 2)]
    public void Filters_of_spectra_change_as_their_gradients_say(int height, int width)
    {
        var builder = new GraphBuilder();
        Value x = builder.Input("x", new Shape(2, 3, height, width));
        Value spectrum = builder.Root.Add(new RealFft2d(), x);
        builder.Root.Declare("filter", new Shape(3, 4, 3, 2), Initializer.Ones);
        Value filtered = builder.Root.Add(new SpectralFilter(3, 4, 3, "filter"), spectrum);
        Check(GraphCase.Create(builder, builder.Root.Add(new InverseRealFft2d(), filtered, x) * x, ""));
    }

    [Theory]
    [InlineData(MapAxis.Height, true)]
    [InlineData(MapAxis.Width, false)]
    public void Convolutions_around_a_circle_change_as_their_gradients_say(MapAxis axis, bool hasBias)
    {
        var builder = new GraphBuilder();
        Value x = builder.Input("x", new Shape(2, 3, 5, 7));
        builder.Root.Declare("weight", axis == MapAxis.Height ? new Shape(3, 1, 4, 1) : new Shape(3, 1, 1, 4), Initializer.Ones);
        if (hasBias)
            builder.Root.Declare("bias", new Shape(3), Initializer.Ones);
        Check(GraphCase.Create(builder, builder.Root.Add(new CircularConv(3, axis, 4, "weight", hasBias ? "bias" : null), x), ""));
    }

    [Theory]
    [InlineData(2, 2, 0)]
    [InlineData(4, 2, 1)]
    [InlineData(3, 1, 2)]
    [InlineData(1, 3, 0)]
    public void Transposed_convolutions_change_as_their_gradients_say(int kernel, int stride, int padding)
    {
        var builder = new GraphBuilder();
        Value x = builder.Input("x", new Shape(2, 3, 5, 4));
        Value y = builder.Root["up"].ConvTranspose("deconv", x, 5, kernel, stride, padding);
        Check(GraphCase.Create(builder, y, ""));
    }

    [Fact]
    public void Compositions_of_users_change_as_their_gradients_say()
    {
        var builder = new GraphBuilder();
        Value x = builder.Input("x", new Shape(2, 3, 4, 5));
        builder.Root.Declare("weight", new Shape(3, 3, 1, 1), Initializer.Ones);
        Check(
            GraphCase.Create(builder, builder.Root["own"].Add(new Gated("weight"), x, builder.Root.Activate(ActivationKind.Gelu, x)), "")
        );
    }

    [Theory]
    [MemberData(nameof(Many))]
    public void Random_MogaNets_change_as_their_gradients_say(int seed) => Check(RandomMogaNet.Create(80_000 + seed));

    [Theory]
    [InlineData(1, 2, 5)]
    [InlineData(3, 2, 5)]
    [InlineData(7, 4, 9)]
    [InlineData(2, 1, 3)]
    public void Maps_change_regions_as_their_gradients_say(int size, int stride, int finest)
    {
        var builder = new GraphBuilder();
        Value[] maps =
        [
            .. new[] { (12, 9), (6, 5), (1, 3) }.Select((map, i) => builder.Input($"p{i}", new Shape(2, 3, map.Item1, map.Item2))),
        ];
        Value regions = builder.Input("regions", new Shape(40, 5));
        Check(GraphCase.Create(builder, builder.Root.Add(new RoiAlign(size, stride, finest), [.. maps, regions]), ""));
    }

    [Fact]
    public void Values_that_nobody_asked_for_are_not_there()
    {
        var builder = new GraphBuilder();
        Value x = builder.Input("x", new Shape(1, 4, 3, 3));
        Value y = builder.Root["up"].ConvTranspose("deconv", x, 4, 2);
        GraphCase c = GraphCase.Create(builder, y, "");
        using var engine = new CpuEngine();
        using IGradientSession session = new CpuGradientEngine(engine).CreateGradientSession(c.Graph, c.Weights, [y]);
        IGradientPass pass = session.Run(c.Inputs, Token);
        Tensor factor = Factors(pass[y].Shape, 1);
        Assert.Equal(factor.Data, pass.Back(new Dictionary<Value, Tensor> { [y] = factor }, Token)[y].Data);
        Assert.Throws<KeyNotFoundException>(() => pass[x]);
        Assert.Throws<GraphException>(() => pass.Back(new Dictionary<Value, Tensor> { [x] = factor }, Token));
        Assert.Throws<GraphException>(() => pass.Back(new Dictionary<Value, Tensor> { [y] = new(new Shape(1, 1)) }, Token));
    }

    // A few steps along random directions: what the outputs change by is the sum of gradient times step.
    private static void Check(GraphCase c)
    {
        Value[] inputs = [.. c.Graph.Inputs];
        using var engine = new CpuEngine(new(Threads: 2));
        using IGradientSession session = new CpuGradientEngine(engine).CreateGradientSession(c.Graph, c.Weights, inputs);
        IGradientPass pass = session.Run(c.Inputs, Token);
        Dictionary<Value, Tensor> factors = [];
        foreach (GraphOutput output in c.Graph.Outputs)
            factors[output.Value] = Factors(pass[output.Value].Shape, output.Value.Index);
        IReadOnlyDictionary<Value, Tensor> gradients = pass.Back(factors, Token);
        var random = new Random(1);
        var reference = new ReferenceInterpreter(c.Graph, c.Weights);
        for (int round = 0; round < 3; round++)
        {
            ReferenceTensor[] up = [.. c.Inputs.Select(Double)],
                down = [.. c.Inputs.Select(Double)];
            double expected = 0,
                size = 0;
            for (int i = 0; i < inputs.Length; i++)
            for (int j = 0; j < up[i].Data.Length; j++)
            {
                // Where regions lie has no gradient.
                if (c.Graph.Readers[inputs[i]].Any(RoiAlign.ReadsRegions))
                    break;
                double step = Step * ((2 * random.NextDouble()) - 1),
                    change = gradients[inputs[i]].Data[j] * 2 * step;
                up[i].Data[j] += step;
                down[i].Data[j] -= step;
                expected += change;
                size += change * change;
            }

            // The values on the way back are those of the engine, in single precision.
            double bound = 1e-10 + (0.002 * Math.Sqrt(size));
            Assert.InRange(Sum(up) - Sum(down) - expected, -bound, bound);
        }

        double Sum(ReferenceTensor[] at)
        {
            ReferenceTensor[] values = reference.RunAll(at);
            return factors.Sum(pair => values[pair.Key.Index].Data.Zip(pair.Value.Data, (value, factor) => value * factor).Sum());
        }
    }

    private static ReferenceTensor Double(Tensor tensor) => new(tensor.Shape, [.. tensor.Data.Select(x => (double)x)]);

    private static Tensor Factors(Shape shape, int seed)
    {
        var random = new Random(seed);
        return new Tensor(shape, [.. Enumerable.Range(0, (int)shape.ElementCount).Select(_ => (2 * random.NextSingle()) - 1)]);
    }

    // A user's op: silu(W x) y.
    private sealed record Gated(string Weight) : CompositeOp
    {
        public override IReadOnlyList<string> Parameters => [Weight];

        public override Value Lower(Scope at, IReadOnlyList<Value> inputs) =>
            at.Activate(ActivationKind.Silu, at.Add(new Conv2d(3, 3, 1, Weight, null), inputs[0])) * inputs[1];
    }
}
