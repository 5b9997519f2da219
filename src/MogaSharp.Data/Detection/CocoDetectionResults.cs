using System.Collections.Immutable;
using System.Text.Json;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>Objects that were found, in COCO's form for results of boxes and masks: lists of image, category, box, mask and score.
/// </summary>
public static class CocoDetectionResults
{
    /// <summary>Reads a file.</summary>
    /// <param name="path">The file, at most 1 GiB.</param>
    /// <param name="truth">The images that detections may be of.</param>
    /// <returns>The detections with the ids of their images, in the order of the file. One without <c>bbox</c> has the smallest box around
    /// its mask; either all have a mask or none has.</returns>
    /// <exception cref="DatasetException">The file is not such JSON, it is for other images, or an entry does not fit: a number is missing
    /// or not finite, there is neither a box nor a mask, a mask is damaged or of another size than its image, an image or a category is
    /// unknown, or some detections have masks and others have none.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public static ImmutableArray<(long Image, Detection Detection)> Load(string path, CocoInstances truth) =>
        Load(path, truth, CocoRules.MostRuns);

    /// <summary>Reads a file whose masks may have so many runs.</summary>
    internal static ImmutableArray<(long Image, Detection Detection)> Load(string path, CocoInstances truth, long mostRuns)
    {
        CocoEntry<CocoDetectionJson>[] results = CocoContext.Read(path, CocoContext.Default.CocoEntryCocoDetectionJsonArray);
        if (results.Length > 0 && !results.Any(one => one.Value is not { } result || truth.Find(result.ImageId) is not null))
            throw new DatasetException(path, $"No detection is of an image of '{truth.FilePath}'; these are results for other images.");
        var detections = ImmutableArray.CreateBuilder<(long, Detection Detection)>(results.Length);
        long runs = 0;
        for (int i = 0; i < results.Length; i++)
        {
            (CocoDetectionJson? result, string? problem) = results[i];
            // Codes take more memory than the runs that are made of them.
            results[i] = default;
            Detection detection = default;
            if (result is not null)
                (detection, problem) = Read(result, truth);
            if (problem is null && i > 0 && detection.Mask is null != detections[0].Detection.Mask is null)
                problem = detection.Mask is null
                    ? "It has no 'segmentation', and the first one has."
                    : "It has a 'segmentation', and the first one has none.";
            if (problem is not null)
                throw CocoRules.Wrong(path, $"[{i}]", problem);
            runs += detection.Mask?.Runs.Length ?? 0;
            if (runs > mostRuns)
                throw new DatasetException(path, CocoRules.TooManyRuns(mostRuns));
            detections.Add((result!.ImageId, detection));
        }

        return detections.MoveToImmutable();
    }

    /// <summary>Writes a file, which appears under its name only when it is complete.</summary>
    /// <param name="path">The file; an older one of that name is replaced.</param>
    /// <param name="detections">The detections with the ids of their images.</param>
    /// <param name="categories">The categories, by whose numbers the file tells classes; those without a number count from 1.</param>
    /// <exception cref="ArgumentException">A number of a detection is not finite, or it is of no category.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Save(string path, IEnumerable<(long Image, Detection Detection)> detections, IReadOnlyList<ClassLabel> categories)
    {
        CocoEntry<CocoDetectionJson>[] results = [.. detections.Select(one => ToJson(one.Image, one.Detection, categories))];
        AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, results, CocoContext.Default.CocoEntryCocoDetectionJsonArray));
    }

    private static (Detection Detection, string? Problem) Read(CocoDetectionJson result, CocoInstances truth)
    {
        if (truth.Find(result.ImageId) is not { } image)
            return (default, $"There is no image with the id {result.ImageId} in '{truth.FilePath}'.");
        if (truth.LabelOf(result.CategoryId) is not { } label)
            return (default, $"There is no category with the id {result.CategoryId} in '{truth.FilePath}'.");
        if (!double.IsFinite(result.Score))
            return (default, "The score is not a finite number.");
        (RunLengthMask? mask, string? problem) = result.Segmentation?.ToMask(image.Size) ?? default;
        if (problem is not null)
            return (default, problem);
        Box? box = result.Bbox is { } numbers ? CocoRules.BoxOf(numbers) : mask?.Bounds;
        if (box is { } place)
            return (new Detection(place, result.Score, label) { Mask = mask }, null);
        return (default, result.Bbox is null ? "It has neither a 'bbox' nor a 'segmentation'." : CocoRules.NoBox);
    }

    private static CocoEntry<CocoDetectionJson> ToJson(long image, in Detection detection, IReadOnlyList<ClassLabel> categories)
    {
        Box box = detection.Box;
        double[] numbers = [box.X, box.Y, box.Width, box.Height];
        if (!numbers.Append(detection.Score).All(double.IsFinite))
            throw new ArgumentException($"A detection in the image {image} has a number that is not finite.", nameof(detection));
        if (detection.Label < 0 || detection.Label >= categories.Count)
            throw new ArgumentException($"A detection is of the class {detection.Label}, there are {categories.Count}.", nameof(detection));
        CocoOutline? outline = detection.Mask is { } mask ? new CocoOutline { Code = mask.ToString(), Size = mask.Size } : null;
        int category = categories[detection.Label].Number ?? detection.Label + 1;
        return new(new CocoDetectionJson(image, category, detection.Score, numbers, outline), null);
    }
}
