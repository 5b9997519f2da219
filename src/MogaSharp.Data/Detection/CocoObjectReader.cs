using System.Collections.Immutable;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>Makes images and objects of the entries of a file, and tells of those that do not fit.</summary>
internal sealed class CocoObjectReader(FaultSink faults, ImageLimits limits, long mostRuns)
{
    private readonly CocoImages<AnnotatedObject> _images = new(faults, limits);
    private readonly Dictionary<long, int> _labels = [];

    private long _runs;

    /// <summary>The categories that were read.</summary>
    public List<ClassLabel> Categories { get; } = [];

    /// <summary>The images that were read, with their objects.</summary>
    public ImmutableArray<AnnotatedImage> Images() =>
        _images.ToImages((image, size, objects) => new AnnotatedImage(image.Id, image.FileName, size, objects));

    public void ReadImages(CocoEntry<CocoImageJson>[] entries) => _images.Read(entries);

    public void ReadCategories(CocoEntry<CocoCategoryJson>[] entries)
    {
        for (int i = 0; i < entries.Length; i++)
        {
            string entry = $"categories[{i}]";
            if (entries[i].Value is not { } category)
                faults.Add(entry, entries[i].Problem!);
            else if (!_labels.TryAdd(category.Id, Categories.Count))
                faults.Add(entry, $"The id {category.Id} is given twice.");
            else
                Categories.Add(new ClassLabel(category.Name) { Number = category.Id });
        }
    }

    public void ReadObjects(CocoEntry<CocoObjectJson>[] entries)
    {
        var ids = new HashSet<long>(entries.Length);
        for (int i = 0; i < entries.Length; i++)
        {
            (CocoObjectJson? annotation, string? problem) = entries[i];
            // Polygons take more memory than the runs that are made of them.
            entries[i] = default;
            if (annotation is not null && !ids.Add(annotation.Id))
                problem = $"The id {annotation.Id} is given twice.";
            else if (annotation is not null)
                problem = Read(annotation);
            if (problem is not null)
                faults.Add($"annotations[{i}]", problem);
        }
    }

    private string? Read(CocoObjectJson annotation)
    {
        if (_images.Find(annotation.ImageId, out string? unknown) is not var (size, objects))
            return unknown;
        if (!_labels.TryGetValue(annotation.CategoryId, out int label))
            return $"There is no category with the id {annotation.CategoryId}.";
        if (CocoRules.BoxOf(annotation.Bbox) is not { } box)
            return CocoRules.NoBox;
        RunLengthMask? mask = null;
        if (annotation.Segmentation is { } outline)
        {
            (mask, string? problem) = outline.ToMask(size);
            if (problem is not null)
                return problem;
            _runs += mask?.Runs.Length ?? 0;
            if (_runs > mostRuns)
                throw faults.End(CocoRules.TooManyRuns(mostRuns));
        }

        double area = annotation.Area ?? mask?.Area ?? box.Area;
        if (CocoRules.ProblemOfArea(area) is { } wrong)
            return wrong;
        objects.Add(new AnnotatedObject(box, area, label) { IsCrowd = annotation.Iscrowd != 0, Mask = mask });
        return null;
    }
}
