using MogaSharp.Graph;

namespace MogaSharp.Cpu.Passes;

/// <summary>
/// One exact rewriting of an eval-mode graph. A pass is asked for every node, after the node's inputs have been rebuilt, so
/// that it only ever looks upwards, at producers.
/// </summary>
internal abstract class GraphPass
{
    /// <summary>What the pass does, for plans and tests.</summary>
    public string Name => GetType().Name;

    /// <summary>The value that replaces a node, or null to keep it.</summary>
    /// <param name="op">The node's op.</param>
    /// <param name="scope">The node's module.</param>
    /// <param name="inputs">Its inputs in the new graph.</param>
    /// <param name="context">The graph under construction.</param>
    public abstract Value? Rewrite(Op op, string scope, IReadOnlyList<Value> inputs, RewriteContext context);

    /// <summary>Applies the pass to a whole graph and removes what nobody reads any more.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="weights">Its weights.</param>
    /// <param name="changed">Set when a node was replaced; otherwise graph and weights are returned as they came.</param>
    public (ComputationGraph Graph, WeightSet Weights) Apply(ComputationGraph graph, WeightSet weights, ref bool changed)
    {
        var builder = new GraphBuilder();
        foreach (ParameterSpec spec in graph.Parameters) builder.Declare(spec);
        var context = new RewriteContext(builder, weights);
        int[] uses = CountUses(graph);
        var map = new Value[graph.Values.Count];
        bool replaced = false;
        foreach (Value value in graph.Values)
        {
            Value[] inputs = [.. value.Inputs.Select(input => map[input.Index])];
            Value? replacement = Rewrite(value.Op, value.Scope, inputs, context);
            replaced |= replacement is not null;
            map[value.Index] = replacement ?? context.Add(value.Scope, value.Op, inputs);
            context.SetUses(map[value.Index], uses[value.Index]);
        }

        if (!replaced) return (graph, weights);
        changed = true;
        ComputationGraph rewritten = builder.Build([.. graph.Outputs.Select(output => KeyValuePair.Create(output.Key, map[output.Value.Index]))]);
        return (Prune(rewritten), context.Constants.Count == 0 ? weights : weights.With(context.Constants));
    }

    /// <summary>A graph without the values and parameters that nobody reads.</summary>
    public static ComputationGraph Prune(ComputationGraph whole)
    {
        var live = new HashSet<Value>(whole.Inputs);
        foreach ((_, Value output) in whole.Outputs) live.Add(output);
        foreach (Value value in whole.Values.Reverse())
            if (live.Contains(value)) live.UnionWith(value.Inputs);
        var read = live.SelectMany(value => value.Op.Parameters).ToHashSet(StringComparer.Ordinal);
        var builder = new GraphBuilder();
        foreach (ParameterSpec spec in whole.Parameters)
            if (read.Contains(spec.Name)) builder.Declare(spec);
        var map = new Dictionary<Value, Value>();
        foreach (Value value in whole.Values)
            if (live.Contains(value)) map[value] = builder.Add(value.Scope, value.Op, [.. value.Inputs.Select(input => map[input])]);
        return builder.Build([.. whole.Outputs.Select(output => KeyValuePair.Create(output.Key, map[output.Value]))]);
    }

    private static int[] CountUses(ComputationGraph graph)
    {
        var uses = new int[graph.Values.Count];
        foreach (Value value in graph.Values)
            foreach (Value input in value.Inputs) uses[input.Index]++;
        foreach ((_, Value output) in graph.Outputs) uses[output.Index]++;
        return uses;
    }
}
