using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>The sizes of image files, for annotations that do not state them.</summary>
internal static class ImageSizes
{
    /// <summary>The sizes of many files, read on all processors. That of a file that is not there or cannot be read is 0.</summary>
    /// <param name="paths">The files.</param>
    /// <param name="collect">Is told of those that cannot be read, in their order; without one reading an image will tell. Files that are
    /// not there are told of elsewhere.</param>
    public static ImageSize[] Of(IReadOnlyList<string> paths, Action<DatasetFault>? collect)
    {
        var found = new (ImageSize Size, string? Problem)[paths.Count];
        Parallel.For(0, paths.Count, i => found[i] = Read(paths[i]));
        for (int i = 0; i < found.Length; i++)
            if (found[i].Problem is { } problem)
                collect?.Invoke(new DatasetFault(paths[i], "", problem));
        return [.. found.Select(one => one.Size)];
    }

    private static (ImageSize Size, string? Problem) Read(string path)
    {
        try
        {
            return File.Exists(path) ? (ImageDecoder.ReadSize(path), null) : default;
        }
        catch (ImageFormatException unreadable)
        {
            return (default, unreadable.Problem);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return (default, $"It cannot be read: {unreadable.Message}");
        }
    }
}
