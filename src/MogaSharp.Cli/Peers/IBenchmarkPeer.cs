using MogaSharp.Graph;

namespace MogaSharp.Cli;

/// <summary>What a benchmark runs in turn with ours.</summary>
internal interface IBenchmarkPeer : IDisposable
{
    /// <summary>What it is, with its version.</summary>
    string Name { get; }

    /// <summary>The outputs of its last run where it has our weights and input; null otherwise.</summary>
    IReadOnlyList<Tensor>? Outputs => null;

    /// <summary>Runs or trains once; how many milliseconds it took.</summary>
    /// <exception cref="FailureException">The peer ended.</exception>
    double Step();
}
