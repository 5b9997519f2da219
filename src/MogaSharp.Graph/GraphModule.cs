namespace MogaSharp.Graph;

/// <summary>
/// An op with its parameters declared, to be applied once or several times: all nodes read the same tensors, and their gradients add up. A
/// detector's head runs so over every level of its pyramid: <c>var conv = s.Conv("cls", 256, 256, 3, padding: 1); conv.Apply(p3); conv.Apply(p4)</c>.
/// </summary>
/// <param name="Scope">The module that the nodes belong to.</param>
/// <param name="Op">What they compute.</param>
public sealed record GraphModule(Scope Scope, Op Op)
{
    /// <summary>Adds a node.</summary>
    /// <param name="inputs">Values of the builder in which the parameters are declared.</param>
    /// <exception cref="GraphException">The inputs do not fit the op.</exception>
    public Value Apply(params Value[] inputs) => Scope.Add(Op, inputs);
}
