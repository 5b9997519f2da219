using System.Collections;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>What is told of scenes.</summary>
public enum SceneView
{
    /// <summary>The <see cref="LabelMap"/>.</summary>
    LabelMap,

    /// <summary>A <see cref="PersonAnnotation"/> for every person.</summary>
    People,

    /// <summary>The <see cref="PersonAnnotation"/> of one person, as training on people one by one needs it. Which one goes by the
    /// scene's number.</summary>
    OnePerson,

    /// <summary>An <see cref="ObjectAnnotation"/> with a mask for every object, from the one at the back to the one in front. Labels do not
    /// count the background.</summary>
    Objects,
}

/// <summary>
/// Scenes that are drawn when they are asked for, with what one task wants to know of them. An item draws its scene once and keeps it.
/// </summary>
/// <param name="generator">Draws the scenes.</param>
/// <param name="count">The number of scenes, at least 1.</param>
/// <param name="view">What is told of them.</param>
public sealed class SceneDataset(SceneGenerator generator, int count, SceneView view)
    : ISegmentationDataset,
        IPoseDataset,
        IDetectionDataset
{
    /// <inheritdoc/>
    public int Count { get; } = count >= 1 ? count : throw new ArgumentOutOfRangeException(nameof(count), count, "at least 1");

    /// <summary>The classes; without the background in the view of <see cref="SceneView.Objects"/>.</summary>
    public ImmutableArray<ClassLabel> Classes { get; } = ClassesOf(view);

    /// <inheritdoc/>
    public IReadOnlyList<string> ClassNames { get; } = [.. ClassesOf(view).Select(label => label.Name)];

    /// <inheritdoc/>
    public SkeletonDefinition Skeleton => SkeletonDefinition.Coco;

    /// <inheritdoc/>
    public ImageItem this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            return new SceneItem(generator, index, view);
        }
    }

    /// <inheritdoc/>
    public long ImageIdOf(int index) => index;

    /// <inheritdoc/>
    public long CategoryIdOf(int label) => label + 1;

    /// <inheritdoc/>
    public ImageSize? SizeOf(int index) => generator.Size;

    /// <inheritdoc/>
    public IEnumerator<ImageItem> GetEnumerator()
    {
        for (int i = 0; i < Count; i++)
            yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static ImmutableArray<ClassLabel> ClassesOf(SceneView view) =>
        view == SceneView.Objects ? SceneGenerator.Classes.RemoveAt(0) : SceneGenerator.Classes;

    private sealed class SceneItem(SceneGenerator generator, int index, SceneView view) : ImageItem($"scene {index}")
    {
        private readonly Lazy<Scene> _scene = new(() => generator.Draw(index));

        public override PixelBlock ReadPixels(ImageLimits? limits = null, DecodeBuffers? buffers = null) =>
            PixelBlock.Of(_scene.Value.Image);

        public override ImmutableArray<Annotation> ReadAnnotations()
        {
            Scene scene = _scene.Value;
            if (view == SceneView.LabelMap)
                return [scene.Labels];
            if (view == SceneView.Objects)
                return [.. scene.Objects.Select((one, i) => Object(scene, one, i))];
            ImmutableArray<Annotation> people = [.. scene.Objects.Where(one => !one.Joints.IsEmpty).Select(Person)];
            return view == SceneView.People ? people : [people[index % people.Length]];
        }

        private static ObjectAnnotation Object(Scene scene, SceneObject one, int index)
        {
            var size = new ImageSize(scene.Image.Width, scene.Image.Height);
            ReadOnlySpan<byte> pixels = MemoryMarshal.AsBytes<bool>(scene.MaskOf(index));
            return new ObjectAnnotation(
                new AnnotatedObject(one.Box, one.Area, one.ClassIndex - 1) { Mask = RunLengthMask.FromPixels(pixels, size) }
            );
        }

        private static PersonAnnotation Person(SceneObject one)
        {
            bool hasJoint = one.Joints.Any(joint => joint.Visibility != KeyPointVisibility.Unlabeled);
            return new PersonAnnotation(
                new AnnotatedPerson(one.Box, one.Area, [.. one.Joints.Select(Centered)]) { IsIgnored = !hasJoint },
                SkeletonDefinition.Coco
            );
        }

        // From continuous coordinates to those in which whole numbers are the centers of pixels.
        private static KeyPoint Centered(KeyPoint joint) =>
            joint.Visibility == KeyPointVisibility.Unlabeled ? joint : joint with { X = joint.X - 0.5, Y = joint.Y - 0.5 };
    }
}
