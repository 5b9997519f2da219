using MogaSharp.Cpu.Tests.Support;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;

namespace MogaSharp.Cpu.Tests.Engine;

public sealed class SessionTests : IDisposable
{
    private static readonly GraphCase Net = Small();

    private readonly CpuEngine _engine = new(new(Threads: 2));

    public void Dispose() => _engine.Dispose();

    [Fact]
    public void Threads_are_counted_and_bounded()
    {
        Assert.Equal("cpu", _engine.Name);
        Assert.Equal(2, _engine.Threads);
        using var all = new CpuEngine();
        Assert.Equal(Environment.ProcessorCount, all.Threads);
        Assert.Throws<ArgumentOutOfRangeException>(() => new CpuEngine(new(Threads: -1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CpuEngine(new(Threads: 1025)));
    }

    [Fact]
    public void A_missing_weight_is_named_when_the_session_is_made()
    {
        var weights = new WeightSet(
            Net.Weights.Names.Where(name => name != "blocks1.0.attn.gate.bias").Select(name => KeyValuePair.Create(name, Net.Weights[name]))
        );
        KeyNotFoundException e = Assert.Throws<KeyNotFoundException>(() => _engine.CreateSession(Net.Graph, weights));
        Assert.Equal("The weights hold no tensor 'blocks1.0.attn.gate.bias'.", e.Message);
    }

    [Fact]
    public void A_weight_of_another_shape_is_named_when_the_session_is_made()
    {
        var changed = new Dictionary<string, Tensor> { ["head.bias"] = new(new Shape(7)) };
        GraphException e = Assert.Throws<GraphException>(() => _engine.CreateSession(Net.Graph, Net.Weights.With(changed)));
        Assert.Equal("The weight 'head.bias' has shape 7, the graph needs 5.", e.Message);
    }

    [Fact]
    public void Inputs_and_outputs_that_do_not_fit_are_refused_and_the_session_goes_on()
    {
        using CpuSession session = _engine.CreateSession(Net.Graph, Net.Weights);
        Tensor input = Net.Inputs[0];
        Tensor[] outputs = session.CreateOutputs(input.Shape);
        Assert.Same(Net.Graph, session.Graph);
        Assert.Equal("The graph has 1 input(s), 2 shape(s) were given.", Refused(() => session.Run([input, input], outputs)));
        Assert.Contains("channels are fixed", Refused(() => session.Run([new Tensor(new Shape(1, 4, 32, 32))], outputs)));
        Assert.Equal($"The graph has {outputs.Length} output(s), 0 tensor(s) were given.", Refused(() => session.Run([input], [])));
        Tensor[] wrong = [.. outputs];
        wrong[1] = new Tensor(outputs[1].Shape.With(0, 7));
        Assert.Equal(
            $"Output 1 has shape {outputs[1].Shape}, the tensor given for it {wrong[1].Shape}.",
            Refused(() => session.Run([input], wrong))
        );
        ErrorModel.AssertClose(Net, Net.Run(session));

        static string Refused(Action run) => Assert.Throws<GraphException>(run).Message;
    }

    [Fact]
    public void A_disposed_session_throws()
    {
        CpuSession session = _engine.CreateSession(Net.Graph, Net.Weights);
        Net.Run(session);
        session.Dispose();
        session.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Net.Run(session));
        Assert.Throws<ObjectDisposedException>(() => session.DescribePlan(Net.Inputs[0].Shape));
    }

    [Fact]
    public void Weights_changed_later_are_not_seen()
    {
        GraphCase c = Small();
        using CpuSession session = _engine.CreateSession(c.Graph, c.Weights);
        Tensor[] before = c.Run(session);
        foreach (string name in c.Weights.Names)
            c.Weights[name].Data.AsSpan().Fill(1);
        Assert.Equal(before.Select(tensor => tensor.Data), c.Run(session).Select(tensor => tensor.Data));
    }

    [Fact]
    public void One_shape_after_another_gives_the_right_results_beyond_what_is_kept()
    {
        using CpuSession session = _engine.CreateSession(Net.Graph, Net.Weights);
        // More shapes than plans are kept, twice round, so that each is pushed out and made again.
        for (int round = 0; round < 2; round++)
        for (int side = 20; side < 32; side++)
        {
            GraphCase c = Net with { Inputs = [FormulaWeights.Input(new Shape(1 + (side % 2), 3, side, 52 - side))] };
            ErrorModel.AssertClose(c, c.Run(session));
        }
    }

    [Fact]
    public void Inputs_and_outputs_are_not_held_after_a_run()
    {
        using CpuSession session = _engine.CreateSession(Net.Graph, Net.Weights);
        WeakReference input = RunOnce(session);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.False(input.IsAlive);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static WeakReference RunOnce(CpuSession session)
        {
            GraphCase c = Net with { Inputs = [FormulaWeights.Input(Net.Inputs[0].Shape)] };
            c.Run(session);
            return new WeakReference(c.Inputs[0]);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_run_allocates_nothing_after_the_first(int threads)
    {
        using var engine = new CpuEngine(new(threads));
        using CpuSession session = engine.CreateSession(Net.Graph, Net.Weights);
        Tensor[] outputs = session.CreateOutputs(Net.Inputs[0].Shape);
        Tensor[] other = session.CreateOutputs(new Shape(2, 3, 40, 24));
        Tensor[] otherInputs = [FormulaWeights.Input(new Shape(2, 3, 40, 24))];
        // The compiler may itself allocate on this thread while methods go up its tiers.
        for (int i = 0; i < 60; i++)
            Both();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 20; i++)
            Both();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Both()
        {
            session.Run(Net.Inputs, outputs, CancellationToken.None);
            session.Run(otherInputs, other, CancellationToken.None);
        }
    }

    [Fact]
    public void A_profile_tells_every_step()
    {
        using CpuSession session = _engine.CreateSession(Net.Graph, Net.Weights);
        RunProfile profile = session.Profile(Net.Inputs, runs: 3, TestContext.Current.CancellationToken);
        string[] lines =
        [
            .. session.DescribePlan(Net.Inputs[0].Shape).Split('\n').Where(line => line.EndsWith(" items]", StringComparison.Ordinal)),
        ];
        Assert.Equal(lines.Length, profile.Steps.Count);
        Assert.All(profile.Steps.Zip(lines), pair => Assert.Contains(pair.First.Description, pair.Second));
        Assert.All(profile.Steps, step => Assert.InRange(step.MinMs, 0, step.MedianMs));
        using var trace = new MemoryStream();
        profile.WriteChromeTrace(trace);
        using var json = System.Text.Json.JsonDocument.Parse(trace.ToArray());
        Assert.Equal(2 * lines.Length, json.RootElement.GetProperty("traceEvents").GetArrayLength());
        Assert.Throws<ArgumentOutOfRangeException>(() => session.Profile(Net.Inputs, runs: 0, TestContext.Current.CancellationToken));
        ErrorModel.AssertClose(Net, Net.Run(session));
    }

    private static GraphCase Small() => GraphCase.Create((
                new MogaNetOptions()
                {
                    Arch = new([16, 24], [1, 2], [4, 2]),
                    PatchEmbeds = [PatchEmbedKind.ConvEmbed, PatchEmbedKind.Conv],
                    NumClasses = 5,
                }
            ).CreateDefinition().Build(new Shape(1, 3, 32, 32), ModelOutputs.All));
}
