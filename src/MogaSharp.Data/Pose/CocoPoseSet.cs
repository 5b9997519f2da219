using System.Collections;
using System.Collections.Immutable;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>Images of a folder whose people are annotated in COCO's form: the images with all their people, as evaluations need them, or
/// the people one by one, as training does.</summary>
public sealed class CocoPoseSet : IPoseDataset
{
    private readonly List<PoseItem> _items = [];

    private CocoPoseSet(CocoKeyPoints file) => File = file;

    /// <summary>The file of annotations.</summary>
    public CocoKeyPoints File { get; }

    /// <inheritdoc/>
    public SkeletonDefinition Skeleton => File.Skeleton;

    /// <inheritdoc/>
    public IReadOnlyList<string> ClassNames { get; } = ["person"];

    /// <inheritdoc/>
    public IReadOnlyList<string> Notes { get; private set; } = [];

    /// <inheritdoc/>
    public int Count => _items.Count;

    /// <inheritdoc/>
    public ImageItem this[int index] => _items[index];

    /// <summary>The images of a file with all their people: groups and those without joints too.</summary>
    /// <param name="file">The annotations.</param>
    /// <param name="folder">The folder of the images.</param>
    /// <param name="collect">Is told of every missing file, and its image is left out; null to let the first one end the reading.</param>
    /// <exception cref="DatasetException">There is no image, or without <paramref name="collect"/> a file of one is missing.</exception>
    public static CocoPoseSet Images(CocoKeyPoints file, string folder, Action<DatasetFault>? collect = null)
    {
        var set = new CocoPoseSet(file);
        foreach (CocoImage image in file.Images)
            set._items.Add(new PoseItem(file, folder, image, [.. image.Persons]));
        return set.Checked("image", collect);
    }

    /// <summary>The people of a file one by one, as the official code trains on them: without groups, people without a joint, and those
    /// whose box is empty within the image. Boxes are cut off at the edges of the image.</summary>
    /// <param name="file">The annotations.</param>
    /// <param name="folder">The folder of the images.</param>
    /// <param name="collect">Is told of every missing file, and its people are left out; null to let the first one end the
    /// reading.</param>
    /// <exception cref="DatasetException">There is nobody to train on, or without <paramref name="collect"/> the file of an image is
    /// missing.</exception>
    public static CocoPoseSet Persons(CocoKeyPoints file, string folder, Action<DatasetFault>? collect = null)
    {
        var set = new CocoPoseSet(file);
        var notes = new DatasetNotes();
        foreach (CocoImage image in file.Images)
        {
            foreach (AnnotatedPerson person in image.Persons)
            {
                Box box = Clip(person.Box, image.Size);
                if (person.IsCrowd)
                    LeftOut("crowd", "group of people", "groups of people");
                else if (person.IsIgnored || person.Points.All(point => point.Visibility == KeyPointVisibility.Unlabeled))
                    LeftOut("joints", "person without a joint", "people without a joint");
                else if (!(box.Width > 0 && box.Height > 0 && person.Area > 0))
                    LeftOut(
                        "box",
                        "person whose box is empty or outside of the image",
                        "people whose box is empty or outside of the image"
                    );
                else
                    set._items.Add(new PoseItem(file, folder, image, [person with { Box = box }]));

                void LeftOut(string kind, string one, string many) =>
                    notes.Count(kind, image.FileName, count => $"{DatasetNotes.Some(count, one, many)} left out");
            }
        }

        set.Notes = notes.ToList();
        return set.Checked("person to train on", collect);
    }

    /// <summary>The part of a person's box inside an image by the rule of MMPose's data sets for COCO, in which boxes end at the
    /// center of the last pixel.</summary>
    /// <param name="box">The box, in pixels.</param>
    /// <param name="size">The size of the image.</param>
    /// <returns>Width and height are not above 0 where nothing is inside.</returns>
    public static Box Clip(Box box, ImageSize size) =>
        Box.FromCorners(
            Math.Max(0, box.X),
            Math.Max(0, box.Y),
            Math.Min(size.Width - 1, Math.Max(0, box.X) + box.Width),
            Math.Min(size.Height - 1, Math.Max(0, box.Y) + box.Height)
        );

    /// <inheritdoc/>
    public long ImageIdOf(int index) => _items[index].Image.Id;

    /// <inheritdoc/>
    public IEnumerator<ImageItem> GetEnumerator() => _items.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private CocoPoseSet Checked(string what, Action<DatasetFault>? collect)
    {
        PoseItem[] missing = [.. _items.DistinctBy(item => item.Image.Id).Where(item => !System.IO.File.Exists(item.Name))];
        MissingFiles.Tell(File.FilePath, [.. missing.Select(item => (item.Image.FileName, item.Name))], collect);
        HashSet<long> without = [.. missing.Select(item => item.Image.Id)];
        _items.RemoveAll(item => without.Contains(item.Image.Id));
        return _items.Count > 0 ? this : throw new DatasetException(File.FilePath, $"There is no {what}.");
    }

    private sealed class PoseItem(CocoKeyPoints file, string folder, CocoImage image, ImmutableArray<AnnotatedPerson> persons)
        : ImageItem(Path.Combine(folder, image.FileName), [.. persons.Select(person => new PersonAnnotation(person, file.Skeleton))])
    {
        public CocoImage Image => image;

        public override PixelBlock ReadPixels(ImageLimits? limits = null, DecodeBuffers? buffers = null)
        {
            PixelBlock block = ImageDecoder.Load(Name, buffers ?? new DecodeBuffers(), limits);
            Check(new ImageSize(block.Width, block.Height));
            return block;
        }

        public override ImageSize ReadSize(ImageLimits? limits = null) => Check(ImageDecoder.ReadSize(Name, limits));

        private ImageSize Check(ImageSize size) => ImageSizes.RequireStated(Name, size, image.Size, file.FilePath);
    }
}
