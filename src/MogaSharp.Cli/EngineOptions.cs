using System.CommandLine;
using System.Globalization;
using MogaSharp.Cpu;
using MogaSharp.Graph;
using MogaSharp.OnnxRuntime;
using MogaSharp.Torch;

namespace MogaSharp.Cli;

/// <summary>The options that say what computes; every command that runs a network has them.</summary>
internal sealed class EngineOptions
{
    public EngineOptions() => Engine.AcceptOnlyFromAmong("cpu", "torch", "onnxruntime");

    public Option<string?> Engine { get; } =
        new("--engine")
        {
            Description = "cpu (the managed engine), torch (libtorch) or onnxruntime; default: cpu, or torch for a CUDA device",
            HelpName = "name",
        };

    public Option<string?> Provider { get; } =
        new("--provider")
        {
            Description = "What computes for --engine onnxruntime: cpu, cuda, dml, coreml or openvino; cuda:N and dml:N for a device",
            HelpName = "name",
        };

    public Option<string?> Device { get; } =
        new("--device") { Description = "cpu, cuda or cuda:N; CUDA takes --engine torch", HelpName = "device" };

    public Option<int> Threads { get; } = CommonOptions.Threads();

    /// <summary>The engine that a command line names; to be disposed when it can be.</summary>
    /// <exception cref="UsageException">There is no such device or provider, or it is another engine's.</exception>
    /// <exception cref="FailureException">libtorch is needed and not there.</exception>
    /// <exception cref="OnnxRuntimeUnavailableException">ONNX Runtime is not there, or lacks the provider.</exception>
    public IInferenceEngine Create(ParseResult parsed)
    {
        string? device = parsed.GetValue(Device) is "cpu" ? null : parsed.GetValue(Device),
            provider = parsed.GetValue(Provider);
        string name = parsed.GetValue(Engine) ?? (device is null ? "cpu" : "torch");
        int threads = parsed.GetValue(Threads);
        if (provider is not null && name != "onnxruntime")
            throw new UsageException($"--provider {provider} needs --engine onnxruntime.");
        return name switch
        {
            "torch" => CreateTorch(threads, device),
            "onnxruntime" => CreateOnnxRuntime(threads, device, provider ?? "cpu"),
            _ => device is null
                ? new CpuEngine(new CpuEngineOptions(threads) { Logger = TraceLogger.Instance })
                : throw new UsageException($"--device {device} needs --engine torch."),
        };
    }

    // Methods of their own, so that the libraries of an engine are only loaded for it.
    private static TorchEngine CreateTorch(int threads, string? device) =>
        new(new TorchEngineOptions { Threads = threads, Device = device is null ? TorchDevice.Cpu : Devices.Find(device) });

    private static OnnxRuntimeEngine CreateOnnxRuntime(int threads, string? device, string provider)
    {
        if (device is not null)
            throw new UsageException($"--device {device} is for libtorch; ONNX Runtime takes --provider {device}.");
        (OnnxRuntimeProvider chosen, int number) = ParseProvider(provider);
        return new OnnxRuntimeEngine(
            new OnnxRuntimeOptions
            {
                Provider = chosen,
                DeviceId = number,
                Threads = threads,
            }
        );
    }

    private static (OnnxRuntimeProvider Provider, int Device) ParseProvider(string text)
    {
        string[] parts = text.Split(':', 2);
        OnnxRuntimeProvider provider =
            OnnxRuntimeProvider.All.FirstOrDefault(known => known.Name == parts[0])
            ?? throw new UsageException($"There is no provider '{text}'; there are {string.Join(", ", OnnxRuntimeProvider.All)}.");
        if (parts.Length == 1)
            return (provider, 0);
        if (!provider.HasDevices)
            throw new UsageException($"The provider {provider} has no devices to choose from; write --provider {provider}.");
        if (int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int device))
            return (provider, device);
        throw new UsageException($"'{text}' is not a device of {provider}; write {provider} or {provider}:N.");
    }
}
