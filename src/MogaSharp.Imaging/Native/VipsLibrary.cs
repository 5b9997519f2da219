using System.Reflection;
using System.Runtime.InteropServices;

namespace MogaSharp.Imaging.Native;

/// <summary>Finds libvips, starts it once for the process, and closes what it should not do.</summary>
internal static unsafe class VipsLibrary
{
    private const string PathVariable = "MOGA_LIBVIPS";
    private const int OldestVersion = 8 * 1000 + 13; // the first that can block untrusted loaders

    private static readonly Lazy<string?> Failure = new(Start);

    /// <summary>Starts libvips, or does nothing when it runs.</summary>
    /// <exception cref="ImagingUnavailableException">It is not installed, too old, or does not start.</exception>
    public static void EnsureStarted()
    {
        if (Failure.Value is { } failure) throw new ImagingUnavailableException(failure);
    }

    /// <summary>Takes the messages that libvips collected since the last call, on one line.</summary>
    public static string TakeErrors()
    {
        byte* text = VipsApi.TakeErrors();
        string message = Marshal.PtrToStringUTF8((nint)text) ?? "";
        VipsApi.Free(text);
        IEnumerable<string> lines = message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct().Take(3);
        return string.Concat(string.Join("; ", lines).Where(letter => !char.IsControl(letter)));
    }

    private static string? Start()
    {
        NativeLibrary.SetDllImportResolver(typeof(VipsLibrary).Assembly, Resolve);
        try
        {
            int version = (VipsApi.Version(0) * 1000) + VipsApi.Version(1);
            if (version < OldestVersion)
                return $"libvips 8.13 or newer is needed, {version / 1000}.{version % 1000} was found. {HowToInstall}";
            if (VipsApi.Init("MogaSharp") != 0) return $"libvips does not start: {TakeErrors()}";
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            string tried = Environment.GetEnvironmentVariable(PathVariable) is { Length: > 0 } path ? $" (tried {path}, from {PathVariable})" : "";
            return $"The image library libvips could not be loaded{tried}. {HowToInstall}";
        }
        const int Warning = 1 << 4;
        VipsApi.SetLogHandler("VIPS", Warning, &Ignore, 0);
        VipsApi.BlockUntrusted(1);
        // Callers decode many images side by side; within one image nothing is shared out, and nothing is kept afterwards.
        VipsApi.SetConcurrency(1);
        VipsApi.SetCacheMax(0);
        return null;
    }

    private const string HowToInstall =
        "Install it: 'apt-get install libvips42' (Debian, Ubuntu), 'brew install vips' (macOS), or set " + PathVariable + " to the library file.";

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath)
    {
        foreach (string candidate in Candidates(name))
        {
            if (NativeLibrary.TryLoad(candidate, out nint handle)) return handle;
        }
        return 0;
    }

    private static string[] Candidates(string name)
    {
        if (name == VipsApi.Vips)
        {
            return Environment.GetEnvironmentVariable(PathVariable) is { Length: > 0 } path
                ? [path]
                : ["libvips.so.42", "libvips.42.dylib", "libvips-42.dll"];
        }
        // The all-in-one builds of libvips for Windows carry GLib inside.
        return [$"lib{name}.so.0", $"lib{name}.0.dylib", $"lib{name}-0.dll", .. Candidates(VipsApi.Vips)];
    }

    // The library prints warnings of odd files otherwise; what makes a file unusable comes as an error.
    [UnmanagedCallersOnly]
    private static void Ignore(byte* domain, int level, byte* message, nint data)
    {
    }
}
