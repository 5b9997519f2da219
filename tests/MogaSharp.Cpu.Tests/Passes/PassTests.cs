using MogaSharp.Cpu.Passes;
using MogaSharp.Cpu.Tests.Support;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Tests.Passes;

/// <summary>
/// Every pass alone, and all together, on random graphs: the rewritten graph computes the same function. The tolerance is
/// that of float32 arithmetic, since a pass rounds the constants that it makes to float32.
/// </summary>
public sealed class PassTests
{
    private const int Graphs = 60;

    private static readonly GraphPass[] All = [.. GraphOptimizer.Once, .. GraphOptimizer.ToTheEnd, .. GraphOptimizer.Last];

    public static TheoryData<string> Names => [.. All.Select(pass => pass.Name)];

    public static TheoryData<int> Few => Seeds.Up(Graphs);

    [Theory]
    [MemberData(nameof(Names))]
    public void A_pass_alone_keeps_the_function_and_finds_work(string name)
    {
        GraphPass pass = All.Single(pass => pass.Name == name);
        int fired = 0;
        // Some passes find work in few graphs: those are looked for longer.
        for (int seed = 0; seed < Graphs || (fired < 3 && seed < 20 * Graphs); seed++)
        {
            GraphCase c =
                seed % 16 == 8 ? Enlargement(seed)
                : seed % 4 == 0 ? RandomMogaNet.Create(seed)
                : RandomGraph.Create(20_000 + seed, mostSide: 12, mostChannels: 40);
            var rewriter = new GraphRewriter(c.Graph, c.Weights);
            // The later passes look for what the others leave behind: on some graphs none has run, on some the first, on some all.
            if (seed % 3 > 0)
                foreach (GraphPass first in GraphOptimizer.Once.TakeWhile(first => first != pass))
                    rewriter.Apply(first);
            for (bool changed = seed % 3 == 2 && GraphOptimizer.ToTheEnd.Contains(pass); changed; )
            {
                changed = false;
                foreach (GraphPass other in GraphOptimizer.ToTheEnd.Where(other => other != pass))
                    changed |= rewriter.Apply(other);
            }

            if (!rewriter.Apply(pass))
                continue;
            fired++;
            (ComputationGraph graph, WeightSet weights) = rewriter.Finish();
            ErrorModel.AssertClose(c, c.Reference(graph, weights));
        }

        Assert.InRange(fired, 3, int.MaxValue);
    }

    // Transposed convolutions with a norm behind are rare in random graphs.
    private static GraphCase Enlargement(int seed)
    {
        var random = new Random(seed);
        var builder = new GraphBuilder();
        var ops = new RandomOps(builder, random);
        Value x = builder.Input("input", new Shape(random.Next(1, 4), random.Next(1, 20), random.Next(1, 9), random.Next(1, 9)));
        for (int left = random.Next(1, 4); left > 0; left--)
            x = ops.Transposed(x, random.Next(1, 20), random.Next(1, 6), random.Next(1, 4)) ?? x;
        return GraphCase.Create(builder, x, $"up{seed}/");
    }

    [Theory]
    [MemberData(nameof(Few))]
    public void All_passes_together_keep_the_function(int seed)
    {
        GraphCase c = seed % 2 == 0 ? RandomMogaNet.Create(seed) : RandomGraph.Create(30_000 + seed);
        (ComputationGraph graph, WeightSet weights) = GraphOptimizer.Run(c.Graph, c.Weights);
        Assert.DoesNotContain(graph.Values, value => value.Op is CompositeOp or BatchNorm2d);
        Assert.Equal(c.Graph.Outputs.Select(output => output.Name), graph.Outputs.Select(output => output.Name));
        Assert.Equal(c.Graph.Inputs.Select(input => input.Op), graph.Inputs.Select(input => input.Op));
        ErrorModel.AssertClose(c, c.Reference(graph, weights));
    }

    [Theory]
    [MemberData(nameof(Few))]
    public void What_is_left_has_work_for_no_pass_and_nothing_unread(int seed)
    {
        GraphCase c = seed % 2 == 0 ? RandomMogaNet.Create(seed) : RandomGraph.Create(40_000 + seed);
        (ComputationGraph graph, WeightSet weights) = GraphOptimizer.Run(c.Graph, c.Weights);
        var rewriter = new GraphRewriter(graph, weights);
        foreach (GraphPass pass in GraphOptimizer.ToTheEnd)
            Assert.False(rewriter.Apply(pass), pass.Name);
        HashSet<Value> read =
        [
            .. graph.Values.SelectMany(value => value.Inputs),
            .. graph.Outputs.Select(output => output.Value),
            .. graph.Inputs,
        ];
        Assert.All(graph.Values, value => Assert.Contains(value, read));
        HashSet<string> names = [.. graph.Values.SelectMany(value => value.Op.Parameters)];
        Assert.All(graph.Parameters, spec => Assert.Contains(spec.Name, names));
        Assert.Equal(graph.Parameters.Select(spec => spec.Name).Order(StringComparer.Ordinal), weights.Names.Order(StringComparer.Ordinal));
    }
}
