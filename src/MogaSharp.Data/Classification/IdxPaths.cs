namespace MogaSharp.Data;

/// <summary>Finds the two files of an idx data set.</summary>
internal static class IdxPaths
{
    private const string Images = "images";
    private const string Labels = "labels";

    public static (string Images, string Labels) Find(string path, DatasetSplit split)
    {
        if (!File.Exists(path) && File.Exists(path + ".gz"))
            path += ".gz";
        if (File.Exists(path))
            return (path, LabelsBeside(path));
        string prefix = PrefixOf(path, split);
        return (WithPrefix(prefix, Images, 3), WithPrefix(prefix, Labels, 1));
    }

    /// <summary>Finds the images alone.</summary>
    public static string FindImages(string path, DatasetSplit split)
    {
        if (!File.Exists(path) && File.Exists(path + ".gz"))
            path += ".gz";
        return File.Exists(path) ? path : WithPrefix(PrefixOf(path, split), Images, 3);
    }

    private static string PrefixOf(string path, DatasetSplit split) =>
        Directory.Exists(path) ? Path.Combine(path, split == DatasetSplit.Train ? "train" : "t10k") : path;

    private static string LabelsBeside(string imagesPath)
    {
        string name = Path.GetFileName(imagesPath);
        if (!name.Contains(Images, StringComparison.Ordinal))
            throw new DatasetException(
                imagesPath,
                $"The name of a file of images must contain '{Images}', so that the labels can be found."
            );
        // "idx3" in the name tells the rank of the array, which is 1 for labels.
        string labels = name.Replace(Images, Labels, StringComparison.Ordinal)
            .Replace("idx3", "idx1", StringComparison.Ordinal)
            .Replace("idx4", "idx1", StringComparison.Ordinal);
        string labelsPath = Path.Combine(Path.GetDirectoryName(imagesPath) ?? "", labels);
        string other = labels.EndsWith(".gz", StringComparison.Ordinal) ? labelsPath[..^3] : labelsPath + ".gz";
        return FirstExisting([labelsPath, other]);
    }

    private static string WithPrefix(string prefix, string kind, int rank)
    {
        string dashed = $"{prefix}-{kind}-idx{rank}-ubyte",
            dotted = $"{prefix}-{kind}.idx{rank}-ubyte";
        return FirstExisting([dashed, dashed + ".gz", dotted, dotted + ".gz"]);
    }

    private static string FirstExisting(string[] candidates) =>
        candidates.FirstOrDefault(File.Exists)
        ?? throw new DatasetException(candidates[0], "There is no such file, neither plain nor with .gz.");
}
