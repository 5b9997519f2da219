using System.Collections.Immutable;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>
/// Annotated objects in COCO's form, such as <c>instances_val2017.json</c>. Everything is checked when the file is read. Masks are kept as
/// runs, never as pixels.
/// </summary>
public sealed class CocoInstances
{
    private readonly Dictionary<long, AnnotatedImage> _byId;
    private readonly Dictionary<long, int> _labels;

    private CocoInstances(string path, ImmutableArray<ClassLabel> categories, ImmutableArray<AnnotatedImage> images)
    {
        (FilePath, Categories, Images) = (path, categories, images);
        _byId = images.ToDictionary(image => image.Id);
        _labels = Enumerable.Range(0, categories.Length).ToDictionary(label => (long)categories[label].Number!.Value);
    }

    /// <summary>The path of the file.</summary>
    public string FilePath { get; }

    /// <summary>The categories in the order of the file, with their ids as <see cref="ClassLabel.Number"/>.</summary>
    public ImmutableArray<ClassLabel> Categories { get; }

    /// <summary>The images, in the order of the file; those without objects too.</summary>
    public ImmutableArray<AnnotatedImage> Images { get; }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file, at most 1 GiB.</param>
    /// <param name="collect">Is told of every entry that cannot be used, and the entry is left out; null to let the first one end the
    /// reading.</param>
    /// <exception cref="DatasetException">The file is not such JSON, or without <paramref name="collect"/> an entry does not fit: a number
    /// is missing or not finite, a mask is damaged or of another size than its image, an image or a category is unknown, or an image, a
    /// category or an id is given twice.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public static CocoInstances Load(string path, Action<DatasetFault>? collect = null) =>
        Load(path, collect, ImageLimits.Default, CocoRules.MostRuns);

    /// <summary>Reads a file with images of such sizes, whose masks may have so many runs.</summary>
    internal static CocoInstances Load(string path, Action<DatasetFault>? collect, ImageLimits limits, long mostRuns)
    {
        CocoObjectsFileJson file = CocoContext.Read(path, CocoContext.Default.CocoObjectsFileJson);
        var reader = new CocoObjectReader(new FaultSink(path, collect), limits, mostRuns);
        reader.ReadImages(file.Images);
        reader.ReadCategories(file.Categories);
        reader.ReadObjects(file.Annotations);
        return new CocoInstances(path, [.. reader.Categories], reader.Images());
    }

    /// <summary>The image with an id; null when there is none.</summary>
    /// <param name="id">The id.</param>
    public AnnotatedImage? Find(long id) => _byId.GetValueOrDefault(id);

    /// <summary>The place of a category in <see cref="Categories"/>, which is the label of its objects; null when there is none.</summary>
    /// <param name="categoryId">The category's id in the file.</param>
    public int? LabelOf(long categoryId) => _labels.TryGetValue(categoryId, out int label) ? label : null;

    /// <summary>An evaluation of detections against these annotations.</summary>
    /// <param name="comparison">What is compared.</param>
    /// <param name="most">See <see cref="CocoDetectionMetrics.Most"/>; 1, 10 and 100 when null.</param>
    /// <exception cref="DatasetException">There is no category, or masks are to be compared and an object has none.</exception>
    public CocoDetectionMetrics CreateMetrics(CocoComparison comparison = CocoComparison.Boxes, ImmutableArray<int>? most = null)
    {
        if (Categories.IsEmpty)
            throw new DatasetException(FilePath, "There is no category.");
        AnnotatedImage? without = Images.FirstOrDefault(image => image.Objects.Any(one => one.Mask is null));
        if (comparison == CocoComparison.Masks && without is not null)
            throw new DatasetException(
                FilePath,
                $"The image {without.Id} ('{without.FileName}') has an object without a 'segmentation'; masks cannot be compared."
            );
        return new CocoDetectionMetrics(Images.Select(image => (image.Id, image.Objects)), Categories.Length, comparison)
        {
            Most = most ?? [1, 10, 100],
        };
    }
}
