using MogaSharp.Graph;

namespace MogaSharp.Cpu;

/// <summary>
/// Gradients without anything native: forward by an inference engine, back in double precision from the outputs to the values that were
/// asked for, and no further. Weights have no gradients here; training is libtorch's.
/// </summary>
/// <param name="engine">Computes forward; it must outlive the sessions.</param>
public sealed class CpuGradientEngine(IInferenceEngine engine) : IGradientEngine
{
    /// <inheritdoc/>
    public IGradientSession CreateGradientSession(ComputationGraph graph, WeightSet weights, IReadOnlyCollection<Value> wanted) =>
        new CpuGradientSession(engine, graph, weights, wanted);
}
