using System.Runtime.InteropServices;

namespace MogaSharp.Training;

/// <summary>Makes renames in a folder lasting: after a power cut a folder that was not flushed may still show the old names.</summary>
internal static partial class DirectorySync
{
    private const int ReadOnly = 0;

    /// <summary>Flushes a folder. Does nothing where folders cannot be flushed; the files in it are flushed by themselves.</summary>
    public static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        int descriptor = Open(folder, ReadOnly);
        if (descriptor < 0)
            return;
        _ = Sync(descriptor);
        _ = Close(descriptor);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
