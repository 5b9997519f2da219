namespace MogaSharp.Data;

/// <summary>Where a part of a data set in COCO's form is.</summary>
/// <param name="Annotations">The file of annotations.</param>
/// <param name="Images">The folder of its images.</param>
internal readonly record struct CocoFiles(string Annotations, string Images)
{
    /// <summary>A part in COCO's own folders.</summary>
    /// <param name="folder">The folder of the data set.</param>
    /// <param name="kind">What is annotated: <c>instances</c>, <c>person_keypoints</c>.</param>
    /// <param name="part">The part: <c>train2017</c>.</param>
    public static CocoFiles In(string folder, string kind, string part) =>
        new(Path.Combine(folder, "annotations", $"{kind}_{part}.json"), Path.Combine(folder, part));

    /// <summary>Reads <c>FILE,IMAGES</c>.</summary>
    /// <param name="pair">The two.</param>
    /// <param name="text">The text that they are a part of, for messages.</param>
    /// <exception cref="DatasetSpecException">These are not two.</exception>
    public static CocoFiles Parse(string pair, string text) =>
        pair.Split(',') is [{ Length: > 0 } file, { Length: > 0 } images]
            ? new(file, images)
            : throw new DatasetSpecException($"'{text}': '{pair}' is not a file and a folder with a comma between, FILE,IMAGES.");

    /// <summary>Checks that both are there.</summary>
    /// <exception cref="DatasetSpecException">One is not.</exception>
    public CocoFiles Existing()
    {
        if (!File.Exists(Annotations))
            throw new DatasetSpecException($"There is no file '{Annotations}'.");
        return Directory.Exists(Images) ? this : throw new DatasetSpecException($"There is no folder '{Images}'.");
    }
}
