using MogaSharp.Cpu.Tests.Support;
using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Cpu.Tests.Engine;

/// <summary>Sessions on shapes that their graph does not declare: plans for them find all weights in the forms that they need.</summary>
public sealed class ShapeTests : IDisposable
{
    private readonly CpuEngine _engine = new(new(Threads: 2));

    public static TheoryData<int> Few => Seeds.Up(40);

    public void Dispose() => _engine.Dispose();

    [Theory]
    [MemberData(nameof(Few))]
    public void Random_graphs_run_on_other_shapes(int seed)
    {
        GraphCase c =
            seed % 4 == 0 ? RandomMogaNet.Create(90_000 + seed) : RandomGraph.Create(90_000 + seed, mostSide: 12, mostChannels: 40);
        // Windows, filters and broadcast inputs fit some sizes only.
        GraphCase[] others = [.. new[] { (1, 1), (7, 9), (16, 16), (30, 14) }.Select(size => WithSize(c, size)).OfType<GraphCase>()];
        using CpuSession session = _engine.CreateSession(c.Graph, c.Weights);
        foreach (GraphCase other in others)
            ErrorModel.AssertClose(other, other.Run(session));
    }

    [Fact]
    public void A_weight_that_is_a_matrix_for_one_shape_and_a_vector_for_another_serves_both()
    {
        // The mean's product is a bias per image, and on maps of one pixel a product of rank one.
        var builder = new GraphBuilder();
        Value x = builder.Input("x", new Shape(1, 6, 5, 4));
        Value one = Pointwise("one", new GlobalAveragePool(true), 1),
            sum = Conv("main", x, 9) + Conv("spread", one, 9);
        GraphCase c = GraphCase.Create(builder, sum);
        using CpuSession session = _engine.CreateSession(c.Graph, c.Weights);
        ErrorModel.AssertClose(c, c.Run(session));
        GraphCase pixel = c with { Inputs = [FormulaWeights.Input(new Shape(3, 6, 1, 1))] };
        Assert.Contains("+ image bias", session.DescribePlan(c.Inputs[0].Shape), StringComparison.Ordinal);
        Assert.Contains("+ rank one", session.DescribePlan(pixel.Inputs[0].Shape), StringComparison.Ordinal);
        ErrorModel.AssertClose(pixel, pixel.Run(session));

        Value Pointwise(string name, Op pool, int channels) => Conv(name, builder.Add("", pool, x), channels);

        Value Conv(string name, Value input, int channels)
        {
            var shape = new Shape(channels, input.Channels, 1, 1);
            builder.Declare(new ParameterSpec($"{name}.weight", shape, ParameterKind.Parameter, Initializer.Ones));
            return builder.Add(name, new Conv2d(input.Channels, channels, 1, $"{name}.weight", null), input);
        }
    }

    [Fact]
    public void Several_inputs_are_described_and_profiled()
    {
        var builder = new GraphBuilder();
        Value x = builder.Input("x", new Shape(1, 5, 4, 4)),
            y = builder.Input("y", new Shape(1, 5, 4, 4));
        GraphCase c = GraphCase.Create(builder, x * y);
        using CpuSession session = _engine.CreateSession(c.Graph, c.Weights);
        Shape shape = new(2, 5, 7, 6);
        Assert.Contains("output", session.DescribePlan(shape, shape), StringComparison.Ordinal);
        Assert.InRange(session.MemoryBytes(shape, shape), 2 * 7 * 6 * 16 * sizeof(float), 1 << 20);
        Assert.Throws<GraphException>(() => session.MemoryBytes(shape));
        RunProfile profile = session.Profile([new Tensor(shape), new Tensor(shape)], runs: 2, TestContext.Current.CancellationToken);
        Assert.Equal(4, profile.Steps.Count);
        ErrorModel.AssertClose(c, c.Run(session));
    }

    [Fact]
    public void A_session_disposed_during_runs_ends_after_them()
    {
        GraphCase c = RandomMogaNet.Create(91_000);
        for (int round = 0; round < 10; round++)
        {
            CpuSession session = _engine.CreateSession(c.Graph, c.Weights);
            float[] expected = c.Run(session)[0].Data;
            using var begun = new CountdownEvent(3);
            var failures = new System.Collections.Concurrent.ConcurrentQueue<Exception>();
            Thread[] callers = [.. Enumerable.Range(0, 3).Select(caller => new Thread(() => Call(caller)))];
            foreach (Thread caller in callers)
                caller.Start();
            begun.Wait(TestContext.Current.CancellationToken);
            session.Dispose();
            foreach (Thread caller in callers)
                caller.Join();
            Assert.All(failures, failure => Assert.IsType<ObjectDisposedException>(failure));
            Assert.Equal(3, failures.Count);
            Assert.Equal(0, session.FreeRunBytes);
            Assert.Equal(0, session.WeightBytes);

            void Call(int caller)
            {
                try
                {
                    GraphCase mine = caller == 0 ? c : c.WithBatch(1 + caller);
                    for (bool isFirst = true; ; isFirst = false)
                    {
                        float[] data = mine.Run(session)[0].Data;
                        if (caller == 0)
                            Assert.Equal(expected, data);
                        if (isFirst)
                            begun.Signal();
                    }
                }
                catch (Exception e)
                {
                    failures.Enqueue(e);
                    if (e is not ObjectDisposedException)
                        begun.Signal(begun.CurrentCount);
                }
            }
        }
    }

    private static GraphCase? WithSize(GraphCase c, (int Height, int Width) size)
    {
        try
        {
            ComputationGraph resized = c.Graph.WithInputs([.. c.Inputs.Select(input => Resized(input.Shape))]);
            return c with { Inputs = [.. resized.Inputs.Select(input => FormulaWeights.Input(resized, input, "input"))] };
        }
        catch (GraphException)
        {
            return null;
        }

        Shape Resized(Shape shape) =>
            shape.Rank != 4 ? shape : shape.With(2, shape[2] == 1 ? 1 : size.Height).With(3, shape[3] == 1 ? 1 : size.Width);
    }
}
