namespace MogaSharp.Onnx;

/// <summary>How far ONNX Runtime rewrites a graph before it runs it. The numbers are its own.</summary>
public enum OnnxRuntimeOptimization
{
    /// <summary>Runs the nodes as they stand in the file.</summary>
    None = 0,

    /// <summary>Folds constants and removes what does nothing.</summary>
    Basic = 1,

    /// <summary>Fuses nodes too.</summary>
    Extended = 2,

    /// <summary>Changes memory layouts too.</summary>
    All = 99,
}

/// <summary>How ONNX Runtime runs a model: always node after node, on the CPU.</summary>
public sealed record OnnxRuntimeOptions
{
    /// <summary>Threads within one node, the caller's included; 0 for one per core.</summary>
    public int IntraOpThreads { get; init; }

    /// <summary>
    /// True to park the threads as soon as a run ends; by default they spin for a while, which takes processors from whatever
    /// runs next.
    /// </summary>
    public bool ParkBetweenRuns { get; init; }

    /// <summary>Rewriting before the first run.</summary>
    public OnnxRuntimeOptimization Optimization { get; init; } = OnnxRuntimeOptimization.All;
}
