using System.Runtime.InteropServices;
using SkiaSharp;

namespace MogaSharp.Drawing;

/// <summary>Loads Skia's native library when something is drawn for the first time.</summary>
internal static class SkiaLibrary
{
    private static readonly Lazy<string?> Failure = new(() => Try(() => SkiaSharpVersion.CheckNativeLibraryCompatible(true)));

    /// <summary>Whoever draws calls this first.</summary>
    /// <exception cref="DrawingUnavailableException">The library is missing, or is of another version.</exception>
    public static void EnsureLoaded()
    {
        if (Failure.Value is { } failure)
            throw new DrawingUnavailableException(failure);
    }

    /// <summary>Why loading fails; null when it does not.</summary>
    internal static string? Try(Action load)
    {
        try
        {
            load();
            return null;
        }
        catch (Exception e)
            when (e is TypeInitializationException or TypeLoadException or BadImageFormatException or InvalidOperationException)
        {
            string reason = ((e as TypeInitializationException)?.InnerException ?? e).Message.Split('\n')[0];
            return $"Nothing can be drawn: libSkiaSharp for {RuntimeInformation.RuntimeIdentifier} cannot be used. {reason}";
        }
    }
}
