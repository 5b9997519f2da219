using System.Collections.Immutable;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>Makes images and objects of the entries of a file, and tells of those that do not fit.</summary>
internal sealed class CocoObjectReader(FaultSink faults, long mostRuns)
{
    private readonly OrderedDictionary<long, (CocoImageJson Image, ImmutableArray<AnnotatedObject>.Builder Objects)> _images = [];
    private readonly Dictionary<long, int> _labels = [];

    // Faults of the objects of an image that is left out would say nothing new.
    private readonly HashSet<long> _leftOutImages = [];

    private long _runs;

    /// <summary>The categories that were read.</summary>
    public List<ClassLabel> Categories { get; } = [];

    /// <summary>The images that were read, with their objects.</summary>
    public IEnumerable<AnnotatedImage> Images() =>
        _images.Values.Select(one => new AnnotatedImage(
            one.Image.Id,
            one.Image.FileName,
            new ImageSize(one.Image.Width, one.Image.Height),
            one.Objects.DrainToImmutable()
        ));

    public void ReadImages(CocoEntry<CocoImageJson>[] entries)
    {
        var files = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < entries.Length; i++)
        {
            string entry = $"images[{i}]";
            if (entries[i].Value is not { } image)
            {
                faults.Add(entry, entries[i].Problem!);
                continue;
            }

            string? problem =
                _images.ContainsKey(image.Id) ? $"The id {image.Id} is given twice."
                : CocoRules.ProblemOf(image) is { } wrong ? wrong
                : files.TryGetValue(image.FileName, out int first) ? $"The file '{image.FileName}' is that of 'images[{first}]' too."
                : null;
            if (problem is null)
            {
                files.Add(image.FileName, i);
                _images.Add(image.Id, (image, ImmutableArray.CreateBuilder<AnnotatedObject>()));
                continue;
            }

            _leftOutImages.Add(image.Id);
            faults.Add(entry, problem);
        }
    }

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
        if (!_images.TryGetValue(annotation.ImageId, out var image))
            return _leftOutImages.Contains(annotation.ImageId) ? null : $"There is no image with the id {annotation.ImageId}.";
        if (!_labels.TryGetValue(annotation.CategoryId, out int label))
            return $"There is no category with the id {annotation.CategoryId}.";
        if (CocoRules.BoxOf(annotation.Bbox) is not { } box)
            return CocoRules.NoBox;
        RunLengthMask? mask = null;
        if (annotation.Segmentation is { } outline)
        {
            (mask, string? problem) = outline.ToMask(new ImageSize(image.Image.Width, image.Image.Height));
            if (problem is not null)
                return problem;
            _runs += mask?.Runs.Length ?? 0;
            if (_runs > mostRuns)
                throw faults.End(CocoRules.TooManyRuns(mostRuns));
        }

        double area = annotation.Area ?? mask?.Area ?? box.Area;
        if (CocoRules.ProblemOfArea(area) is { } wrong)
            return wrong;
        image.Objects.Add(new AnnotatedObject(box, area, label) { IsCrowd = annotation.Iscrowd != 0, Mask = mask });
        return null;
    }
}
