using Microsoft.ML.OnnxRuntime;
using NativeException = Microsoft.ML.OnnxRuntime.OnnxRuntimeException;

namespace MogaSharp.OnnxRuntime;

/// <summary>The native library: loaded at the first call, once for the process.</summary>
internal static class OrtLibrary
{
    private static readonly Lazy<OrtEnv> Environment = new(Start);

    /// <exception cref="OnnxRuntimeUnavailableException">The library could not be loaded.</exception>
    public static OrtEnv Require()
    {
        try
        {
            return Environment.Value;
        }
        catch (Exception e)
            when (e is TypeInitializationException or DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            throw new OnnxRuntimeUnavailableException(
                $"ONNX Runtime's native library could not be loaded: {e.GetBaseException().Message.TrimEnd('.')}. The NuGet package "
                    + $"{OnnxRuntimeProvider.Cpu.Package} has it for Linux, Windows (x64, arm64) and macOS (arm64).",
                e
            );
        }
    }

    /// <summary>Native options; the caller disposes them.</summary>
    /// <exception cref="OnnxRuntimeUnavailableException">The library could not be loaded, or lacks the provider.</exception>
    /// <exception cref="OnnxRuntimeException">The provider has no such device.</exception>
    public static SessionOptions CreateOptions(OnnxRuntimeOptions options)
    {
        RequireProvider(options.Provider);
        var native = new SessionOptions();
        try
        {
            native.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR;
            native.ExecutionMode = ExecutionMode.ORT_SEQUENTIAL;
            native.IntraOpNumThreads = options.Threads;
            native.InterOpNumThreads = 1;
            native.GraphOptimizationLevel = options.Optimization switch
            {
                OnnxRuntimeOptimization.None => GraphOptimizationLevel.ORT_DISABLE_ALL,
                OnnxRuntimeOptimization.Basic => GraphOptimizationLevel.ORT_ENABLE_BASIC,
                OnnxRuntimeOptimization.Extended => GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
                _ => GraphOptimizationLevel.ORT_ENABLE_ALL,
            };
            // Within a run its threads spin as always; between runs they would take processors from whatever comes next.
            native.AddSessionConfigEntry("session.force_spinning_stop", "1");
            if (options.Provider != OnnxRuntimeProvider.Cpu)
                native.AddSessionConfigEntry("session.disable_cpu_ep_fallback", "1");
            Call(() => options.Provider.AppendTo(native, options.DeviceId));
            return native;
        }
        catch
        {
            native.Dispose();
            throw;
        }
    }

    /// <summary>Calls ONNX Runtime, whose exceptions become ours.</summary>
    /// <exception cref="OnnxRuntimeException">It refused.</exception>
    public static T Call<T>(Func<T> call)
    {
        try
        {
            return call();
        }
        catch (NativeException e)
        {
            throw new OnnxRuntimeException(e.Message, e);
        }
    }

    private static void Call(Action call) =>
        Call(() =>
        {
            call();
            return true;
        });

    private static void RequireProvider(OnnxRuntimeProvider provider)
    {
        string[] available = Require().GetAvailableProviders();
        if (available.Contains(provider.NativeName))
            return;
        throw new OnnxRuntimeUnavailableException(
            $"This ONNX Runtime has no provider {provider} ({provider.NativeName}), only {string.Join(", ", available)}. "
                + $"The NuGet package {provider.Package}{(provider == OnnxRuntimeProvider.CoreMl ? " on macOS" : "")} has it."
        );
    }

    private static OrtEnv Start()
    {
        if (OrtEnv.IsCreated)
            return OrtEnv.Instance();
        var options = new EnvironmentCreationOptions { logId = "MogaSharp", logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        OrtEnv environment = OrtEnv.CreateInstanceWithOptions(ref options);
        environment.DisableTelemetryEvents();
        return environment;
    }
}
