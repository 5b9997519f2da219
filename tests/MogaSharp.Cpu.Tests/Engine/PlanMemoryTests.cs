using MogaSharp.Cpu.Passes;
using MogaSharp.Cpu.Planning;
using MogaSharp.Cpu.Steps;
using MogaSharp.Cpu.Tests.Kernels;
using MogaSharp.Cpu.Tests.Support;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Tests.Engine;

/// <summary>Plans of every vector width in guarded, poisoned memory.</summary>
public sealed class PlanMemoryTests
{
    public static TheoryData<int, int> Cases
    {
        get
        {
            var data = new TheoryData<int, int>();
            foreach (int seed in Seeds.Up(16).Select(row => row.Data))
            foreach (int lanes in Widths.All.Select(row => row.Data))
                data.Add(seed, lanes);
            return data;
        }
    }

    public static TheoryData<int> Few => Seeds.Up(20);

    [Theory]
    [Trait("Isa", "Kernel")]
    [MemberData(nameof(Cases))]
    public void Random_graphs_read_only_what_is_theirs(int seed, int lanes)
    {
        GraphCase c = RandomGraph.Create(50_000 + seed, mostSide: 15, mostChannels: 40);
        ErrorModel.AssertClose(c, DirectRun.Run(c, lanes));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Random_MogaNets_read_only_what_is_theirs(int seed, int lanes)
    {
        GraphCase c = RandomMogaNet.Create(50_000 + seed);
        ErrorModel.AssertClose(c, DirectRun.Run(c, lanes, threads: 1 + (seed % 4)));
    }

    [Theory]
    [MemberData(nameof(Few))]
    public void Values_that_live_at_the_same_time_do_not_overlap(int seed)
    {
        GraphCase c = seed % 2 == 0 ? RandomGraph.Create(seed) : RandomMogaNet.Create(seed);
        (ComputationGraph graph, WeightSet weights) = GraphOptimizer.Run(c.Graph, c.Weights);
        using var store = new PackedStore(weights, 4);
        Plan plan = DirectRun.Compile(graph, [.. c.Inputs.Select(input => input.Shape)], store, 4, 2);
        Step[] steps = plan.Steps.ToArray();
        Slot[] slots = [.. steps.SelectMany(step => step.Slots).Distinct()];
        foreach (Slot a in slots)
        {
            Assert.InRange(a.Offset, 0, plan.ArenaFloats - a.Layout.Floats);
            Assert.Equal(0, a.Offset % 16);
            foreach (Slot b in slots.Where(b => b != a && Life(a).First <= Life(b).Last && Life(b).First <= Life(a).Last))
            {
                if (TakesItsPlace(a, b) || TakesItsPlace(b, a))
                    continue;
                Assert.True(
                    a.Offset + a.Layout.Floats <= b.Offset || b.Offset + b.Layout.Floats <= a.Offset,
                    $"{a.Name} and {b.Name} overlap."
                );
            }
        }

        // An output may stand where an input stood that nobody reads after that very step.
        bool TakesItsPlace(Slot input, Slot output) =>
            Life(input).Last == Life(output).First
            && input.Offset == output.Offset
            && input.Layout == output.Layout
            && steps[Life(output).First].InPlace is var (from, to)
            && from == input
            && to == output;

        (int First, int Last) Life(Slot slot) =>
            (Array.FindIndex(steps, step => step.Slots.Contains(slot)), Array.FindLastIndex(steps, step => step.Slots.Contains(slot)));
    }
}
