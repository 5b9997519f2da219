using System.Runtime.CompilerServices;
using MogaSharp.Cpu.Passes;
using MogaSharp.Cpu.Planning;
using MogaSharp.Cpu.Steps;
using MogaSharp.Cpu.Tests.Support;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;

namespace MogaSharp.Cpu.Tests.Engine;

/// <summary>What a session keeps. Alone in the process, since the whole managed heap is measured.</summary>
[CollectionDefinition(nameof(SessionMemoryTests), DisableParallelization = true)]
[Collection(nameof(SessionMemoryTests))]
public sealed class SessionMemoryTests : IDisposable
{
    private readonly CpuEngine _engine = new(new(Threads: 2));

    public void Dispose() => _engine.Dispose();

    [Theory]
    [InlineData("tiny")]
    [InlineData("small")]
    public void A_session_keeps_its_packed_weights_and_a_tenth_more_at_most(string arch)
    {
        Official("x-tiny").Dispose();
        long before = ManagedBytes();
        CpuSession session = Official(arch);
        long kept = ManagedBytes(),
            packed = session.WeightBytes,
            trained = 4 * session.Graph.ParameterCount;
        Assert.InRange(packed, (long)(0.99 * trained), (long)(1.1 * trained));
        // A run at the declared size needs no more weights.
        session.Run(new Tensor(session.Graph.Inputs[0].Shape), TestContext.Current.CancellationToken);
        Assert.Equal(packed, session.WeightBytes);
        session.Dispose();
        session = null!;
        // What other tests left may be freed at any time, so the heap is compared with that before and that after.
        long managed = kept - Math.Min(before, ManagedBytes());
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{arch}: trained {trained >> 10}, packed {packed >> 10}, managed {managed >> 10} KiB"
        );
        Assert.InRange(managed, 0, packed / 10);
    }

    [Fact]
    public void The_callers_weights_may_be_collected()
    {
        (CpuSession session, WeakReference[] weights) = Create(_engine);
        ManagedBytes();
        Assert.All(weights, reference => Assert.False(reference.IsAlive));
        session.Dispose();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static (CpuSession Session, WeakReference[] Weights) Create(CpuEngine engine)
        {
            var net = new MogaNetOptions { Arch = MogaNetArch.Parse("x-tiny"), NumClasses = 10 }.CreateDefinition();
            ComputationGraph graph = net.Build(new Shape(1, 3, 64, 64));
            WeightSet weights = FormulaWeights.Create(graph.Parameters);
            // Folded into others, and packed as it is.
            string[] names = ["blocks1.0.attn.gate.weight", "blocks1.0.mlp.fc1.weight", "head.weight"];
            return (engine.CreateSession(graph, weights), [new(weights), .. names.Select(name => new WeakReference(weights[name].Data))]);
        }
    }

    [Fact]
    public void Runs_of_all_shapes_share_memory_and_what_only_a_forgotten_plan_needed_is_freed()
    {
        using CpuSession session = Official("x-tiny", side: 32);
        Shape small = new(1, 3, 32, 32),
            large = new(2, 3, 96, 64);
        Run(small);
        Assert.Equal(session.MemoryBytes(small), session.FreeRunBytes);
        Run(large);
        Run(small);
        Assert.Equal(session.MemoryBytes(large), session.FreeRunBytes);
        for (int i = 0; i < PlanCache.MaxPlans; i++)
            session.MemoryBytes(new Shape(1, 3, 32, 33 + i));
        Run(small);
        Run(small);
        Assert.InRange(session.FreeRunBytes, session.MemoryBytes(small), session.MemoryBytes(large) - 1);
        Assert.Equal(PlanCache.MaxPlans, session.Plans);

        void Run(Shape shape) => session.Run(new Tensor(shape), TestContext.Current.CancellationToken);
    }

    [Fact]
    public void A_plan_knows_what_is_needed_next_by_itself()
    {
        GraphCase c = RandomMogaNet.Create(3);
        (ComputationGraph graph, WeightSet weights) = GraphOptimizer.Run(c.Graph, c.Weights);
        using var store = new PackedStore(weights, 4);
        Shape shape = c.Inputs[0].Shape;
        Plan first = DirectRun.Compile(graph, [shape], store, 4, 2);
        Plan second = DirectRun.Compile(graph, [shape.With(0, 5).With(2, 64)], store, 4, 2);
        foreach (Step[] steps in new[] { first.Steps.ToArray(), second.Steps.ToArray() })
            for (int i = 0; i < steps.Length; i++)
                Assert.Same(steps.Skip(i + 1).SelectMany(step => step.Matrices).FirstOrDefault(), steps[i].Next);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private CpuSession Official(string arch, int side = 224)
    {
        ComputationGraph graph = new MogaNetOptions { Arch = MogaNetArch.Parse(arch) }
            .CreateDefinition()
            .Build(new Shape(1, 3, side, side));
        return _engine.CreateSession(graph, WeightInitializer.Create(graph.Parameters, seed: 0));
    }

    // Until it no longer falls: what other tests left behind goes in its own time.
    private static long ManagedBytes()
    {
        long bytes = long.MaxValue;
        for (int round = 0; round < 20; round++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            long before = bytes;
            bytes = GC.GetTotalMemory(forceFullCollection: true);
            if (round > 2 && before - bytes < 1 << 16)
                break;
            Thread.Sleep(20);
        }

        return bytes;
    }
}
