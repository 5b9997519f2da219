namespace MogaSharp.Graph;

/// <summary>The places of a graph by the names of its modules.</summary>
public static class GraphLayers
{
    /// <summary>The names of the modules that give feature maps (N, C, H, W), in the order of computation.</summary>
    public static IEnumerable<string> Names(ComputationGraph graph) =>
        graph
            .Values.Where(value => value.Shape.Rank == 4 && value.Op is not Input)
            .SelectMany(value => Modules(value.Scope))
            .Distinct(StringComparer.Ordinal);

    /// <summary>The result of a module: the last value that it or a module inside of it gives.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="module">The module's name, such as <c>norm4</c> or <c>stages.3.1</c>.</param>
    /// <returns>Null when there is no such module, or it gives no feature map.</returns>
    public static Value? Find(ComputationGraph graph, string module) =>
        graph.Values.LastOrDefault(value =>
            value.Op is not Input
            && (value.Scope == module || value.Scope.StartsWith(module + ".", StringComparison.Ordinal))
            && module.Length > 0
        )
            is { Shape.Rank: 4 } found
            ? found
            : null;

    /// <summary>The last feature map that is pooled over all pixels, before a layer norm that stands between: what class activation maps
    /// look at unless another is named.</summary>
    /// <param name="graph">The graph of a classifier.</param>
    /// <returns>Null where no map is pooled.</returns>
    public static Value? BeforePooling(ComputationGraph graph)
    {
        Value? pool = graph.Values.LastOrDefault(value =>
            value.Op is GlobalAveragePool && value.Inputs[0].Shape is { Rank: 4 } map && map[2] * map[3] > 1
        );
        Value? last = pool?.Inputs[0];
        return last?.Op is LayerNorm ? last.Inputs[0] : last;
    }

    /// <summary>The part of a graph after a value, which becomes its only input.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="value">A value of it.</param>
    /// <exception cref="GraphException">An output does not depend on the value alone.</exception>
    public static ComputationGraph After(ComputationGraph graph, Value value)
    {
        var builder = new GraphBuilder();
        foreach (ParameterSpec spec in graph.Parameters)
            builder.Declare(spec);
        var moved = new Dictionary<Value, Value> { [value] = builder.Input("layer", value.Shape) };
        foreach (Value next in graph.Values)
            if (next.Index > value.Index && next.Inputs.Count > 0 && next.Inputs.All(moved.ContainsKey))
                moved[next] = builder.Add(next.Scope, next.Op, [.. next.Inputs.Select(input => moved[input])]);
        if (graph.Outputs.FirstOrDefault(output => !moved.ContainsKey(output.Value)) is { } other)
            throw new GraphException($"'{other.Name}' depends on more than {value}.");
        return builder.Build([.. graph.Outputs.Select(output => new GraphOutput(output.Name, moved[output.Value]))]).Pruned();
    }

    private static IEnumerable<string> Modules(string scope)
    {
        for (int dot = scope.IndexOf('.', StringComparison.Ordinal); dot >= 0; dot = scope.IndexOf('.', dot + 1))
            yield return scope[..dot];
        if (scope.Length > 0)
            yield return scope;
    }
}
