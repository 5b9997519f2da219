using MogaSharp.Graph;
using MogaSharp.OnnxRuntime;

namespace MogaSharp.Onnx.Tests;

/// <summary>Runs exported models in ONNX Runtime.</summary>
internal static class Judge
{
    /// <summary>
    /// Exports, runs in ONNX Runtime and compares every output with the reference interpreter's; the tolerance is relative
    /// to the output's largest element.
    /// </summary>
    public static void CompareWithReference(
        ComputationGraph graph,
        WeightSet weights,
        OnnxExportOptions options,
        double tolerance,
        params ReadOnlySpan<Tensor> inputs
    )
    {
        using var session = new OnnxRuntimeModel(OnnxExporter.Export(graph, weights, options));
        IReadOnlyDictionary<string, ReferenceTensor> expected = new ReferenceInterpreter(graph, weights).Run(inputs);
        IReadOnlyDictionary<string, Tensor> actual = session.Run(inputs);
        Assert.Equal(graph.Outputs.Select(output => output.Name), session.OutputNames);
        foreach ((string name, ReferenceTensor tensor) in expected)
        {
            Assert.Equal(tensor.Shape, actual[name].Shape);
            Assert.DoesNotContain(actual[name].Data, float.IsNaN);
            double largest = tensor.Data.Max(Math.Abs),
                difference = tensor.Data.Zip(actual[name].Data, (a, b) => Math.Abs(a - b)).Max();
            TestContext.Current.TestOutputHelper?.WriteLine($"{name}: difference {difference:E2}, largest element {largest:E2}");
            Assert.InRange(difference, 0, tolerance * largest);
        }
    }
}
