using System.Globalization;

namespace MogaSharp.Cli;

/// <summary>The numbers of images in COCO's forms: COCO's files are named after theirs; others are counted from 1.</summary>
internal sealed class ImageNumbers
{
    private int _images;

    /// <summary>The number of the next image.</summary>
    public long Next(string path)
    {
        _images++;
        return long.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out long id)
            ? id
            : _images;
    }
}
