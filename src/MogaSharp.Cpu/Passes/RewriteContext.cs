using System.Runtime.CompilerServices;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Passes;

/// <summary>
/// What a pass sees and does while a graph is rebuilt: the new graph's nodes, the weights as they stand, and new constants.
/// </summary>
internal sealed class RewriteContext
{
    private readonly GraphBuilder _builder;
    private readonly WeightSet _weights;
    private readonly Dictionary<string, Tensor> _constants = new(StringComparer.Ordinal);
    private readonly Dictionary<Value, int> _uses = [];

    public RewriteContext(GraphBuilder builder, WeightSet weights)
    {
        _builder = builder;
        _weights = weights;
    }

    /// <summary>The constants that rewriting made.</summary>
    public IReadOnlyDictionary<string, Tensor> Constants => _constants;

    /// <summary>The elements of a parameter or constant.</summary>
    public float[] Weight(string name) => (_constants.TryGetValue(name, out Tensor? tensor) ? tensor : _weights[name]).Data;

    /// <summary>How many values of the old graph read this value; 1 for one that a pass has just made.</summary>
    public int Uses(Value value) => _uses.GetValueOrDefault(value, 1);

    /// <summary>Records the old graph's count for a rebuilt value.</summary>
    public void SetUses(Value value, int uses) => _uses[value] = Math.Max(uses, _uses.GetValueOrDefault(value));

    /// <summary>Adds a node.</summary>
    public Value Add(string scope, Op op, params Value[] inputs) => _builder.Add(scope, op, inputs);

    /// <summary>Adds a constant and returns its name, which tells what it was made from.</summary>
    /// <returns>Null when an element is not finite: rewriting such weights would change which results are NaN.</returns>
    public string? Constant(string origin, string what, Shape shape, float[] elements)
    {
        if (!AreFinite(elements)) return null;
        var tensor = new Tensor(shape, elements);
        string name = $"{origin}|{what}";
        while (_constants.ContainsKey(name) || _weights.TryGet(name, out _)) name += "'";
        _constants[name] = tensor;
        _builder.Declare(new ParameterSpec(name, shape, ParameterKind.Parameter, Initializer.Zeros));
        return name;
    }

    // Compiled fully at its first call, like the passes' other loops over weights.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool AreFinite(ReadOnlySpan<float> elements)
    {
        foreach (float x in elements)
            if (!float.IsFinite(x)) return false;
        return true;
    }
}
