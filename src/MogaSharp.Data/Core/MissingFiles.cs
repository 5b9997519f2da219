namespace MogaSharp.Data;

/// <summary>Tells of images that a file of annotations names and that are not there.</summary>
internal static class MissingFiles
{
    /// <summary>Tells of them.</summary>
    /// <param name="annotations">The file or folder of the annotations.</param>
    /// <param name="missing">The names of the images as the annotations have them, and their paths.</param>
    /// <param name="collect">Is told of each; null to end the reading.</param>
    /// <exception cref="DatasetException">There is one, and nobody collects faults.</exception>
    public static void Tell(string annotations, IReadOnlyList<(string Name, string Path)> missing, Action<DatasetFault>? collect)
    {
        if (missing.Count > 0 && collect is null)
        {
            string more = missing.Count > 1 ? $", nor those of {missing.Count - 1} more images" : "";
            throw new DatasetException(annotations, $"There is no file '{missing[0].Path}'{more}.");
        }

        foreach ((string name, string path) in missing)
            collect!(new DatasetFault(annotations, name, $"There is no file '{path}'."));
    }
}
