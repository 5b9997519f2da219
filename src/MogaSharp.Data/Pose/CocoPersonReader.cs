using System.Collections.Immutable;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>Makes images and persons of the entries of a file, and tells of those that do not fit.</summary>
internal sealed class CocoPersonReader(FaultSink faults, SkeletonDefinition skeleton)
{
    private readonly CocoImages<AnnotatedPerson> _images = new(faults, ImageLimits.Default);

    /// <summary>The category of all persons, which is that of the first one; null where there is nobody.</summary>
    public long? CategoryId { get; private set; }

    /// <summary>The images that were read, with their persons.</summary>
    public ImmutableArray<CocoImage> Images() =>
        _images.ToImages((image, size, persons) => new CocoImage(image.Id, image.FileName, size, persons));

    public void ReadImages(CocoEntry<CocoImageJson>[] entries) => _images.Read(entries);

    public void ReadPersons(CocoEntry<CocoAnnotationJson>[] entries)
    {
        var ids = new HashSet<long>(entries.Length);
        for (int i = 0; i < entries.Length; i++)
        {
            (CocoAnnotationJson? annotation, string? problem) = entries[i];
            if (annotation is not null && !ids.Add(annotation.Id))
                problem = $"The id {annotation.Id} is given twice.";
            else if (annotation is not null)
                problem = Read(annotation);
            if (problem is not null)
                faults.Add($"annotations[{i}]", problem);
        }
    }

    private string? Read(CocoAnnotationJson annotation)
    {
        CategoryId ??= annotation.CategoryId;
        if (_images.Find(annotation.ImageId, out string? unknown) is not var (_, persons))
            return unknown;
        if (annotation.CategoryId != CategoryId)
            return $"The category is {annotation.CategoryId}, the first one is {CategoryId}; only one can be read.";
        if (CocoRules.ProblemOfPoints(annotation.Keypoints, skeleton) is { } wrong)
            return wrong;
        if (CocoRules.ProblemOfArea(annotation.Area) is { } impossible)
            return impossible;
        if (CocoRules.BoxOf(annotation.Bbox) is not { } box)
            return CocoRules.NoBox;
        var points = ImmutableArray.CreateBuilder<KeyPoint>(skeleton.Joints.Length);
        foreach (double[] point in annotation.Keypoints.Chunk(3))
        {
            if (point[2] is not (0 or 1 or 2))
                return $"The visibility {point[2]} of a key point is not 0, 1 or 2.";
            points.Add(new KeyPoint(point[0], point[1], (KeyPointVisibility)point[2]));
        }

        int labeled = annotation.NumKeypoints ?? points.Count(point => point.Visibility != KeyPointVisibility.Unlabeled);
        persons.Add(
            new AnnotatedPerson(box, annotation.Area, points.MoveToImmutable())
            {
                IsCrowd = annotation.Iscrowd != 0,
                IsIgnored = labeled == 0,
            }
        );
        return null;
    }
}
