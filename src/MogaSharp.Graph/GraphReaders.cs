namespace MogaSharp.Graph;

/// <summary>One place where a value is read.</summary>
/// <param name="Value">The value that reads it.</param>
/// <param name="Input">As which of its inputs.</param>
public readonly record struct ValueReader(Value Value, int Input);

/// <summary>Who reads the values of a graph: other values, and the graph's outputs.</summary>
public sealed class GraphReaders
{
    private readonly List<ValueReader>[] _readers;
    private readonly int[] _outputs;

    internal GraphReaders(ComputationGraph graph)
    {
        _readers = [.. graph.Values.Select(_ => new List<ValueReader>())];
        _outputs = new int[graph.Values.Count];
        foreach (Value value in graph.Values)
            for (int i = 0; i < value.Inputs.Count; i++)
                _readers[value.Inputs[i].Index].Add(new(value, i));
        foreach (GraphOutput output in graph.Outputs)
            _outputs[output.Value.Index]++;
    }

    /// <summary>The places where a value of the graph is read, in the order of computation.</summary>
    public IReadOnlyList<ValueReader> this[Value value] => _readers[value.Index];

    /// <summary>Whether a value is an output of the graph.</summary>
    public bool IsOutput(Value value) => _outputs[value.Index] > 0;

    /// <summary>How often a value is read, as an output too.</summary>
    public int Count(Value value) => _readers[value.Index].Count + _outputs[value.Index];
}
