using MogaSharp.Graph;
using MogaSharp.Onnx;

namespace MogaSharp.OnnxRuntime;

/// <summary>
/// ONNX Runtime as an engine: graphs are exported in memory, one model for each shape of the inputs. Safe for concurrent use.
/// </summary>
public sealed class OnnxRuntimeEngine : IInferenceEngine
{
    private readonly OnnxRuntimeOptions _options;
    private bool _disposed;

    /// <summary>Loads ONNX Runtime, and makes sure that the provider and its device are there.</summary>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">Threads are negative or more than 1024, or the device is negative.</exception>
    /// <exception cref="OnnxRuntimeUnavailableException">
    /// The library could not be loaded, or lacks the provider; the message names the package to add.
    /// </exception>
    /// <exception cref="OnnxRuntimeException">The provider has no such device.</exception>
    public OnnxRuntimeEngine(OnnxRuntimeOptions? options = null)
    {
        options ??= new();
        ArgumentOutOfRangeException.ThrowIfNegative(options.Threads, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Threads, 1024, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(options.DeviceId, nameof(options));
        // ONNX Runtime itself would take one thread per physical core.
        _options = options.Threads == 0 ? options with { Threads = Environment.ProcessorCount } : options;
        using var _ = OrtLibrary.CreateOptions(_options);
    }

    /// <summary><c>onnxruntime</c>, and the provider where it is not the CPU: <c>onnxruntime-cuda</c>.</summary>
    public string Name => _options.Provider == OnnxRuntimeProvider.Cpu ? "onnxruntime" : $"onnxruntime-{_options.Provider}";

    /// <inheritdoc/>
    /// <exception cref="GraphException">A weight has another shape than the graph says.</exception>
    /// <exception cref="OnnxRuntimeException">The weights have more bytes than a model in memory can.</exception>
    /// <exception cref="ObjectDisposedException">The engine has been disposed.</exception>
    public IInferenceSession CreateSession(ComputationGraph graph, WeightSet weights)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        long bytes = graph.Parameters.Sum(spec => spec.Shape.ElementCount * sizeof(float));
        if (bytes > OnnxExportOptions.LargestThreshold)
        {
            throw new OnnxRuntimeException(
                $"A model in memory holds at most {OnnxExportOptions.LargestThreshold:N0} bytes of weights; this graph has {bytes:N0}."
            );
        }

        weights.RequireFit(graph);
        return new OnnxRuntimeSession(graph, weights, _options);
    }

    /// <summary>Refuses further sessions; those that exist go on, since each owns its models.</summary>
    public void Dispose() => _disposed = true;
}
