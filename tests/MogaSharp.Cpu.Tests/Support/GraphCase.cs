using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Cpu.Tests.Support;

/// <summary>A graph with weights and inputs to run it on.</summary>
internal sealed record GraphCase(ComputationGraph Graph, WeightSet Weights, Tensor[] Inputs)
{
    /// <summary>Gives every parameter and input its formula's elements; the salt makes different cases of the same names.</summary>
    public static GraphCase Create(ComputationGraph graph, string salt = "") =>
        new(
            graph,
            FormulaWeights.Create(graph.Parameters, salt),
            [.. graph.Inputs.Select((input, i) => FormulaWeights.Input(graph, input, $"{salt}input{i}"))]
        );

    /// <summary>The graph of one output.</summary>
    public static GraphCase Create(GraphBuilder builder, Value output, string salt = "") =>
        Create(builder.Build(new GraphOutput("y", output)), salt);

    /// <summary>The exact outputs, in the graph's order.</summary>
    public ReferenceTensor[] Reference() => Reference(Graph, Weights);

    /// <summary>The exact outputs of a rewritten graph for the same inputs.</summary>
    public ReferenceTensor[] Reference(ComputationGraph graph, WeightSet weights)
    {
        ReferenceTensor[] all = new ReferenceInterpreter(graph, weights).RunAll(Inputs);
        return [.. graph.Outputs.Select(output => all[output.Value.Index])];
    }

    /// <summary>What a session of the engine gives, in the graph's order.</summary>
    public Tensor[] Run(CpuEngine engine)
    {
        using CpuSession session = engine.CreateSession(Graph, Weights);
        return Run(session);
    }

    /// <inheritdoc cref="Run(CpuEngine)"/>
    public Tensor[] Run(CpuSession session)
    {
        Shape[] shapes = [.. Inputs.Select(input => input.Shape)];
        Tensor[] outputs = session.CreateOutputs(shapes);
        session.Run(Inputs, outputs, TestContext.Current.CancellationToken);
        return outputs;
    }

    /// <summary>The same graph on a batch of other size: image after image of the formula.</summary>
    public GraphCase WithBatch(int images)
    {
        ComputationGraph larger = Graph.WithInputs([.. Inputs.Select(input => input.Shape.With(0, images))]);
        return this with { Inputs = [.. larger.Inputs.Select((input, i) => FormulaWeights.Input(larger, input, $"batch{i}"))] };
    }
}
