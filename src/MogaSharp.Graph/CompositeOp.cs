namespace MogaSharp.Graph;

/// <summary>
/// An op that is a composition of others. It has one method, <see cref="Lower"/>, and no code in any interpreter: they run what it lowers to
/// (<see cref="ComputationGraph.Lower"/>), gradients included. The set is open; users may add their own. An interpreter that wants a fast
/// path finds the lowered ops by a pattern, as it finds other sequences of ops, or keeps the op and computes it.
/// </summary>
public abstract record CompositeOp : Op
{
    /// <summary>Adds the ops that this one stands for.</summary>
    /// <param name="at">The module that the op belongs to.</param>
    /// <param name="inputs">What the op reads. Sizes are known by their shapes, but must only decide what the ops' own attributes may depend
    /// on: channels, not batch, rows or columns.</param>
    /// <returns>The value that the op gives.</returns>
    /// <exception cref="GraphException">The inputs do not fit the op.</exception>
    public abstract Value Lower(Scope at, IReadOnlyList<Value> inputs);

    /// <summary>The shape that the composition gives.</summary>
    /// <inheritdoc/>
    public override Shape InferShape(ReadOnlySpan<Shape> inputs) => Expand(inputs, null).Outputs[0].Value.Shape;

    /// <summary>The cost of all ops of the composition.</summary>
    /// <inheritdoc/>
    public override Cost Cost(ReadOnlySpan<Shape> inputs, Shape output) => Expand(inputs, null).TotalCost(inputs);

    /// <summary>The composition as a graph of its own with one output.</summary>
    /// <param name="inputs">The shapes of its inputs.</param>
    /// <param name="parameters">The parameters that it may read; null for any, where only shapes are asked for.</param>
    internal ComputationGraph Expand(ReadOnlySpan<Shape> inputs, IReadOnlyList<ParameterSpec>? parameters)
    {
        var builder = new GraphBuilder { KnowsParameters = parameters is not null };
        foreach (ParameterSpec spec in parameters ?? [])
            builder.Declare(spec);
        var values = new Value[inputs.Length];
        for (int i = 0; i < values.Length; i++)
            values[i] = builder.Input($"input{i}", inputs[i]);
        return builder.Build(new GraphOutput("output", Lower(builder.Root, values)));
    }
}

/// <summary>An op that only does something in training: in eval mode it lowers to its input.</summary>
public abstract record TrainingOp : CompositeOp
{
    private protected TrainingOp() { }

    /// <summary>The input itself.</summary>
    /// <inheritdoc/>
    public sealed override Value Lower(Scope at, IReadOnlyList<Value> inputs) => inputs[0];

    /// <summary>The shape of the only input.</summary>
    /// <inheritdoc/>
    public sealed override Shape InferShape(ReadOnlySpan<Shape> inputs)
    {
        RequireInputs(inputs, 1);
        return inputs[0];
    }

    /// <summary>Nothing.</summary>
    /// <inheritdoc/>
    public sealed override Cost Cost(ReadOnlySpan<Shape> inputs, Shape output) => default;

    /// <summary>Calls the visitor's method for this op.</summary>
    public abstract TResult Accept<TArgument, TResult>(ITrainingOpVisitor<TArgument, TResult> visitor, TArgument argument);
}

/// <summary>One method per op that an interpreter with a train mode handles.</summary>
/// <inheritdoc/>
public interface ITrainingOpVisitor<in TArgument, out TResult> : IOpVisitor<TArgument, TResult>
{
    /// <summary>Dropout of single elements.</summary>
    TResult Visit(Dropout op, TArgument argument);

    /// <summary>Stochastic depth.</summary>
    TResult Visit(DropPath op, TArgument argument);
}
