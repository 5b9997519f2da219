using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>The sizes of image files, for annotations that do not state them, and compared with those that do.</summary>
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

    /// <summary>Checks the size of an image file.</summary>
    /// <param name="path">The image file.</param>
    /// <param name="size">Its size.</param>
    /// <param name="stated">The size that the annotations state.</param>
    /// <param name="annotations">The file or folder of the annotations.</param>
    /// <exception cref="DatasetException">They differ.</exception>
    public static ImageSize RequireStated(string path, ImageSize size, ImageSize stated, string annotations) =>
        size == stated ? size : throw new DatasetException(path, $"The image has {size} pixels; '{annotations}' says {stated}.");

    /// <summary>What is wrong with a file that the system does not let be read.</summary>
    public static string ProblemOf(Exception unreadable) => $"It cannot be read: {unreadable.Message}";

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
            return (default, ProblemOf(unreadable));
        }
    }
}
