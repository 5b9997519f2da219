using System.Runtime.InteropServices;

namespace MogaSharp.Onnx.Native;

/// <summary>
/// ONNX Runtime's C interface: a table of functions, of which new versions only ever add to the end. Handles
/// are opaque numbers; failures throw.
/// </summary>
internal sealed unsafe class OrtApi
{
    // Version 12 came with ONNX Runtime 1.12, the first that runs opset 17.
    private const uint Version = 12;
    private const int LoggingLevelError = 3;
    private const int ElementTypeFloat = 1;
    private const int DeviceAllocator = 0;
    private const int DefaultMemory = 0;
    private const int Sequential = 0;

    private readonly void** _table;
    private readonly nint _environment;
    private readonly nint _memory;

    private OrtApi(void** table, string version)
    {
        _table = table;
        RuntimeVersion = version;
        fixed (byte* name = "MogaSharp\0"u8)
        {
            nint environment, memory;
            Check(((delegate* unmanaged<int, byte*, nint*, nint>)this[OrtFunction.CreateEnv])(LoggingLevelError, name, &environment));
            Check(((delegate* unmanaged<int, int, nint*, nint>)this[OrtFunction.CreateCpuMemoryInfo])(DeviceAllocator, DefaultMemory, &memory));
            (_environment, _memory) = (environment, memory);
        }
    }

    public string RuntimeVersion { get; }

    private void* this[OrtFunction function] => _table[(int)function];

    /// <summary>The interface behind <c>OrtGetApiBase</c>; null when the library is too old.</summary>
    public static OrtApi? TryStart(nint getApiBase)
    {
        void** functions = ((delegate* unmanaged<void**>)getApiBase)();
        var table = (void**)((delegate* unmanaged<uint, void*>)functions[0])(Version);
        return table is null ? null : new OrtApi(table, Text(((delegate* unmanaged<byte*>)functions[1])()));
    }

    public nint CreateSession(string path, OnnxRuntimeOptions options)
    {
        // Paths are UTF-16 on Windows and UTF-8 elsewhere.
        nint text = OperatingSystem.IsWindows() ? Marshal.StringToCoTaskMemUni(path) : Marshal.StringToCoTaskMemUTF8(path);
        nint native = CreateOptions(options);
        try
        {
            nint session;
            Check(((delegate* unmanaged<nint, nint, nint, nint*, nint>)this[OrtFunction.CreateSession])(_environment, text, native, &session));
            return session;
        }
        finally
        {
            ReleaseOptions(native);
            Marshal.FreeCoTaskMem(text);
        }
    }

    public nint CreateSession(ReadOnlySpan<byte> model, OnnxRuntimeOptions options)
    {
        nint native = CreateOptions(options);
        try
        {
            nint session;
            fixed (byte* data = model)
                Check(((delegate* unmanaged<nint, byte*, nuint, nint, nint*, nint>)this[OrtFunction.CreateSessionFromArray])(_environment, data, (nuint)model.Length, native, &session));
            return session;
        }
        finally
        {
            ReleaseOptions(native);
        }
    }

    public void ReleaseSession(nint session) => Release(OrtFunction.ReleaseSession, session);

    public string[] InputNames(nint session) => SessionNames(session, OrtFunction.SessionGetInputCount, OrtFunction.SessionGetInputName);

    public string[] OutputNames(nint session) => SessionNames(session, OrtFunction.SessionGetOutputCount, OrtFunction.SessionGetOutputName);

    /// <summary>The model's <c>metadata_props</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata(nint session)
    {
        nint metadata, allocator = Allocator();
        Check(((delegate* unmanaged<nint, nint*, nint>)this[OrtFunction.SessionGetModelMetadata])(session, &metadata));
        try
        {
            byte** keys;
            long count;
            Check(((delegate* unmanaged<nint, nint, byte***, long*, nint>)this[OrtFunction.ModelMetadataGetCustomMetadataMapKeys])(metadata, allocator, &keys, &count));
            var entries = new Dictionary<string, string>(StringComparer.Ordinal);
            for (long i = 0; i < count; i++)
            {
                byte* value;
                Check(((delegate* unmanaged<nint, nint, byte*, byte**, nint>)this[OrtFunction.ModelMetadataLookupCustomMetadataMap])(metadata, allocator, keys[i], &value));
                entries.Add(TakeText(allocator, keys[i]), TakeText(allocator, value));
            }

            Free(allocator, keys);
            return entries;
        }
        finally
        {
            Release(OrtFunction.ReleaseModelMetadata, metadata);
        }
    }

    /// <summary>A tensor over memory of the caller's, which has to stay in place as long as the tensor lives.</summary>
    public nint CreateTensor(float* data, long elements, ReadOnlySpan<long> extents)
    {
        nint value;
        fixed (long* shape = extents)
        {
            Check(((delegate* unmanaged<nint, void*, nuint, long*, nuint, int, nint*, nint>)this[OrtFunction.CreateTensorWithDataAsOrtValue])(
                _memory, data, (nuint)elements * sizeof(float), shape, (nuint)extents.Length, ElementTypeFloat, &value));
        }

        return value;
    }

    public void ReleaseTensor(nint value) => Release(OrtFunction.ReleaseValue, value);

    public float* Data(nint value)
    {
        float* data;
        Check(((delegate* unmanaged<nint, float**, nint>)this[OrtFunction.GetTensorMutableData])(value, &data));
        return data;
    }

    /// <summary>The extents of a tensor, which has to be one of float32.</summary>
    public long[] Extents(nint value)
    {
        nint info;
        Check(((delegate* unmanaged<nint, nint*, nint>)this[OrtFunction.GetTensorTypeAndShape])(value, &info));
        try
        {
            int type;
            Check(((delegate* unmanaged<nint, int*, nint>)this[OrtFunction.GetTensorElementType])(info, &type));
            if (type != ElementTypeFloat) throw new OnnxRuntimeException($"An output has the element type {type}; only float32 ({ElementTypeFloat}) is read.");
            nuint rank;
            Check(((delegate* unmanaged<nint, nuint*, nint>)this[OrtFunction.GetDimensionsCount])(info, &rank));
            long[] extents = new long[rank];
            fixed (long* first = extents) Check(((delegate* unmanaged<nint, long*, nuint, nint>)this[OrtFunction.GetDimensions])(info, first, rank));
            return extents;
        }
        finally
        {
            Release(OrtFunction.ReleaseTensorTypeAndShapeInfo, info);
        }
    }

    /// <summary>Runs a model. Outputs that are 0 are made; the others are written to.</summary>
    public void Run(nint session, byte** inputNames, ReadOnlySpan<nint> inputs, byte** outputNames, Span<nint> outputs)
    {
        fixed (nint* firstInput = inputs, firstOutput = outputs)
        {
            Check(((delegate* unmanaged<nint, nint, byte**, nint*, nuint, byte**, nuint, nint*, nint>)this[OrtFunction.Run])(
                session, 0, inputNames, firstInput, (nuint)inputs.Length, outputNames, (nuint)outputs.Length, firstOutput));
        }
    }

    private nint CreateOptions(OnnxRuntimeOptions options)
    {
        nint native;
        Check(((delegate* unmanaged<nint*, nint>)this[OrtFunction.CreateSessionOptions])(&native));
        try
        {
            Set(native, OrtFunction.SetSessionExecutionMode, Sequential);
            Set(native, OrtFunction.SetSessionGraphOptimizationLevel, (int)options.Optimization);
            Set(native, OrtFunction.SetIntraOpNumThreads, options.IntraOpThreads);
            Set(native, OrtFunction.SetInterOpNumThreads, 1);
            if (options.ParkBetweenRuns) Configure(native, "session.force_spinning_stop"u8, "1"u8);
            return native;
        }
        catch
        {
            ReleaseOptions(native);
            throw;
        }
    }

    private void Set(nint options, OrtFunction function, int value) => Check(((delegate* unmanaged<nint, int, nint>)this[function])(options, value));

    // The literals end in a zero byte, as C wants.
    private void Configure(nint options, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        fixed (byte* k = key, v = value) Check(((delegate* unmanaged<nint, byte*, byte*, nint>)this[OrtFunction.AddSessionConfigEntry])(options, k, v));
    }

    private void ReleaseOptions(nint options) => Release(OrtFunction.ReleaseSessionOptions, options);

    private string[] SessionNames(nint session, OrtFunction count, OrtFunction name)
    {
        nint allocator = Allocator();
        nuint length;
        Check(((delegate* unmanaged<nint, nuint*, nint>)this[count])(session, &length));
        string[] names = new string[length];
        for (int i = 0; i < names.Length; i++)
        {
            byte* text;
            Check(((delegate* unmanaged<nint, nuint, nint, byte**, nint>)this[name])(session, (nuint)i, allocator, &text));
            names[i] = TakeText(allocator, text);
        }

        return names;
    }

    private nint Allocator()
    {
        nint allocator;
        Check(((delegate* unmanaged<nint*, nint>)this[OrtFunction.GetAllocatorWithDefaultOptions])(&allocator));
        return allocator;
    }

    private string TakeText(nint allocator, byte* text)
    {
        string copy = Text(text);
        Free(allocator, text);
        return copy;
    }

    private void Free(nint allocator, void* memory) => Check(((delegate* unmanaged<nint, void*, nint>)this[OrtFunction.AllocatorFree])(allocator, memory));

    private void Release(OrtFunction function, nint handle) => ((delegate* unmanaged<nint, void>)this[function])(handle);

    private void Check(nint status)
    {
        if (status == 0) return;
        string message = Text(((delegate* unmanaged<nint, byte*>)this[OrtFunction.GetErrorMessage])(status));
        Release(OrtFunction.ReleaseStatus, status);
        throw new OnnxRuntimeException(message);
    }

    private static string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";
}
