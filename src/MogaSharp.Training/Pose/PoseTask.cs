using System.Collections.Immutable;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Torch;
using MogaSharp.Vision;

namespace MogaSharp.Training;

/// <summary>Images of people to heat maps of their joints: the mean squared difference to Gaussians, of the joints that are annotated
/// (MMPose's
/// <c>JointsMSELoss</c>).</summary>
public sealed class PoseTask : TrainingTask
{
    private static readonly Metric Precision = Share("ap", "AP");
    private static readonly Metric Precision50 = Share("ap50", "AP50");
    private static readonly Metric Precision75 = Share("ap75", "AP75");
    private static readonly Metric Recall = Share("ar", "AR");

    /// <inheritdoc/>
    public override ModelTask Task => ModelTask.Pose;

    /// <inheritdoc/>
    public override ImmutableArray<Metric> Metrics { get; } = [LossMetric with { Digits = 6 }, Precision, Precision50, Precision75, Recall];

    /// <inheritdoc/>
    public override Metric Best => Precision;

    /// <inheritdoc/>
    public override Losses Step(NetworkPass pass, TrainingBatch batch)
    {
        PoseBatch people = batch.As<PoseBatch>();
        TorchTensor maps = pass.Run(batch)[IPoseDefinition.HeatMaps];
        (float[] target, float[] weights) = Targets(
            people.Joints,
            new ImageSize(batch.Shape[3], batch.Shape[2]),
            new ImageSize(maps.Shape[3], maps.Shape[2])
        );
        TorchTensor weight = TorchTensor.From<float>(weights, new Shape(batch.Count, maps.Shape[1], 1, 1), pass.Device),
            goal = TorchTensor.From<float>(target, maps.Shape, pass.Device);
        return new(TorchLoss.MeanSquaredError(maps * weight, goal * weight));
    }

    /// <inheritdoc/>
    public override TaskEvaluation CreateEvaluation() => new PoseEvaluation();

    /// <summary>The heat maps that a network should give, (N, joints, h, w), and whether each joint counts, (N, joints).</summary>
    internal static (float[] Maps, float[] Weights) Targets(IReadOnlyList<ImmutableArray<KeyPoint>> people, ImageSize input, ImageSize map)
    {
        int joints = people[0].Length,
            plane = map.Width * map.Height;
        var maps = new float[people.Count * joints * plane];
        var weights = new float[people.Count * joints];
        for (int i = 0; i < people.Count; i++)
            HeatMaps.WriteTargets(
                people[i].AsSpan(),
                input,
                map,
                maps.AsSpan(i * joints * plane, joints * plane),
                weights.AsSpan(i * joints, joints)
            );
        return (maps, weights);
    }

    private static Metric Share(string name, string label) =>
        new(name, label)
        {
            Axis = "precision and recall (%)",
            Scale = 100,
            Unit = "%",
        };
}

/// <summary>Counts how well a network finds joints in given boxes, with the official flip test and COCO's rules.</summary>
public sealed class PoseEvaluation : TaskEvaluation
{
    private readonly SortedDictionary<long, (ImmutableArray<AnnotatedPerson> Truth, List<PersonPose> Poses)> _images = [];
    private SkeletonDefinition? _skeleton;
    private double _loss;
    private long _people;

    /// <inheritdoc/>
    public override long Count => _people;

    /// <inheritdoc/>
    public override void Add(INetworkRunner network, TrainingBatch batch, CancellationToken cancellationToken = default)
    {
        PoseBatch people = batch.As<PoseBatch>();
        _skeleton = people.Skeleton;
        Tensor maps = network.Run(batch.Inputs, batch.Shape, cancellationToken)[IPoseDefinition.HeatMaps],
            mirrored = network.Run(Mirrored(batch), batch.Shape, cancellationToken)[IPoseDefinition.HeatMaps];
        var size = new ImageSize(maps.Shape[3], maps.Shape[2]);
        AddLoss(people, maps, size);
        HeatMaps.MergeMirrored(maps.Span, mirrored.Span, size, _skeleton);
        foreach ((long image, ImmutableArray<AnnotatedPerson> truth) in people.Truths)
            _images.TryAdd(image, (truth, []));
        int length = maps.Data.Length / batch.Count;
        for (int i = 0; i < batch.Count; i++)
        {
            SeenPerson person = people.People[i];
            PosePoint[] points = HeatMapDecoder.Decode(maps.Span.Slice(i * length, length), size, person.Region);
            _images[person.Image].Poses.Add(new PersonPose(person.Box, person.Score, [.. points]) { Area = person.Region.Area });
            _people++;
        }
    }

    /// <inheritdoc/>
    public override byte[] Save()
    {
        if (_skeleton is null)
            return [];
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(_skeleton.Name);
        writer.Write(_loss);
        writer.Write(_people);
        writer.Write(_images.Count);
        foreach ((long image, (ImmutableArray<AnnotatedPerson> truth, List<PersonPose> poses)) in _images)
        {
            writer.Write(image);
            PoseState.Write(writer, truth, poses);
        }

        writer.Flush();
        return stream.ToArray();
    }

    /// <inheritdoc/>
    public override void Merge(ReadOnlySpan<byte> saved)
    {
        if (saved.IsEmpty)
            return;
        try
        {
            using var reader = new BinaryReader(new MemoryStream(saved.ToArray()));
            Merge(reader);
        }
        catch (Exception e) when (e is IOException or FormatException or OverflowException)
        {
            throw new ArgumentException("These are not the poses of an evaluation.", nameof(saved), e);
        }
    }

    private void Merge(BinaryReader reader)
    {
        SkeletonDefinition skeleton =
            SkeletonDefinition.Find(reader.ReadString()) ?? throw new FormatException("There is no such skeleton.");
        (double loss, long people) = (reader.ReadDouble(), reader.ReadInt64());
        for (int images = reader.ReadInt32(); images > 0; images--)
        {
            long image = reader.ReadInt64();
            (ImmutableArray<AnnotatedPerson> truth, List<PersonPose> poses) = PoseState.Read(reader);
            if (_images.TryGetValue(image, out (ImmutableArray<AnnotatedPerson> Truth, List<PersonPose> Poses) known))
                known.Poses.AddRange(poses);
            else
                _images.Add(image, (truth, poses));
        }

        (_skeleton, _loss, _people) = (skeleton, _loss + loss, _people + people);
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, double> Figures()
    {
        if (_skeleton is null)
            return ImmutableDictionary<string, double>.Empty;
        var metrics = new CocoKeyPointMetrics(_images.Select(image => (image.Key, image.Value.Truth)), _skeleton)
        {
            Suppression = new PoseSuppression(_skeleton),
        };
        foreach ((long image, (_, List<PersonPose> poses)) in _images)
        foreach (PersonPose pose in poses)
            metrics.Add(image, pose);
        return new Dictionary<string, double>(
            metrics.Figures().Select(figure => KeyValuePair.Create(figure.Key.ToLowerInvariant(), figure.Value))
        )
        {
            [TrainingTask.LossName] = _loss / _people,
        };
    }

    // The rows of all planes from their ends.
    private static float[] Mirrored(TrainingBatch batch)
    {
        float[] mirrored = batch.Inputs.ToArray();
        int width = batch.Shape[3];
        for (int row = 0; row < mirrored.Length; row += width)
            mirrored.AsSpan(row, width).Reverse();
        return mirrored;
    }

    private void AddLoss(PoseBatch people, Tensor maps, ImageSize size)
    {
        (float[] target, float[] weights) = PoseTask.Targets(people.Joints, new ImageSize(people.Shape[3], people.Shape[2]), size);
        int plane = size.Width * size.Height;
        double sum = 0;
        for (int i = 0; i < target.Length; i++)
        {
            double difference = (maps.Data[i] - (double)target[i]) * weights[i / plane];
            sum += difference * difference;
        }

        _loss += sum * people.Count / target.Length;
    }
}

/// <summary>People and poses as bytes.</summary>
internal static class PoseState
{
    public static void Write(BinaryWriter writer, ImmutableArray<AnnotatedPerson> truth, IReadOnlyList<PersonPose> poses)
    {
        writer.Write(truth.Length);
        foreach (AnnotatedPerson person in truth)
        {
            Write(writer, person.Box);
            writer.Write(person.Area);
            writer.Write(person.IsCrowd);
            writer.Write(person.IsIgnored);
            writer.Write(person.Points.Length);
            foreach (KeyPoint point in person.Points)
            {
                writer.Write(point.X);
                writer.Write(point.Y);
                writer.Write((byte)point.Visibility);
            }
        }

        writer.Write(poses.Count);
        foreach (PersonPose pose in poses)
        {
            Write(writer, pose.Box);
            writer.Write(pose.Score);
            writer.Write(pose.Area);
            writer.Write(pose.Points.Length);
            foreach (PosePoint point in pose.Points)
            {
                writer.Write(point.X);
                writer.Write(point.Y);
                writer.Write(point.Score);
            }
        }
    }

    public static (ImmutableArray<AnnotatedPerson> Truth, List<PersonPose> Poses) Read(BinaryReader reader)
    {
        var truth = new AnnotatedPerson[reader.ReadInt32()];
        for (int i = 0; i < truth.Length; i++)
        {
            Box box = ReadBox(reader);
            double area = reader.ReadDouble();
            (bool isCrowd, bool isIgnored) = (reader.ReadBoolean(), reader.ReadBoolean());
            var points = new KeyPoint[reader.ReadInt32()];
            for (int j = 0; j < points.Length; j++)
                points[j] = new KeyPoint(reader.ReadDouble(), reader.ReadDouble(), (KeyPointVisibility)reader.ReadByte());
            truth[i] = new AnnotatedPerson(box, area, [.. points]) { IsCrowd = isCrowd, IsIgnored = isIgnored };
        }

        var poses = new List<PersonPose>();
        for (int i = reader.ReadInt32(); i > 0; i--)
        {
            Box box = ReadBox(reader);
            (double score, double area) = (reader.ReadDouble(), reader.ReadDouble());
            var points = new PosePoint[reader.ReadInt32()];
            for (int j = 0; j < points.Length; j++)
                points[j] = new PosePoint(reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble());
            poses.Add(new PersonPose(box, score, [.. points]) { Area = area });
        }

        return ([.. truth], poses);
    }

    private static void Write(BinaryWriter writer, Box box)
    {
        writer.Write(box.X);
        writer.Write(box.Y);
        writer.Write(box.Width);
        writer.Write(box.Height);
    }

    private static Box ReadBox(BinaryReader reader) =>
        new(reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble());
}
