using System.Diagnostics.CodeAnalysis;

namespace MogaSharp.Graph;

/// <summary>
/// Named float32 tensors that give a graph its parameters and buffers. Names are official state-dict keys, such as
/// <c>blocks1.0.attn.value.DW_conv0.weight</c>. Not changed after construction, so engines may share it.
/// </summary>
public sealed class WeightSet
{
    private readonly Dictionary<string, Tensor> _tensors;

    /// <summary>Takes the tensors over; later changes of the dictionary are not seen.</summary>
    public WeightSet(IEnumerable<KeyValuePair<string, Tensor>> tensors)
        : this(new Dictionary<string, Tensor>(tensors, StringComparer.Ordinal)) { }

    private WeightSet(Dictionary<string, Tensor> tensors) => _tensors = tensors;

    /// <summary>The tensors' names, in no particular order.</summary>
    public IReadOnlyCollection<string> Names => _tensors.Keys;

    /// <summary>The tensor of a name.</summary>
    /// <exception cref="KeyNotFoundException">No tensor has this name.</exception>
    public Tensor this[string name] =>
        _tensors.TryGetValue(name, out Tensor? tensor) ? tensor : throw new KeyNotFoundException($"The weights hold no tensor '{name}'.");

    /// <summary>Looks a tensor up.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out Tensor? tensor) => _tensors.TryGetValue(name, out tensor);

    /// <summary>Checks that a graph finds its parameters and buffers here; what is optional may be missing.</summary>
    /// <exception cref="KeyNotFoundException">The graph needs a tensor that is not here.</exception>
    /// <exception cref="GraphException">A tensor has another shape than the graph says.</exception>
    public void RequireFit(ComputationGraph graph)
    {
        foreach (ParameterSpec spec in graph.Parameters)
        {
            if (spec.IsOptional)
                continue;
            Shape shape = this[spec.Name].Shape;
            if (shape != spec.Shape)
                throw new GraphException($"The weight '{spec.Name}' has shape {shape}, the graph needs {spec.Shape}.");
        }
    }

    /// <summary>A set with the same tensors and some added or replaced; the tensors themselves are shared.</summary>
    public WeightSet With(IEnumerable<KeyValuePair<string, Tensor>> changes)
    {
        var merged = new Dictionary<string, Tensor>(_tensors, StringComparer.Ordinal);
        foreach ((string name, Tensor tensor) in changes)
            merged[name] = tensor;
        return new WeightSet(merged);
    }
}
