using MogaSharp.Imaging;
using MogaSharp.Tasks;

namespace MogaSharp.Cli;

/// <summary>The frames of animations as images of their own, by the names <c>clip.gif#0</c>, <c>clip.gif#1</c> and so on.</summary>
internal static class ImageFrames
{
    /// <summary>Whether a file is an animation in a form whose frames can be read.</summary>
    public static bool MayBeIn(string path)
    {
        byte[] first = new byte[4];
        try
        {
            using FileStream file = File.OpenRead(path);
            return file.ReadAtLeast(first, first.Length, throwOnEndOfStream: false) == first.Length
                && first.AsSpan().SequenceEqual("GIF8"u8);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>The images of a GIF: of one frame it is the file, by its own name. A frame that cannot be read is the last.</summary>
    public static IEnumerable<ImageSource> Of(string path, CancellationToken cancellationToken)
    {
        using IEnumerator<RgbImage> frames = GifAnimation.ReadFrames(path, 0, int.MaxValue, null, cancellationToken).GetEnumerator();
        RgbImage? before = null;
        for (int i = 0; ; i++)
        {
            (RgbImage? frame, Exception? problem) = Next(frames);
            if (before is not null)
                yield return ImageSource.FromImage(before, i == 1 && frame is null && problem is null ? path : NameOf(path, i - 1));
            if (problem is not null)
                yield return ImageSource.FromStream(() => throw problem, i == 0 ? path : NameOf(path, i));
            if (frame is null)
                yield break;
            before = frame;
        }
    }

    /// <summary>A name for files that belong to an image: the number of a frame before the extension, where there is one.</summary>
    public static string FileNameOf(string image)
    {
        int mark = image.LastIndexOf('#');
        return mark > 0 && mark < image.Length - 1 && image.AsSpan(mark + 1).IndexOfAnyExceptInRange('0', '9') < 0 && !File.Exists(image)
            ? Path.ChangeExtension(image[..mark], null) + image[mark..] + Path.GetExtension(image[..mark])
            : image;
    }

    private static string NameOf(string path, int frame) => $"{path}#{frame}";

    private static (RgbImage? Frame, Exception? Problem) Next(IEnumerator<RgbImage> frames)
    {
        try
        {
            return (frames.MoveNext() ? frames.Current : null, null);
        }
        catch (Exception e) when (e is ImageFormatException or IOException or UnauthorizedAccessException)
        {
            return (null, e);
        }
    }
}
