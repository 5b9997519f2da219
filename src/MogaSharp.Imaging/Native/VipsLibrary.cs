using System.Runtime.InteropServices;
using NetVips;
using Library = NetVips.NetVips;

namespace MogaSharp.Imaging.Native;

/// <summary>Starts libvips once for the process, and closes what it should not do.</summary>
internal static class VipsLibrary
{
    // What is packaged. Older ones decode some files otherwise, and lack options.
    private const int OldestMajor = 8,
        OldestMinor = 18;

    // Everything else that libvips can read stays closed, whoever in the process asks for it.
    private static readonly string[] OpenLoaders =
    [
        "VipsForeignLoadJpeg",
        "VipsForeignLoadPng",
        "VipsForeignLoadWebp",
        "VipsForeignLoadTiff",
        "VipsForeignLoadNsgif",
    ];

    private static readonly Lazy<string?> Failure = new(Start);

    /// <summary>Starts libvips, or does nothing when it runs.</summary>
    /// <exception cref="ImagingUnavailableException">It is not there, too old, or does not start.</exception>
    public static void EnsureStarted()
    {
        if (Failure.Value is { } failure)
            throw new ImagingUnavailableException(failure);
    }

    /// <summary>Calls a libvips operation that has one result.</summary>
    /// <param name="operation">Its name.</param>
    /// <param name="options">What it may be told.</param>
    /// <param name="image">The image that it takes; null when it takes none.</param>
    /// <param name="inputs">What else it must be given.</param>
    /// <exception cref="VipsException">It fails.</exception>
    /// <exception cref="ImagingUnavailableException">This libvips was built without it.</exception>
    public static object Call(string operation, VOption options, Image? image, params object[] inputs)
    {
        // Warnings about earlier images must not appear in the message about this one: making an exception empties the list of messages.
        _ = new VipsException("");
        try
        {
            return Operation.Call(operation, options, image, inputs);
        }
        catch (VipsException) when (Library.TypeFind("VipsOperation", operation) == 0)
        {
            throw new ImagingUnavailableException($"This libvips was built without {operation}.");
        }
    }

    /// <summary>What libvips said of a failure, on one line.</summary>
    /// <remarks>The library keeps one list of messages for all threads, so another thread may have taken ours.</remarks>
    public static string Reason(VipsException failure)
    {
        // The first line names the operation only.
        IEnumerable<string> lines = failure
            .Message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Skip(1);
        return string.Concat(string.Join("; ", lines.Distinct().Take(3)).Where(letter => !char.IsControl(letter)));
    }

    private static string? Start()
    {
        if (!ModuleInitializer.VipsInitialized)
        {
            return $"The image library libvips could not be loaded on {RuntimeInformation.RuntimeIdentifier}. It comes with MogaSharp "
                + "for Linux, macOS and "
                + "Windows on x64 and Arm64, if the program is built or published for that platform or for any; elsewhere install "
                + $"libvips {OldestMajor}.{OldestMinor} or newer.";
        }

        if (!Library.AtLeastLibvips(OldestMajor, OldestMinor))
            return $"libvips {OldestMajor}.{OldestMinor} or newer is needed, {Library.Version(0)}.{Library.Version(1)} was found.";
        // The library prints warnings of odd files otherwise; what makes a file unusable comes as an error.
        Log.SetLogHandler("VIPS", Enums.LogLevelFlags.Warning, static (_, _, _) => { });
        Library.BlockUntrusted = true;
        Operation.Block("VipsForeignLoad", true);
        foreach (string loader in OpenLoaders)
            Operation.Block(loader, false);
        // Callers decode many images side by side; within one image nothing is shared out, and nothing is kept afterwards.
        Library.Concurrency = 1;
        Cache.Max = 0;
        return null;
    }
}
