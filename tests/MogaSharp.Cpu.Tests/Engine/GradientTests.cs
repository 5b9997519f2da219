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
    public void Random_graphs_change_as_their_gradients_say(int seed)
    {
        try
        {
            Check(RandomGraph.Create(80_000 + seed));
        }
        catch (GradientException missing)
        {
            Assert.SkipWhen(
                missing.Op is RealFft2d or InverseRealFft2d or SpectralFilter or CircularConv or ConvTranspose2d,
                missing.Message
            );
            throw;
        }
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
    public void Ops_that_are_not_known_are_named()
    {
        var builder = new GraphBuilder();
        Value x = builder.Input("x", new Shape(1, 4, 3, 3));
        Value y = builder.Root["up"].ConvTranspose("deconv", x, 4, 2);
        GraphCase c = GraphCase.Create(builder, y, "");
        using var engine = new CpuEngine();
        var wrong = Assert.Throws<GradientException>(() => new CpuGradientEngine(engine).CreateGradientSession(c.Graph, c.Weights, [x]));
        Assert.Equal("The gradient of ConvTranspose2d, of 'up.deconv', is not computed by this engine.", wrong.Message);
        // It need not be known where nothing that is asked for lies before it.
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
}
