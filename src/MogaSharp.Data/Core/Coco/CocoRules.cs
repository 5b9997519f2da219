using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>What is asked of entries of COCO's files, whatever they annotate. Problems are whole sentences; null is none.</summary>
internal static class CocoRules
{
    /// <summary>The most runs that the masks of a file may have, 2 GiB of memory: more than twice those of COCO's largest file. A small
    /// file could have polygons that cross a large image, each with a run or two in every column.</summary>
    public const long MostRuns = 1L << 29;

    /// <summary>The problem of a file with too many runs.</summary>
    public static string TooManyRuns(long most) => $"The masks have more than {most} runs.";

    /// <summary>The problem of a box that is not four finite numbers.</summary>
    public const string NoBox = "The 'bbox' is not x, y, width and height.";

    /// <summary>The exception for an entry that does not fit.</summary>
    public static DatasetException Wrong(string path, string entry, string problem) =>
        new(path, new DatasetFault(path, entry, problem).Sentence);

    /// <summary>A box of four numbers; null when they are none.</summary>
    public static Box? BoxOf(double[] numbers) =>
        numbers.Length == 4 && numbers[2] >= 0 && numbers[3] >= 0 ? new Box(numbers[0], numbers[1], numbers[2], numbers[3]) : null;

    /// <summary>What is wrong with the numbers of key points, three for each.</summary>
    public static string? ProblemOfPoints(double[] numbers, SkeletonDefinition skeleton) =>
        numbers.Length == 3 * skeleton.Joints.Length
            ? null
            : $"There are {numbers.Length} numbers in 'keypoints'; {skeleton.Joints.Length} joints have {3 * skeleton.Joints.Length}.";

    /// <summary>What is wrong with an area.</summary>
    public static string? ProblemOfArea(double area) =>
        area >= 0 && double.IsFinite(area) ? null : $"The area {area} is not a finite number from 0.";

    /// <summary>What is wrong with an image.</summary>
    /// <param name="image">The entry.</param>
    /// <param name="limits">What an image may cost.</param>
    public static string? ProblemOf(CocoImageJson image, ImageLimits limits)
    {
        if (image.Width < 1 || image.Height < 1)
            return $"A size of {image.Width} x {image.Height} pixels is impossible.";
        // No such image would be decoded, and masks of it would need more memory than a small file should take.
        if (Math.Max(image.Width, image.Height) > limits.MaxSide || (long)image.Width * image.Height > limits.MaxPixels)
            return $"A size of {image.Width} x {image.Height} pixels is more than the limit of {limits.MaxPixels} pixels, "
                + $"{limits.MaxSide} a side.";
        return IsInside(image.FileName) ? null : $"The file name '{image.FileName}' is not that of a file in the folder of images.";
    }

    /// <summary>Whether a name is that of a file in the folder of images: the file of annotations says what is opened, and nothing else
    /// shall be.</summary>
    public static bool IsInside(string fileName) =>
        fileName.Length > 0
        && !Path.IsPathRooted(fileName)
        && !fileName.Contains('\0', StringComparison.Ordinal)
        && !fileName.Split('/', '\\').Contains("..");
}
