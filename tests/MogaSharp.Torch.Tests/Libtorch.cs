using MogaSharp.Graph;
using MogaSharp.Testing;

// The counters of native tensors belong to the process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace MogaSharp.Torch.Tests;

/// <summary>Skips tests where libtorch is not installed, and helps the others.</summary>
internal static class Libtorch
{
    public static void Require() => Assert.SkipUnless(TorchRuntime.IsAvailable, TorchRuntime.Unavailability);

    /// <summary>Runs a test body in a scope of its own and asserts that no native tensor outlives it.</summary>
    public static void WithoutLeaks(Action body)
    {
        Require();
        long before = TorchRuntime.LiveTensors;
        using (new TorchScope())
            body();
        Assert.Equal(before, TorchRuntime.LiveTensors);
    }

    public static TorchNetwork Network(ComputationGraph graph, TorchNetworkOptions? options = null)
    {
        Require();
        return new TorchNetwork(graph, FormulaWeights.Create(graph.Parameters), options);
    }

    public static double Difference(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        Assert.Equal(a.Length, b.Length);
        double largest = 0;
        for (int i = 0; i < a.Length; i++)
        {
            double difference = Math.Abs((double)a[i] - b[i]);
            if (!(difference <= largest))
                largest = difference;
        }

        return largest;
    }
}
