using MogaSharp.Cpu.Tests.Support;
using MogaSharp.Graph;
using MogaSharp.Testing;

namespace MogaSharp.Cpu.Tests.Engine;

/// <summary>Every op of the closed set in all its forms, in every vector width, for awkward numbers of channels and sizes.</summary>
public sealed class OpCaseTests
{
    public static TheoryData<string, int> Cases => new(from name in OpCases.All.Keys from lanes in new[] { 4, 8, 16 } select (name, lanes));

    public static TheoryData<string> Names => [.. OpCases.All.Keys];

    [Theory]
    [Trait("Isa", "Kernel")]
    [MemberData(nameof(Cases))]
    public void An_op_agrees_with_the_reference(string name, int lanes) => Check(OpCases.All[name], lanes);

    [Theory]
    [MemberData(nameof(Cases))]
    public void An_op_agrees_with_the_reference_on_more_channels(string name, int lanes) =>
        Check(OpCases.ByName[name].Build(new Shape(2, 40, 7, 9)), lanes);

    [Theory]
    [MemberData(nameof(Names))]
    public void An_op_does_not_depend_on_threads(string name)
    {
        GraphCase c = Case(OpCases.ByName[name].Build(new Shape(2, 24, 18, 13)));
        float[][]? first = null;
        foreach (int threads in new[] { 1, 2, 3 })
        {
            using var engine = new CpuEngine(new(threads));
            float[][] results = [.. c.Run(engine).Select(tensor => tensor.Data)];
            first ??= results;
            for (int i = 0; i < first.Length; i++)
                Assert.Equal(first[i].Select(BitConverter.SingleToInt32Bits), results[i].Select(BitConverter.SingleToInt32Bits));
        }
    }

    private static void Check(ComputationGraph graph, int lanes)
    {
        GraphCase c = Case(graph);
        ErrorModel.AssertClose(c, DirectRun.Run(c, lanes, threads: 2));
    }

    private static GraphCase Case(ComputationGraph graph) => new(graph, FormulaWeights.Create(graph.Parameters), OpCase.Inputs(graph));
}
