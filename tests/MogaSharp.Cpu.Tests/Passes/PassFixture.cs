using MogaSharp.Cpu.Passes;
using MogaSharp.Cpu.Tests.Support;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Tests.Passes;

/// <summary>
/// Builds small graphs and applies one pass to them; whatever a pass does is also compared with the original. Each has a builder of its
/// own, since a value that an earlier graph left behind would be a reader in the next.
/// </summary>
public abstract class PassFixture
{
    private GraphBuilder _builder = new();

    /// <summary>Where a graph's function adds its values.</summary>
    private protected Scope Root => _builder.Root;

    /// <summary>x * scale + shift.</summary>
    private protected Value Affine(string name, Value x)
    {
        foreach (string part in new[] { "scale", "shift" })
            _builder.Declare(new ParameterSpec($"{name}.{part}", new Shape(x.Channels), ParameterKind.Parameter, Initializer.Ones));
        return _builder.Add(name, new ChannelAffine(x.Channels, $"{name}.scale", $"{name}.shift"), x);
    }

    private protected Rewritten Apply(GraphPass pass, Func<Value, Value> make, params (string Name, float Element)[] poison) =>
        Apply(pass, x => [make(x)], poison);

    /// <summary>Applies a pass to a new graph.</summary>
    /// <param name="pass">The pass.</param>
    /// <param name="make">Gives the graph's outputs for its input, (2, 4, 6, 9).</param>
    /// <param name="poison">Weights whose first element is replaced.</param>
    private protected Rewritten Apply(GraphPass pass, Func<Value, Value[]> make, params (string Name, float Element)[] poison)
    {
        _builder = new GraphBuilder();
        Value[] outputs = make(_builder.Input("x", new Shape(2, 4, 6, 9)));
        GraphCase c = GraphCase.Create(_builder.Build([.. outputs.Select((output, i) => new GraphOutput($"y{i}", output))]));
        foreach ((string name, float element) in poison)
            c.Weights[name].Data[0] = element;
        var rewriter = new GraphRewriter(c.Graph, c.Weights);
        bool fired = rewriter.Apply(pass);
        (ComputationGraph graph, WeightSet weights) = rewriter.Finish();
        if (poison.Length == 0)
            ErrorModel.AssertClose(c, c.Reference(graph, weights));
        return new(graph, fired);
    }

    private protected sealed record Rewritten(ComputationGraph Graph, bool Fired)
    {
        public string[] Kinds => [.. Graph.Values.Select(value => value.Op.Kind)];
    }
}
