using MogaSharp.Graph;
using MogaSharp.Onnx.Native;

namespace MogaSharp.Onnx;

/// <summary>
/// An ONNX model in ONNX Runtime, where its native library is present: the judge of exported files and the yardstick of
/// benchmarks. The library is the one that <c>MOGA_ONNXRUNTIME</c> names, else the one that npm's package
/// <c>onnxruntime-node</c> has put under <c>artifacts</c> in the current directory, the program's, or one above them.
/// Safe for concurrent runs; dispose when no run is in progress.
/// </summary>
public sealed unsafe class OnnxRuntimeSession : IDisposable
{
    private readonly OrtApi _api;
    private readonly OrtSessionHandle _session;
    private readonly string[] _inputs;
    private readonly string[] _outputs;

    /// <summary>Loads a model file.</summary>
    /// <param name="path">The model; external data lies beside it.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="OnnxRuntimeUnavailableException">The library could not be loaded.</exception>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime does not take the model.</exception>
    public OnnxRuntimeSession(string path, OnnxRuntimeOptions? options = null)
        : this(OrtLibrary.Api, api => api.CreateSession(path, options ?? new OnnxRuntimeOptions()))
    {
    }

    /// <summary>Loads a model from memory; it is copied.</summary>
    /// <param name="model">The model file's bytes.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="OnnxRuntimeUnavailableException">The library could not be loaded.</exception>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime does not take the model.</exception>
    public OnnxRuntimeSession(byte[] model, OnnxRuntimeOptions? options = null)
        : this(OrtLibrary.Api, api => api.CreateSession(model, options ?? new OnnxRuntimeOptions()))
    {
    }

    private OnnxRuntimeSession(OrtApi api, Func<OrtApi, nint> create)
    {
        _api = api;
        _session = new OrtSessionHandle(api, create(api));
        try
        {
            nint session = _session.DangerousGetHandle();
            _inputs = api.InputNames(session);
            _outputs = api.OutputNames(session);
            Metadata = api.Metadata(session);
        }
        catch
        {
            _session.Dispose();
            throw;
        }
    }

    /// <summary>ONNX Runtime's version, such as <c>1.30.0</c>.</summary>
    /// <exception cref="OnnxRuntimeUnavailableException">The library could not be loaded.</exception>
    public static string RuntimeVersion => OrtLibrary.Api.RuntimeVersion;

    /// <summary>The inputs' names, in the model's order.</summary>
    public IReadOnlyList<string> InputNames => _inputs;

    /// <summary>The outputs' names, in the model's order.</summary>
    public IReadOnlyList<string> OutputNames => _outputs;

    /// <summary>The model's <c>metadata_props</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Runs the model and returns new tensors by output name.</summary>
    /// <param name="inputs">One tensor per input, in order.</param>
    /// <exception cref="OnnxRuntimeException">The inputs do not fit the model.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    public IReadOnlyDictionary<string, Tensor> Run(params ReadOnlySpan<Tensor> inputs)
    {
        nint[] outputs = new nint[_outputs.Length];
        try
        {
            using (var call = new OnnxRuntimeBinding(_api, _session, _inputs, inputs, _outputs, []))
            {
                call.Run(outputs);
            }

            return _outputs.Zip(outputs.Select(Copy), KeyValuePair.Create).ToDictionary();
        }
        finally
        {
            foreach (nint output in outputs) if (output != 0) _api.ReleaseTensor(output);
        }
    }

    /// <summary>
    /// Ties the model to tensors of the caller's, for runs that neither allocate nor copy. Disposing the session leaves the
    /// binding usable; dispose both.
    /// </summary>
    /// <param name="inputs">One tensor per input, in order; read by every run.</param>
    /// <param name="outputs">One tensor per output, in order, of the shapes that the model gives; written by every run.</param>
    /// <exception cref="OnnxRuntimeException">The number of tensors is wrong.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    public OnnxRuntimeBinding Bind(ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor> outputs)
    {
        if (outputs.Length != _outputs.Length) throw new OnnxRuntimeException($"The model has {_outputs.Length} output(s), {outputs.Length} tensor(s) were given.");
        return new OnnxRuntimeBinding(_api, _session, _inputs, inputs, _outputs, outputs);
    }

    /// <summary>Frees the session.</summary>
    public void Dispose() => _session.Dispose();

    private Tensor Copy(nint value)
    {
        var tensor = new Tensor(new Shape(_api.Extents(value)));
        new ReadOnlySpan<float>(_api.Data(value), tensor.Data.Length).CopyTo(tensor.Data);
        return tensor;
    }
}
