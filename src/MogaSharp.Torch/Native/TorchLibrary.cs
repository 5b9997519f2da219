using System.Reflection;
using System.Runtime.InteropServices;

namespace MogaSharp.Torch.Native;

/// <summary>Finds the shim over libtorch and loads it, once for the process.</summary>
internal static class TorchLibrary
{
    /// <summary>The name by which functions are imported.</summary>
    public const string Name = "mogatorch";

    public const string PathVariable = "MOGA_TORCH_SHIM";

    public const string HowToInstall =
        "Install it: 'sudo apt-get install -y libtorch-dev cmake g++', then '.ci/native' in the repository builds the shim; or set "
        + PathVariable
        + " to a built one.";

    // The number that moga_interface_version returns when arguments are as Shim has them.
    internal const int InterfaceVersion = 6;

    private static readonly Lazy<(nint Library, string Failure)> Loaded = new(Load);

    /// <summary>What keeps libtorch from being used; empty when it can be.</summary>
    public static string Failure => Loaded.Value.Failure;

    /// <summary>Loads the library if that has not been done. Every call into the library passes here first.</summary>
    /// <exception cref="TorchUnavailableException">It is not there, or not of this version.</exception>
    public static void Require()
    {
        if (Loaded.Value.Library == 0)
            throw new TorchUnavailableException(Loaded.Value.Failure);
    }

    /// <summary>Loads the shim of a path; null for none.</summary>
    internal static unsafe (nint Library, string Failure) TryLoad(string? path)
    {
        if (path is null)
            return (0, $"libtorch is not installed, or the shim over it has not been built. {HowToInstall}");
        nint library;
        try
        {
            library = NativeLibrary.Load(path);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            return (
                0,
                $"The shim over libtorch could not be loaded from '{path}': {e.Message.Split('\n')[0].TrimEnd('.')}. {HowToInstall}"
            );
        }

        if (!NativeLibrary.TryGetExport(library, "moga_interface_version", out nint version))
            return (0, $"'{path}' is not the shim over libtorch. {HowToInstall}");
        if (((delegate* unmanaged<int>)version)() != InterfaceVersion)
            return (0, $"'{path}' was built from other sources than this program. {HowToInstall}");
        return NativeLibrary.TryGetExport(library, "moga_numbers", out nint numbers)
            ? Compare(path, library, numbers)
            : (0, $"'{path}' does not say which numbers it uses. {HowToInstall}");
    }

    private static unsafe (nint Library, string Failure) Compare(string path, nint library, nint numbers)
    {
        string text = Marshal.PtrToStringUTF8(((delegate* unmanaged<nint>)numbers)()) ?? "";
        return ShimNumbers.Difference(text) is { } line
            ? (0, $"'{path}' was built from other sources than this program: they differ in '{line}'. {HowToInstall}")
            : (library, "");
    }

    /// <summary>What the environment names; else the file beside the program; else what <c>.ci/native</c> has built under <c>artifacts</c>,
    /// here or in a folder above.</summary>
    internal static string? Find(string? environment, params ReadOnlySpan<string> starts)
    {
        if (environment is { Length: > 0 })
            return environment;
        string file =
            OperatingSystem.IsWindows() ? "mogatorch.dll"
            : OperatingSystem.IsMacOS() ? "libmogatorch.dylib"
            : "libmogatorch.so";
        string beside = Path.Combine(AppContext.BaseDirectory, file);
        if (File.Exists(beside))
            return beside;
        foreach (string start in starts)
        {
            for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
            {
                string built = Path.Combine(folder.FullName, "artifacts", "native"),
                    current = Path.Combine(built, "current");
                if (!File.Exists(current))
                    continue;
                string library = Path.Combine(built, File.ReadAllText(current).Trim(), file);
                if (File.Exists(library))
                    return library;
            }
        }

        return null;
    }

    private static (nint Library, string Failure) Load()
    {
        TorchRuntime.BeforeLoading?.Invoke();
        (nint library, string failure) = TryLoad(
            Find(Environment.GetEnvironmentVariable(PathVariable), AppContext.BaseDirectory, Directory.GetCurrentDirectory())
        );
        if (library != 0)
            NativeLibrary.SetDllImportResolver(Assembly.GetExecutingAssembly(), (name, _, _) => name == Name ? library : 0);
        return (library, failure);
    }
}
