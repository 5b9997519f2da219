namespace MogaSharp.Graph;

/// <summary>
/// One node of a graph and the tensor that it gives. Made by a <see cref="GraphBuilder"/>; equal only to itself.
/// </summary>
public sealed class Value
{
    internal Value(GraphBuilder builder, int index, string scope, Op op, Value[] inputs, Shape shape)
    {
        Builder = builder;
        Index = index;
        Scope = scope;
        Op = op;
        Inputs = inputs;
        Shape = shape;
    }

    /// <summary>The position in <see cref="ComputationGraph.Values"/>; inputs have smaller ones.</summary>
    public int Index { get; }

    /// <summary>The module that the node belongs to, such as <c>blocks1.0.attn</c>; empty at the top.</summary>
    public string Scope { get; }

    /// <summary>What is computed.</summary>
    public Op Op { get; }

    /// <summary>From what, in the op's order.</summary>
    public IReadOnlyList<Value> Inputs { get; }

    /// <summary>The shape for the input shape that the graph was built with (see <see cref="ComputationGraph.InferShapes"/>).</summary>
    public Shape Shape { get; }

    /// <summary>Channels of a feature map (N, C, H, W) or features of (N, C).</summary>
    public int Channels => Shape[1];

    internal GraphBuilder Builder { get; }

    /// <summary>The element-wise sum, with broadcasting.</summary>
    public static Value operator +(Value a, Value b) => a.Builder.Add(a.Scope, new Binary(BinaryKind.Add), a, b);

    /// <summary>The element-wise difference, with broadcasting.</summary>
    public static Value operator -(Value a, Value b) => a.Builder.Add(a.Scope, new Binary(BinaryKind.Subtract), a, b);

    /// <summary>The element-wise product, with broadcasting.</summary>
    public static Value operator *(Value a, Value b) => a.Builder.Add(a.Scope, new Binary(BinaryKind.Multiply), a, b);

    /// <summary>Calls the visitor's method for the op of a graph in which all composite ops have been lowered.</summary>
    /// <exception cref="InvalidOperationException">The op is a composite one.</exception>
    public TResult Accept<TArgument, TResult>(IOpVisitor<TArgument, TResult> visitor, TArgument argument) =>
        Op is PrimitiveOp op
            ? op.Accept(visitor, argument)
            : throw new InvalidOperationException($"{Op.Kind} is a composition; interpreters run a graph that has been lowered.");

    /// <summary>The op, the scope and the shape.</summary>
    public override string ToString() => $"%{Index} {Op.Kind} {Scope} {Shape}";
}
