using MogaSharp.Graph;

namespace MogaSharp.Onnx.Tests;

/// <summary>Runs exported models in ONNX Runtime; skips the test where it is not installed.</summary>
internal static class Judge
{
    public static void Require()
    {
        try
        {
            _ = OnnxRuntimeSession.RuntimeVersion;
        }
        catch (OnnxRuntimeUnavailableException missing)
        {
            Assert.Skip(missing.Message);
        }
    }

    public static byte[] Export(ComputationGraph graph, WeightSet weights, OnnxExportOptions? options = null)
    {
        using var stream = new MemoryStream();
        OnnxExporter.Export(graph, weights, stream, options);
        return stream.ToArray();
    }

    /// <summary>
    /// Exports, runs in ONNX Runtime and compares every output with the reference interpreter's; the tolerance is relative
    /// to the output's largest element.
    /// </summary>
    public static void CompareWithReference(ComputationGraph graph, WeightSet weights, OnnxExportOptions options, double tolerance, params ReadOnlySpan<Tensor> inputs)
    {
        Require();
        using var session = new OnnxRuntimeSession(Export(graph, weights, options));
        IReadOnlyDictionary<string, ReferenceTensor> expected = new ReferenceInterpreter(graph, weights).Run(inputs);
        IReadOnlyDictionary<string, Tensor> actual = session.Run(inputs);
        Assert.Equal(graph.Outputs.Select(output => output.Key), session.OutputNames);
        foreach ((string name, ReferenceTensor tensor) in expected)
        {
            Assert.Equal(tensor.Shape, actual[name].Shape);
            Assert.DoesNotContain(actual[name].Data, float.IsNaN);
            double largest = tensor.Data.Max(Math.Abs), difference = tensor.Data.Zip(actual[name].Data, (a, b) => Math.Abs(a - b)).Max();
            TestContext.Current.TestOutputHelper?.WriteLine($"{name}: difference {difference:E2}, largest element {largest:E2}");
            Assert.InRange(difference, 0, tolerance * largest);
        }
    }
}
