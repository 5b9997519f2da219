using System.Collections.Immutable;

namespace MogaSharp.Vision;

/// <summary>
/// The evaluation of poses by COCO's rules, with the figures of pycocotools. Poses are compared with all annotations of their image when
/// figures are asked for, so that those of one image may be counted in any parts. Not safe to use from many threads at once: count in parts
/// and <see cref="Merge"/>.
/// </summary>
public sealed class CocoKeyPointMetrics : IEvaluator
{
    private const int MostPoses = 20;

    private static readonly CocoAreaRange[] Areas = [new(0, 1e10), new(32 * 32, 96 * 96), new(96 * 96, 1e10)];

    private readonly SortedDictionary<long, Image> _images = [];
    private readonly SkeletonDefinition _skeleton;

    /// <summary>No pose is counted yet.</summary>
    /// <param name="truths">The annotated persons of every image that is evaluated, by the image's number; images without any too.</param>
    /// <param name="skeleton">The joints.</param>
    /// <exception cref="ArgumentException">An image comes twice, or a person has other joints than the skeleton.</exception>
    public CocoKeyPointMetrics(IEnumerable<(long Image, ImmutableArray<AnnotatedPerson> Persons)> truths, SkeletonDefinition skeleton)
    {
        _skeleton = skeleton;
        foreach ((long number, ImmutableArray<AnnotatedPerson> persons) in truths)
        {
            foreach (AnnotatedPerson person in persons)
                CheckJoints(person.Points.Length, nameof(truths));
            if (!_images.TryAdd(number, new Image(persons, [])))
                throw new ArgumentException($"The image {number} comes twice.", nameof(truths));
        }
    }

    /// <summary>What is done with the poses of each image first; null to take them with their scores as they are.</summary>
    public PoseSuppression? Suppression { get; init; }

    /// <summary>The number of poses counted.</summary>
    public long Count => _images.Values.Sum(image => image.Poses.Count);

    /// <summary>Counts one pose.</summary>
    /// <param name="image">The number of its image.</param>
    /// <param name="pose">The pose. Of an image the 20 best are evaluated; among equal scores the first one counted comes first.</param>
    /// <exception cref="ArgumentException">The image is not one of those that are evaluated, or the pose has other joints than the
    /// skeleton.</exception>
    public void Add(long image, PersonPose pose)
    {
        CheckJoints(pose.Points.Length, nameof(pose));
        if (!_images.TryGetValue(image, out Image? counted))
            throw new ArgumentException($"The image {image} is not one of the {_images.Count} that are evaluated.", nameof(image));
        counted.Poses.Add(pose);
    }

    /// <inheritdoc/>
    /// <remarks>The poses, without what they are compared with.</remarks>
    public byte[] Save()
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        writer.Write(_skeleton.Joints.Length);
        foreach ((long number, Image image) in _images)
        {
            foreach (PersonPose pose in image.Poses)
            {
                writer.Write(number);
                Box box = pose.Box;
                foreach (double value in (ReadOnlySpan<double>)[box.X, box.Y, box.Width, box.Height, pose.Score, pose.Area])
                    writer.Write(value);
                foreach (PosePoint point in pose.Points)
                {
                    writer.Write(point.X);
                    writer.Write(point.Y);
                    writer.Write(point.Score);
                }
            }
        }

        writer.Flush();
        return bytes.ToArray();
    }

    /// <inheritdoc/>
    public void Merge(ReadOnlySpan<byte> saved)
    {
        int joints = _skeleton.Joints.Length,
            pose = sizeof(long) + (((3 * joints) + 6) * sizeof(double));
        using var reader = new BinaryReader(new MemoryStream(saved.ToArray()));
        if (saved.Length < sizeof(int) || reader.ReadInt32() != joints || (saved.Length - sizeof(int)) % pose != 0)
            throw new ArgumentException($"These bytes are not poses of {joints} joints.", nameof(saved));
        var poses = new (long Image, PersonPose Pose)[(saved.Length - sizeof(int)) / pose];
        for (int i = 0; i < poses.Length; i++)
        {
            poses[i] = (reader.ReadInt64(), ReadPose(reader, joints));
            if (!_images.ContainsKey(poses[i].Image))
                throw new ArgumentException($"A pose is of the image {poses[i].Image}, which is not evaluated here.", nameof(saved));
        }

        foreach ((long image, PersonPose one) in poses)
            Add(image, one);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// <c>AP</c>, <c>AP50</c>, <c>AP75</c>, <c>AP_medium</c>, <c>AP_large</c> and the same for <c>AR</c>, as fractions. NaN, where
    /// pycocotools has -1, when there is no person to find.
    /// </remarks>
    public IReadOnlyDictionary<string, double> Figures()
    {
        var ranking = new CocoRanking([.. _images.Values.Select(Match)]);
        CocoCurves?[] all = [CocoCurves.Of(ranking, 0)],
            medium = [CocoCurves.Of(ranking, 1)],
            large = [CocoCurves.Of(ranking, 2)];
        return new OrderedDictionary<string, double>
        {
            ["AP"] = CocoCurves.AveragePrecision(all),
            ["AP50"] = CocoCurves.AveragePrecision(all, CocoMatches.At50),
            ["AP75"] = CocoCurves.AveragePrecision(all, CocoMatches.At75),
            ["AP_medium"] = CocoCurves.AveragePrecision(medium),
            ["AP_large"] = CocoCurves.AveragePrecision(large),
            ["AR"] = CocoCurves.AverageRecall(all),
            ["AR50"] = CocoCurves.AverageRecall(all, CocoMatches.At50),
            ["AR75"] = CocoCurves.AverageRecall(all, CocoMatches.At75),
            ["AR_medium"] = CocoCurves.AverageRecall(medium),
            ["AR_large"] = CocoCurves.AverageRecall(large),
        };
    }

    private static PersonPose ReadPose(BinaryReader reader, int joints)
    {
        var box = new Box(reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble());
        (double score, double area) = (reader.ReadDouble(), reader.ReadDouble());
        var points = new PosePoint[joints];
        for (int i = 0; i < joints; i++)
            points[i] = new PosePoint(reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble());
        return new PersonPose(box, score, [.. points]) { Area = area };
    }

    private CocoMatches Match(Image image)
    {
        IEnumerable<PersonPose> poses = Suppression is null
            ? image.Poses
            : Suppression.Suppress([.. image.Poses.Select(Suppression.Rescore)]);
        PersonPose[] best = [.. poses.OrderByDescending(pose => pose.Score).Take(MostPoses)];
        double[] similarity = new double[best.Length * image.Persons.Length];
        for (int i = 0; i < best.Length; i++)
        for (int j = 0; j < image.Persons.Length; j++)
            similarity[(i * image.Persons.Length) + j] = KeyPointSimilarity.Of(image.Persons[j], best[i], _skeleton.Sigmas);
        return CocoMatches.Of(
            [.. image.Persons.Select(person => new CocoTruth(person.Area, person.IsIgnored || person.IsCrowd, person.IsCrowd))],
            [.. best.Select(pose => new CocoDetection(pose.Score, ExtentOf(pose)))],
            similarity,
            Areas
        );
    }

    // The area of a pose is that of the box around its joints, whatever box it came from.
    private static double ExtentOf(PersonPose pose) =>
        (pose.Points.Max(point => point.X) - pose.Points.Min(point => point.X))
        * (pose.Points.Max(point => point.Y) - pose.Points.Min(point => point.Y));

    private void CheckJoints(int joints, string name)
    {
        if (joints != _skeleton.Joints.Length)
            throw new ArgumentException($"There are {joints} joints, the skeleton has {_skeleton.Joints.Length}.", name);
    }

    private sealed record Image(ImmutableArray<AnnotatedPerson> Persons, List<PersonPose> Poses);
}
