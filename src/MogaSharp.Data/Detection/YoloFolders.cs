namespace MogaSharp.Data;

/// <summary>Where the images and the labels of a part of a data set in YOLO's form are: <c>images/train</c> and <c>labels/train</c>, or
/// <c>train/images</c> and <c>train/labels</c>, or <c>images</c> and <c>labels</c> without parts.</summary>
internal static class YoloFolders
{
    private const string Images = "images";
    private const string Labels = "labels";

    /// <summary>Finds a part.</summary>
    /// <param name="root">The folder of the data set.</param>
    /// <param name="split">The part.</param>
    /// <param name="named">The names of the parts to train and to evaluate on, where options name them.</param>
    /// <returns>The two folders, and notes; null when there is a part to train on but none to evaluate on.</returns>
    /// <exception cref="DatasetSpecException">There is no such folder, or it is not clear which one is meant.</exception>
    public static (string Images, string Labels, IReadOnlyList<string> Notes)? Find(
        string root,
        DatasetSplit split,
        (string? Train, string? Test) named
    )
    {
        if (!Directory.Exists(root))
            throw new DatasetSpecException($"There is no folder '{root}'.");
        string images = Path.Combine(root, Images);
        if (Directory.Exists(images))
        {
            if (SplitFolders.Find(images, split, named, "val", _ => true) is not { } part)
                return null;
            string name = Path.GetRelativePath(images, part.Folder),
                labels = Path.Combine(root, Labels);
            return (part.Folder, name == "." ? labels : Path.Combine(labels, name), part.Notes);
        }

        if (SplitFolders.Find(root, split, named, "val", folder => Directory.Exists(Path.Combine(folder, Images))) is not { } found)
            return null;
        return Directory.Exists(Path.Combine(found.Folder, Images))
            ? (Path.Combine(found.Folder, Images), Path.Combine(found.Folder, Labels), found.Notes)
            : throw new DatasetSpecException(
                $"The folder '{root}' has neither a folder '{Images}' nor parts, such as 'train', that have one."
            );
    }
}
