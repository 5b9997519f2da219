using System.Collections.Immutable;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>An image whose persons are annotated.</summary>
/// <param name="Id">Its number in the file.</param>
/// <param name="FileName">The name of the image file, relative to the folder of images; never a path out of it.</param>
/// <param name="Size">The size that the file states.</param>
/// <param name="Persons">The persons, in the order of the file.</param>
public sealed record CocoImage(long Id, string FileName, ImageSize Size, ImmutableArray<AnnotatedPerson> Persons);

/// <summary>
/// Annotated key points in COCO's form, such as <c>person_keypoints_val2017.json</c>. Everything is checked when the file is read.
/// </summary>
public sealed class CocoKeyPoints
{
    private readonly Dictionary<long, CocoImage> _byId;

    private CocoKeyPoints(string path, SkeletonDefinition skeleton, long categoryId, Dictionary<long, CocoImage> byId)
    {
        (FilePath, Skeleton, CategoryId) = (path, skeleton, categoryId);
        _byId = byId;
        Images = [.. byId.Values];
    }

    /// <summary>The path of the file.</summary>
    public string FilePath { get; }

    /// <summary>The joints of a person.</summary>
    public SkeletonDefinition Skeleton { get; }

    /// <summary>The number of the category of all annotations; 1 where there are none.</summary>
    public long CategoryId { get; }

    /// <summary>The images, in the order of the file; those without persons too.</summary>
    public ImmutableArray<CocoImage> Images { get; }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file, at most 1 GiB.</param>
    /// <param name="skeleton">The joints of a person; COCO's when null.</param>
    /// <exception cref="DatasetException">The file is not such JSON, or an entry does not fit: a number is missing or not finite, a
    /// person has other joints, an image is unknown, a number is given twice, or there are several categories.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public static CocoKeyPoints Load(string path, SkeletonDefinition? skeleton = null)
    {
        skeleton ??= SkeletonDefinition.Coco;
        CocoFileJson file = CocoContext.Read(path, CocoContext.Default.CocoFileJson);
        var persons = new Dictionary<long, ImmutableArray<AnnotatedPerson>.Builder>();
        for (int i = 0; i < file.Images.Length; i++)
            if (!persons.TryAdd(Entry(file.Images, i, path, "images").Id, ImmutableArray.CreateBuilder<AnnotatedPerson>()))
                throw CocoRules.Wrong(path, $"images[{i}]", $"The id {file.Images[i].Id} is given twice.");
        var ids = new HashSet<long>();
        for (int i = 0; i < file.Annotations.Length; i++)
        {
            CocoAnnotationJson annotation = Entry(file.Annotations, i, path, "annotations");
            string entry = $"annotations[{i}]";
            if (!ids.Add(annotation.Id))
                throw CocoRules.Wrong(path, entry, $"The id {annotation.Id} is given twice.");
            if (!persons.TryGetValue(annotation.ImageId, out ImmutableArray<AnnotatedPerson>.Builder? image))
                throw CocoRules.Wrong(path, entry, $"There is no image with the id {annotation.ImageId}.");
            if (annotation.CategoryId != file.Annotations[0].CategoryId)
                throw CocoRules.Wrong(
                    path,
                    entry,
                    $"The category is {annotation.CategoryId}, the first one is {file.Annotations[0].CategoryId}; only one can be read."
                );
            image.Add(Person(annotation, skeleton, path, entry));
        }

        var images = new Dictionary<long, CocoImage>(persons.Count);
        for (int i = 0; i < file.Images.Length; i++)
            images.Add(file.Images[i].Id, Image(file.Images[i], persons[file.Images[i].Id].ToImmutable(), path, $"images[{i}]"));
        return new CocoKeyPoints(path, skeleton, file.Annotations.FirstOrDefault()?.CategoryId ?? 1, images);
    }

    /// <summary>The image with a number; null when there is none.</summary>
    /// <param name="id">The number.</param>
    public CocoImage? Find(long id) => _byId.GetValueOrDefault(id);

    /// <summary>An evaluation of poses against these annotations.</summary>
    /// <param name="suppression">What is done with the poses of each image first; null to take them as they are.</param>
    public CocoKeyPointMetrics CreateMetrics(PoseSuppression? suppression = null) =>
        new(Images.Select(image => (image.Id, image.Persons)), Skeleton) { Suppression = suppression };

    /// <summary>An entry of a list, which may not be null.</summary>
    internal static T Entry<T>(T[] list, int i, string path, string name) =>
        list[i] ?? throw CocoRules.Wrong(path, $"{name}[{i}]", "It is null.");

    /// <summary>A box of four numbers.</summary>
    internal static Box BoxOf(double[] numbers, string path, string entry) =>
        CocoRules.BoxOf(numbers) ?? throw CocoRules.Wrong(path, entry, CocoRules.NoBox);

    /// <summary>The numbers of key points, three for each.</summary>
    internal static IEnumerable<double[]> PointsOf(double[] numbers, SkeletonDefinition skeleton, string path, string entry) =>
        numbers.Length == 3 * skeleton.Joints.Length
            ? numbers.Chunk(3)
            : throw CocoRules.Wrong(
                path,
                entry,
                $"There are {numbers.Length} numbers in 'keypoints'; {skeleton.Joints.Length} joints have {3 * skeleton.Joints.Length}."
            );

    private static AnnotatedPerson Person(CocoAnnotationJson annotation, SkeletonDefinition skeleton, string path, string entry)
    {
        var points = ImmutableArray.CreateBuilder<KeyPoint>(skeleton.Joints.Length);
        foreach (double[] point in PointsOf(annotation.Keypoints, skeleton, path, entry))
        {
            if (point[2] is not (0 or 1 or 2))
                throw CocoRules.Wrong(path, entry, $"The visibility {point[2]} of a key point is not 0, 1 or 2.");
            points.Add(new KeyPoint(point[0], point[1], (KeyPointVisibility)point[2]));
        }

        if (CocoRules.ProblemOfArea(annotation.Area) is { } problem)
            throw CocoRules.Wrong(path, entry, problem);
        int labeled = annotation.NumKeypoints ?? points.Count(point => point.Visibility != KeyPointVisibility.Unlabeled);
        return new AnnotatedPerson(BoxOf(annotation.Bbox, path, entry), annotation.Area, points.MoveToImmutable())
        {
            IsCrowd = annotation.Iscrowd != 0,
            IsIgnored = labeled == 0,
        };
    }

    private static CocoImage Image(CocoImageJson image, ImmutableArray<AnnotatedPerson> persons, string path, string entry) =>
        CocoRules.ProblemOf(image) is { } problem
            ? throw CocoRules.Wrong(path, entry, problem)
            : new CocoImage(image.Id, image.FileName, new ImageSize(image.Width, image.Height), persons);
}
