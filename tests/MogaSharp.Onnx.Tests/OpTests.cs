using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Onnx.Tests;

/// <summary>Every op of the closed set alone, run by ONNX Runtime, against the reference interpreter.</summary>
public sealed class OpTests
{
    public static TheoryData<string, int> Cases =>
        new(
            from name in OpCases.All.Keys
            from opset in new[] { OnnxExportOptions.OldestOpset, OnnxExportOptions.NewestOpset }
            select (name, opset)
        );

    [Theory]
    [MemberData(nameof(Cases))]
    public void Alone_it_gives_what_the_reference_gives(string name, int opset)
    {
        ComputationGraph graph = OpCases.All[name];
        Judge.CompareWithReference(
            graph,
            FormulaWeights.Create(graph.Parameters),
            new OnnxExportOptions { Opset = opset },
            1e-6,
            OpCase.Inputs(graph)
        );
    }

    [Fact]
    public void The_cases_use_all_ops()
    {
        IEnumerable<Type> closedSet = typeof(Op).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(Op)) && !type.IsAbstract);
        IEnumerable<Type> used = OpCases.All.Values.SelectMany(graph => graph.Values).Select(value => value.Op.GetType()).Distinct();
        Assert.Equal(closedSet.Select(type => type.Name).Order(), used.Select(type => type.Name).Order());
    }

    [Theory]
    [InlineData(17)]
    [InlineData(20)]
    public void Gelu_is_the_exact_one_over_its_whole_range(int opset)
    {
        var builder = new GraphBuilder();
        Value x = builder.Input("input", new Shape(1, 1, 1, 2001));
        ComputationGraph graph = builder.Build(new GraphOutput("output", builder.Root.Activate(ActivationKind.Gelu, x)));
        var input = new Tensor(x.Shape, [.. Enumerable.Range(0, 2001).Select(i => (i - 1000) / 100f)]);
        // The tanh approximation would be off by 5e-4, which is 5e-5 of the largest element.
        Judge.CompareWithReference(graph, new WeightSet([]), new OnnxExportOptions { Opset = opset }, 1e-7, input);
    }
}
