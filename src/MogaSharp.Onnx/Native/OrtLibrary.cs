using System.Runtime.InteropServices;

namespace MogaSharp.Onnx.Native;

/// <summary>Finds ONNX Runtime's native library and loads it, once for the process.</summary>
internal static class OrtLibrary
{
    public const string PathVariable = "MOGA_ONNXRUNTIME";

    public const string HowToInstall =
        "Install it: 'npm i --ignore-scripts onnxruntime-node --prefix artifacts', or set " + PathVariable + " to the library file.";

    private static readonly Lazy<(OrtApi? Api, string Failure)> Loaded = new(() => TryLoad(FindLibrary()));

    /// <exception cref="OnnxRuntimeUnavailableException">The library is not there, or too old.</exception>
    public static OrtApi Api => Loaded.Value.Api ?? throw new OnnxRuntimeUnavailableException(Loaded.Value.Failure);

    /// <summary>Loads the library of a path; null without one.</summary>
    internal static (OrtApi? Api, string Failure) TryLoad(string? path)
    {
        if (path is null) return (null, $"ONNX Runtime is not installed. {HowToInstall}");
        if (!NativeLibrary.TryLoad(path, out nint library)) return (null, $"ONNX Runtime could not be loaded from '{path}'. {HowToInstall}");
        if (!NativeLibrary.TryGetExport(library, "OrtGetApiBase", out nint entry)) return (null, $"'{path}' is not ONNX Runtime. {HowToInstall}");
        return OrtApi.TryStart(entry) is { } api ? (api, "") : (null, $"'{path}' is older than ONNX Runtime 1.12, which is needed. {HowToInstall}");
    }

    /// <summary>What the environment names; else what npm has put under <c>artifacts</c>, here or in a folder above.</summary>
    private static string? FindLibrary()
    {
        if (Environment.GetEnvironmentVariable(PathVariable) is { Length: > 0 } path) return path;
        return new[] { Directory.GetCurrentDirectory(), AppContext.BaseDirectory }.Select(FindLibrary).FirstOrDefault(found => found is not null);
    }

    internal static string? FindLibrary(string start)
    {
        (string system, string pattern) = OperatingSystem.IsWindows() ? ("win32", "onnxruntime.dll")
            : OperatingSystem.IsMacOS() ? ("darwin", "libonnxruntime*.dylib")
            : ("linux", "libonnxruntime.so*");
        string architecture = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "x64";
        for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
        {
            var package = new DirectoryInfo(Path.Combine(folder.FullName, "artifacts", "node_modules", "onnxruntime-node", "bin"));
            if (!package.Exists) continue;
            string? found = package.EnumerateDirectories("napi-v*")
                .Select(version => new DirectoryInfo(Path.Combine(version.FullName, system, architecture)))
                .Where(libraries => libraries.Exists)
                .SelectMany(libraries => libraries.EnumerateFiles(pattern))
                .Select(file => file.FullName)
                .Order(StringComparer.Ordinal)
                .FirstOrDefault();
            if (found is not null) return found;
        }

        return null;
    }
}
