using Microsoft.ML.OnnxRuntime;
using MogaSharp.Graph;
using NativeException = Microsoft.ML.OnnxRuntime.OnnxRuntimeException;
using TensorElementType = Microsoft.ML.OnnxRuntime.Tensors.TensorElementType;

namespace MogaSharp.OnnxRuntime;

/// <summary>
/// An ONNX model in ONNX Runtime; inputs and outputs are float32. The judge of exported files, and what
/// <see cref="OnnxRuntimeEngine"/> runs. Safe for concurrent runs; dispose when no run is in progress.
/// </summary>
public sealed class OnnxRuntimeModel : IDisposable
{
    private readonly InferenceSession _session;
    private bool _isDisposed;

    /// <summary>Loads a model file.</summary>
    /// <param name="path">The model; external data lies beside it.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="OnnxRuntimeUnavailableException">The library could not be loaded, or lacks the provider.</exception>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime does not take the model.</exception>
    public OnnxRuntimeModel(string path, OnnxRuntimeOptions? options = null)
        : this(native => new InferenceSession(path, native), options) { }

    /// <summary>Loads a model from memory; it is copied.</summary>
    /// <param name="model">The model file's bytes.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="OnnxRuntimeUnavailableException">The library could not be loaded, or lacks the provider.</exception>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime does not take the model.</exception>
    public OnnxRuntimeModel(byte[] model, OnnxRuntimeOptions? options = null)
        : this(native => new InferenceSession(model, native), options) { }

    private OnnxRuntimeModel(Func<SessionOptions, InferenceSession> create, OnnxRuntimeOptions? options)
    {
        using SessionOptions native = OrtLibrary.CreateOptions(options ?? new());
        _session = OrtLibrary.Call(() => create(native));
        OptionalInputNames = [.. _session.OverridableInitializerMetadata.Keys];
    }

    /// <summary>ONNX Runtime's version, such as <c>1.31.1</c>.</summary>
    /// <exception cref="OnnxRuntimeUnavailableException">The library could not be loaded.</exception>
    public static string RuntimeVersion => OrtLibrary.Require().GetVersionString();

    /// <summary>The inputs' names, in the model's order.</summary>
    public IReadOnlyList<string> InputNames => _session.InputNames;

    /// <summary>Inputs that may be left out, since the model says what counts then; they come after the others.</summary>
    public IReadOnlyList<string> OptionalInputNames { get; }

    /// <summary>The outputs' names, in the model's order.</summary>
    public IReadOnlyList<string> OutputNames => _session.OutputNames;

    /// <summary>The model's <c>metadata_props</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _session.ModelMetadata.CustomMetadataMap;

    /// <summary>Runs the model and returns new tensors by output name; whole numbers of 64 bits, such as indices of classes, become
    /// floats.</summary>
    /// <param name="inputs">One tensor per input, in order; of the optional ones as many as there are.</param>
    /// <exception cref="OnnxRuntimeException">The inputs do not fit the model.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public IReadOnlyDictionary<string, Tensor> Run(params ReadOnlySpan<Tensor> inputs)
    {
        RequireCount("input", Math.Clamp(inputs.Length, InputNames.Count, InputNames.Count + OptionalInputNames.Count), inputs.Length);
        IReadOnlyCollection<string> names =
            inputs.Length == InputNames.Count ? InputNames : [.. InputNames, .. OptionalInputNames.Take(inputs.Length - InputNames.Count)];
        using var values = new PinnedTensors(inputs);
        using var run = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> results = OrtLibrary.Call(() => _session.Run(run, names, values.Values, OutputNames));
        return OutputNames.Zip(results, (name, value) => KeyValuePair.Create(name, Copy(value))).ToDictionary();
    }

    /// <summary>Runs the model on tensors of the caller's, which are read and written in place.</summary>
    /// <param name="inputs">One tensor per input, in order.</param>
    /// <param name="outputs">One tensor per output, in order, of the shapes that the model gives; overwritten.</param>
    /// <param name="cancellationToken">Ends the run between two nodes; the outputs are then undefined.</param>
    /// <exception cref="OnnxRuntimeException">The tensors do not fit the model.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public void Run(ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor> outputs, CancellationToken cancellationToken = default)
    {
        RequireCount("input", InputNames.Count, inputs.Length);
        RequireCount("output", OutputNames.Count, outputs.Length);
        cancellationToken.ThrowIfCancellationRequested();
        using var given = new PinnedTensors(inputs);
        using var taken = new PinnedTensors(outputs);
        using var run = new RunOptions();
        using CancellationTokenRegistration ending = cancellationToken.UnsafeRegister(
            static state => ((RunOptions)state!).Terminate = true,
            run
        );
        try
        {
            _session.Run(run, InputNames, given.Values, OutputNames, taken.Values);
        }
        catch (NativeException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new OnnxRuntimeException(e.Message, e);
        }
    }

    /// <summary>Frees the model.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        _session.Dispose();
    }

    private void RequireCount(string what, int expected, int given)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (given != expected)
            throw new OnnxRuntimeException($"The model has {expected} {what}(s), {given} tensor(s) were given.");
    }

    private static Tensor Copy(OrtValue value)
    {
        OrtTensorTypeAndShapeInfo info = value.GetTensorTypeAndShape();
        return new(
            new Shape(info.Shape),
            // Indices of classes.
            info.ElementDataType == TensorElementType.Int64
                ? [.. value.GetTensorDataAsSpan<long>().ToArray().Select(index => (float)index)]
                : value.GetTensorDataAsSpan<float>().ToArray()
        );
    }

    /// <summary>Tensors as values of ONNX Runtime over the same memory, which is pinned until disposal.</summary>
    private readonly struct PinnedTensors : IDisposable
    {
        public PinnedTensors(ReadOnlySpan<Tensor> tensors)
        {
            Values = new OrtValue[tensors.Length];
            for (int i = 0; i < Values.Length; i++)
                Values[i] = OrtValue.CreateTensorValueFromMemory(tensors[i].Data, tensors[i].Shape.Extents.ToArray());
        }

        public OrtValue[] Values { get; }

        public void Dispose()
        {
            foreach (OrtValue value in Values)
                value.Dispose();
        }
    }
}
