using MogaSharp.Graph;
using MogaSharp.Onnx.Native;

namespace MogaSharp.Onnx;

/// <summary>
/// A model tied to tensors: a run reads the inputs' arrays and writes the outputs' in place. The arrays stay pinned until
/// disposal. Used by one thread at a time.
/// </summary>
public sealed unsafe class OnnxRuntimeBinding : IDisposable
{
    private readonly OrtApi _api;
    private readonly OrtSessionHandle _session;
    private readonly NativeNames _inputNames;
    private readonly NativeNames _outputNames;
    private readonly List<PinnedTensor> _tensors = [];
    private readonly nint[] _inputs;
    private readonly nint[] _outputs;
    private bool _isDisposed;

    internal OnnxRuntimeBinding(
        OrtApi api, OrtSessionHandle session, string[] inputNames, ReadOnlySpan<Tensor> inputs, string[] outputNames, ReadOnlySpan<Tensor> outputs)
    {
        if (inputs.Length != inputNames.Length) throw new OnnxRuntimeException($"The model has {inputNames.Length} input(s), {inputs.Length} tensor(s) were given.");
        _api = api;
        _session = session;
        bool held = false;
        session.DangerousAddRef(ref held);
        _inputNames = new NativeNames(inputNames);
        _outputNames = new NativeNames(outputNames);
        try
        {
            _inputs = Pin(inputs);
            _outputs = Pin(outputs);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Runs the model once.</summary>
    /// <exception cref="OnnxRuntimeException">The tensors do not fit the model.</exception>
    /// <exception cref="ObjectDisposedException">The binding is disposed.</exception>
    public void Run() => Run(_outputs);

    internal void Run(Span<nint> outputs)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        _api.Run(_session.DangerousGetHandle(), _inputNames.Pointer, _inputs, _outputNames.Pointer, outputs);
    }

    /// <summary>Lets go of the tensors and the session.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        foreach (PinnedTensor tensor in _tensors) tensor.Dispose();
        _inputNames.Dispose();
        _outputNames.Dispose();
        _session.DangerousRelease();
    }

    private nint[] Pin(ReadOnlySpan<Tensor> tensors)
    {
        nint[] values = new nint[tensors.Length];
        for (int i = 0; i < values.Length; i++)
        {
            var tensor = new PinnedTensor(_api, tensors[i]);
            _tensors.Add(tensor);
            values[i] = tensor.Value;
        }

        return values;
    }
}
