namespace MogaSharp.Graph.Tests;

public sealed class InferenceSessionsTests
{
    [Fact]
    public void Outputs_are_made_in_the_graphs_order_and_returned_by_name()
    {
        var builder = new GraphBuilder();
        Value x = builder.Input("x", new Shape(1, 2, 4, 4));
        using var session = new Recorder(builder.Build(new GraphOutput("mean", builder.Root.SpatialMean(x)), new GraphOutput("map", x)));
        var input = new Tensor(new Shape(3, 2, 5, 6));
        IReadOnlyDictionary<string, Tensor> outputs = session.Run(input, TestContext.Current.CancellationToken);
        Assert.Same(input, Assert.Single(session.Inputs));
        Assert.Equal([new Shape(3, 2), new Shape(3, 2, 5, 6)], session.Outputs.Select(tensor => tensor.Shape));
        Assert.Same(session.Outputs[0], outputs["mean"]);
        Assert.Same(session.Outputs[1], outputs["map"]);
        Assert.Equal(TestContext.Current.CancellationToken, session.Token);
        Assert.Throws<GraphException>(() => session.CreateOutputs(new Shape(1, 3, 4, 4)));
    }

    private sealed class Recorder(ComputationGraph graph) : IInferenceSession
    {
        public ComputationGraph Graph { get; } = graph;

        public Tensor[] Inputs { get; private set; } = [];

        public Tensor[] Outputs { get; private set; } = [];

        public CancellationToken Token { get; private set; }

        public void Run(ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor> outputs, CancellationToken cancellationToken = default) =>
            (Inputs, Outputs, Token) = (inputs.ToArray(), outputs.ToArray(), cancellationToken);

        public void Dispose() { }
    }
}
