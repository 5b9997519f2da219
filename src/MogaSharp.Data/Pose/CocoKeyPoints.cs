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

    private CocoKeyPoints(string path, SkeletonDefinition skeleton, long categoryId, ImmutableArray<CocoImage> images)
    {
        (FilePath, Skeleton, CategoryId, Images) = (path, skeleton, categoryId, images);
        _byId = images.ToDictionary(image => image.Id);
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
    /// <param name="collect">Is told of every entry that cannot be used, and the entry is left out; null to let the first one end the
    /// reading.</param>
    /// <exception cref="DatasetException">The file is not such JSON, or without <paramref name="collect"/> an entry does not fit: a number
    /// is missing or not finite, a person has other joints, an image is unknown, an image or an id is given twice, or there are several
    /// categories.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public static CocoKeyPoints Load(string path, SkeletonDefinition? skeleton = null, Action<DatasetFault>? collect = null)
    {
        CocoFileJson file = CocoContext.Read(path, CocoContext.Default.CocoFileJson);
        var reader = new CocoPersonReader(new FaultSink(path, collect), skeleton ?? SkeletonDefinition.Coco);
        reader.ReadImages(file.Images);
        reader.ReadPersons(file.Annotations);
        return new CocoKeyPoints(path, skeleton ?? SkeletonDefinition.Coco, reader.CategoryId ?? 1, reader.Images());
    }

    /// <summary>The image with a number; null when there is none.</summary>
    /// <param name="id">The number.</param>
    public CocoImage? Find(long id) => _byId.GetValueOrDefault(id);

    /// <summary>An evaluation of poses against these annotations.</summary>
    /// <param name="suppression">What is done with the poses of each image first; null to take them as they are.</param>
    public CocoKeyPointMetrics CreateMetrics(PoseSuppression? suppression = null) =>
        new(Images.Select(image => (image.Id, image.Persons)), Skeleton) { Suppression = suppression };
}
