using Microsoft.ML.OnnxRuntime;

namespace MogaSharp.OnnxRuntime;

/// <summary>An execution provider of ONNX Runtime: what computes a model.</summary>
public sealed class OnnxRuntimeProvider
{
    private readonly Action<SessionOptions, int> _append;

    private OnnxRuntimeProvider(string name, string nativeName, string package, bool hasDevices, Action<SessionOptions, int> append)
    {
        Name = name;
        NativeName = nativeName;
        Package = package;
        HasDevices = hasDevices;
        _append = append;
    }

    /// <summary>The processor.</summary>
    public static OnnxRuntimeProvider Cpu { get; } = new("cpu", "CPUExecutionProvider", "Microsoft.ML.OnnxRuntime", false, (_, _) => { });

    /// <summary>NVIDIA's GPUs.</summary>
    public static OnnxRuntimeProvider Cuda { get; } =
        new(
            "cuda",
            "CUDAExecutionProvider",
            "Microsoft.ML.OnnxRuntime.Gpu",
            true,
            (options, device) => options.AppendExecutionProvider_CUDA(device)
        );

    /// <summary>Any GPU on Windows, by DirectML.</summary>
    public static OnnxRuntimeProvider DirectMl { get; } =
        new(
            "dml",
            "DmlExecutionProvider",
            "Microsoft.ML.OnnxRuntime.DirectML",
            true,
            (options, device) =>
            {
                // DirectML refuses sessions that plan memory by patterns.
                options.EnableMemoryPattern = false;
                options.AppendExecutionProvider_DML(device);
            }
        );

    /// <summary>Apple's processors, GPUs and neural engines.</summary>
    public static OnnxRuntimeProvider CoreMl { get; } =
        new(
            "coreml",
            "CoreMLExecutionProvider",
            "Microsoft.ML.OnnxRuntime",
            false,
            (options, _) => options.AppendExecutionProvider_CoreML(CoreMLFlags.COREML_FLAG_USE_NONE)
        );

    /// <summary>Intel's processors and GPUs.</summary>
    public static OnnxRuntimeProvider OpenVino { get; } =
        new(
            "openvino",
            "OpenVINOExecutionProvider",
            "Intel.ML.OnnxRuntime.OpenVino",
            false,
            (options, _) => options.AppendExecutionProvider_OpenVINO()
        );

    /// <summary>All of them.</summary>
    public static IReadOnlyList<OnnxRuntimeProvider> All { get; } = [Cpu, Cuda, DirectMl, CoreMl, OpenVino];

    /// <summary>The name on command lines, such as <c>cuda</c>.</summary>
    public string Name { get; }

    /// <summary>Whether <see cref="OnnxRuntimeOptions.DeviceId"/> chooses among several devices.</summary>
    public bool HasDevices { get; }

    /// <summary>The NuGet package whose native library has the provider.</summary>
    internal string Package { get; }

    /// <summary>ONNX Runtime's own name for it.</summary>
    internal string NativeName { get; }

    /// <summary>The name.</summary>
    public override string ToString() => Name;

    internal void AppendTo(SessionOptions options, int device) => _append(options, device);
}
