namespace MogaSharp.Weights;

/// <summary>Writes a file so that its name only ever shows the old content or the complete new content.</summary>
internal static class AtomicFile
{
    /// <summary>
    /// Writes to a temporary file in the same folder, flushes it to the disk and renames it. When anything fails the
    /// temporary file is removed and the target is as before.
    /// </summary>
    /// <exception cref="IOException">The disk is full, the folder is missing or not writable, or the target is a device.</exception>
    public static void Write(string path, Action<Stream> write, Func<string, FileStream>? open = null)
    {
        string target = Path.GetFullPath(path);
        // A rename would replace the device node itself, for the whole system.
        if (target.StartsWith("/dev/", StringComparison.Ordinal))
            throw new IOException($"{path} is a device, not a regular file.");
        string temporary = Path.Combine(Path.GetDirectoryName(target)!, $".{Path.GetFileName(target)}.{Guid.NewGuid():N}.tmp");
        FileStream stream = (open ?? Create)(temporary);
        try
        {
            using (stream)
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, target, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static FileStream Create(string path) => new(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
}
