namespace MogaSharp.OnnxRuntime;

/// <summary>How far ONNX Runtime rewrites a graph before it runs it.</summary>
public enum OnnxRuntimeOptimization
{
    /// <summary>Runs the nodes as they stand in the model.</summary>
    None,

    /// <summary>Folds constants and removes what does nothing.</summary>
    Basic,

    /// <summary>Fuses nodes too.</summary>
    Extended,

    /// <summary>Changes memory layouts too.</summary>
    All,
}

/// <summary>How ONNX Runtime runs a model; always node after node.</summary>
public sealed record OnnxRuntimeOptions
{
    /// <summary>What computes. No node runs on the CPU in its place: a model that the provider cannot run as a whole is refused.</summary>
    public OnnxRuntimeProvider Provider { get; init; } = OnnxRuntimeProvider.Cpu;

    /// <summary>Which device of the provider, from 0; CUDA and DirectML have several.</summary>
    public int DeviceId { get; init; }

    /// <summary>Threads within one node on the CPU, the caller's included; 0 for one per processor.</summary>
    public int Threads { get; init; }

    /// <summary>Rewriting before the first run.</summary>
    public OnnxRuntimeOptimization Optimization { get; init; } = OnnxRuntimeOptimization.All;
}
