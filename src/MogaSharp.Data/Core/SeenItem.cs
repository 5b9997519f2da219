using System.Collections.Immutable;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>What was found of an item.</summary>
/// <param name="Size">The size of the image; null where it cannot be read.</param>
/// <param name="Annotations">What is known of it; of label maps only which classes they have.</param>
/// <param name="Faults">What is wrong with it.</param>
internal readonly record struct SeenItem(ImageSize? Size, ImmutableArray<Annotation> Annotations, ImmutableArray<DatasetFault> Faults)
{
    /// <summary>Reads an item.</summary>
    /// <param name="item">The item.</param>
    /// <param name="decode">Whether to decode its image.</param>
    public static SeenItem Of(ImageItem item, bool decode)
    {
        // What is wrong with an image is told once, though its annotations may need it too.
        var faults = new HashSet<DatasetFault>();
        ImageSize? size = null;
        Try(item.Name, () => size = item.ReadSize());
        if (decode && size is not null)
            Try(item.Name, () => item.ReadPixels());
        ImmutableArray<Annotation> annotations = [];
        if (size is not null)
            Try(item.AnnotationName, () => annotations = [.. item.ReadAnnotations().SelectMany(Slim)]);
        return new SeenItem(size, annotations, [.. faults]);

        void Try(string path, Action read)
        {
            try
            {
                read();
            }
            catch (DatasetException wrong)
            {
                faults.Add(new DatasetFault(wrong.DatasetPath, "", wrong.Problem));
            }
            catch (ImageFormatException wrong)
            {
                faults.Add(new DatasetFault(path, "", wrong.Problem));
            }
            catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
            {
                faults.Add(new DatasetFault(path, "", ImageSizes.ProblemOf(wrong)));
            }
        }
    }

    // The pixels of all label maps would take more memory than there is.
    private static IEnumerable<Annotation> Slim(Annotation annotation) =>
        annotation is LabelMap map
            ? map.Histogram()
                .Index()
                .Where(label => label.Item > 0 && label.Index != LabelMap.Ignored)
                .Select(label => new ClassIndex(label.Index))
            : [annotation];
}
