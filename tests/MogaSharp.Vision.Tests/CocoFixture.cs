using System.Collections.Immutable;
using System.Text.Json;
using MogaSharp.Testing;

namespace MogaSharp.Vision.Tests;

/// <summary>COCO's ground truth and results that pycocotools evaluated.</summary>
internal static class CocoFixture
{
    private static readonly JsonElement Truths = Json("instances_gt");

    // Numbers of categories have gaps in COCO's files.
    public static int[] Categories { get; } =
    [.. Truths.GetProperty("categories").EnumerateArray().Select(category => category.GetProperty("id").GetInt32())];

    public static Dictionary<long, ImageSize> Sizes { get; } =
        Truths
            .GetProperty("images")
            .EnumerateArray()
            .ToDictionary(
                image => image.GetProperty("id").GetInt64(),
                image => new ImageSize(image.GetProperty("width").GetInt32(), image.GetProperty("height").GetInt32())
            );

    public static (long Image, ImmutableArray<AnnotatedObject> Objects)[] Objects { get; } = ReadObjects();

    public static CocoDetectionMetrics Counted(
        CocoComparison comparison,
        IEnumerable<(long Image, Detection Detection)> detections,
        ImmutableArray<int>? most = null
    )
    {
        // In another order than that of the numbers, which is the one that counts.
        var metrics = new CocoDetectionMetrics(Objects.AsEnumerable().Reverse(), Categories.Length, comparison)
        {
            Most = most ?? [1, 10, 100],
        };
        foreach ((long image, Detection detection) in detections)
            metrics.Add(image, detection);
        return metrics;
    }

    private static (long Image, ImmutableArray<AnnotatedObject> Objects)[] ReadObjects()
    {
        ILookup<long, AnnotatedObject> objects = Truths
            .GetProperty("annotations")
            .EnumerateArray()
            .ToLookup(
                annotation => annotation.GetProperty("image_id").GetInt64(),
                annotation => new AnnotatedObject(
                    BoxOf(annotation),
                    annotation.GetProperty("area").GetDouble(),
                    LabelOf(annotation.GetProperty("category_id").GetInt32())
                )
                {
                    IsCrowd = annotation.GetProperty("iscrowd").GetInt32() != 0,
                    Mask = MaskOf(annotation),
                }
            );
        return [.. Sizes.Keys.Select(image => (image, objects[image].ToImmutableArray()))];
    }

    public static IEnumerable<(long Image, Detection Detection)> Detections(string name) =>
        Json($"{name}_results")
            .EnumerateArray()
            .Select(result =>
                (
                    result.GetProperty("image_id").GetInt64(),
                    new Detection(
                        BoxOf(result),
                        result.GetProperty("score").GetDouble(),
                        LabelOf(result.GetProperty("category_id").GetInt32())
                    )
                    {
                        Mask = MaskOf(result),
                    }
                )
            );

    public static int LabelOf(int category) => Array.IndexOf(Categories, category);

    private static Box BoxOf(JsonElement item) =>
        item.TryGetProperty("bbox", out JsonElement box)
            ? new Box(box[0].GetDouble(), box[1].GetDouble(), box[2].GetDouble(), box[3].GetDouble())
            : default;

    private static RunLengthMask? MaskOf(JsonElement item)
    {
        if (!item.TryGetProperty("segmentation", out JsonElement outline))
            return null;
        ImageSize size = Sizes[item.GetProperty("image_id").GetInt64()];
        if (outline.ValueKind == JsonValueKind.Array)
            return RunLengthMask.FromPolygons(
                outline.EnumerateArray().Select(one => (ReadOnlyMemory<double>)one.Deserialize<double[]>()!),
                size
            );
        JsonElement counts = outline.GetProperty("counts");
        return counts.ValueKind == JsonValueKind.String
            ? RunLengthMask.Parse(size, counts.GetString()!)
            : RunLengthMask.FromRuns(size, counts.Deserialize<uint[]>()!);
    }

    public static JsonElement Json(string name) =>
        JsonDocument.Parse(File.ReadAllText(Repository.Fixture("dense", "metrics", $"{name}.json"))).RootElement;
}
