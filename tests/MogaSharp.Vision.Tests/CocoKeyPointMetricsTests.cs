using System.Collections.Immutable;
using System.Text.Json;
using MogaSharp.Testing;

namespace MogaSharp.Vision.Tests;

public sealed class CocoKeyPointMetricsTests
{
    private static readonly SkeletonDefinition Skeleton = SkeletonDefinition.Coco;
    private static readonly JsonElement Truths = Json("metrics", "keypoints_gt.json");
    private static readonly JsonElement Results = Json("metrics", "keypoints_results.json");
    private static readonly JsonElement Suppression = Json("pose", "units", "oks_nms.json");

    [Fact]
    public void Figures_are_those_of_pycocotools()
    {
        JsonElement expected = Json("metrics", "coco_expected.json");
        string[] names = [.. expected.GetProperty("names_keypoints").EnumerateArray().Select(name => name.GetString()!)];
        IReadOnlyDictionary<string, double> figures = Counted(Poses()).Figures();
        Assert.Equal(names, figures.Keys);
        foreach ((JsonElement value, string name) in expected.GetProperty("keypoints").GetProperty("stats").EnumerateArray().Zip(names))
            Assert.InRange(figures[name], value.GetDouble() - 1e-9, value.GetDouble() + 1e-9);
    }

    // Poses of one image may be counted by several processes, as persons are shared out, not images.
    [Fact]
    public void Counted_in_parts_and_merged_it_is_the_same()
    {
        (long Image, PersonPose Pose)[] poses = [.. Poses()];
        CocoKeyPointMetrics whole = Counted(poses),
            merged = Counted([]);
        merged.Merge(Counted(poses[..31]).Save());
        merged.Merge(Counted(poses[31..]).Save());
        Assert.Equal(poses.Length, merged.Count);
        Assert.Equal(whole.Figures(), merged.Figures());
        Assert.Equal(whole.Save(), merged.Save());
    }

    [Fact]
    public void Without_persons_to_find_nothing_is_a_number()
    {
        var metrics = new CocoKeyPointMetrics([(3, [])], Skeleton);
        metrics.Add(3, Poses().First().Pose);
        Assert.All(metrics.Figures().Values, value => Assert.True(double.IsNaN(value)));
    }

    [Fact]
    public void Without_poses_nothing_is_found()
    {
        IReadOnlyDictionary<string, double> figures = Counted([]).Figures();
        Assert.Equal(10, figures.Count);
        Assert.All(figures.Values, value => Assert.Equal(0, value));
    }

    [Fact]
    public void Suppression_takes_part_when_it_is_set()
    {
        (long Image, PersonPose Pose)[] poses = [.. Poses()];
        var suppression = new PoseSuppression(Skeleton);
        (long Image, PersonPose Pose)[] kept =
        [
            .. poses
                .GroupBy(pose => pose.Image)
                .SelectMany(image =>
                    suppression.Suppress([.. image.Select(one => suppression.Rescore(one.Pose))]).Select(pose => (image.Key, pose))
                ),
        ];
        Assert.NotEqual(Counted(poses).Figures(), Counted(kept).Figures());
        Assert.Equal(Counted(kept).Figures(), Counted(poses, suppression).Figures());
    }

    [Fact]
    public void Poses_are_rescored_as_the_official_code_does()
    {
        var suppression = new PoseSuppression(Skeleton) { JointThreshold = Suppression.GetProperty("vis_thr").GetDouble() };
        foreach (JsonElement person in Suppression.GetProperty("people").EnumerateArray())
        {
            double expected = person.GetProperty("expected_score").GetDouble();
            Assert.InRange(suppression.Rescore(Person(person)).Score, expected - 1e-12, expected + 1e-12);
        }

        PersonPose unsure = Person(Suppression.GetProperty("people")[0]);
        Assert.Equal(0, suppression.Rescore(unsure with { Points = [.. unsure.Points.Select(point => point with { Score = 0.2 })] }).Score);
    }

    [Theory]
    [InlineData("0.9")]
    [InlineData("0.5")]
    [InlineData("0.2")]
    public void The_same_poses_are_suppressed_as_by_the_official_code(string threshold)
    {
        PersonPose[] people =
        [
            .. Suppression
                .GetProperty("people")
                .EnumerateArray()
                .Select(person => Person(person) with { Score = person.GetProperty("expected_score").GetDouble() }),
        ];
        int[] kept = [.. Suppression.GetProperty("kept").GetProperty(threshold).EnumerateArray().Select(place => place.GetInt32())];
        var suppression = new PoseSuppression(Skeleton) { SimilarityThreshold = double.Parse(threshold) };
        Assert.Equal(kept.Select(place => people[place]), suppression.Suppress(people));
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        CocoKeyPointMetrics metrics = Counted([]);
        PersonPose pose = Poses().First().Pose;
        ArgumentException wrong = Assert.Throws<ArgumentException>(() => metrics.Add(1, pose));
        Assert.StartsWith("The image 1 is not one of the 20 that are evaluated.", wrong.Message);
        PersonPose small = pose with { Points = pose.Points[..16] };
        wrong = Assert.Throws<ArgumentException>(() => metrics.Add(500, small));
        Assert.StartsWith("There are 16 joints, the skeleton has 17.", wrong.Message);
        wrong = Assert.Throws<ArgumentException>(() => new PoseSuppression(Skeleton).Suppress([small]));
        Assert.StartsWith("A pose has 16 joints, the skeleton has 17.", wrong.Message);
        wrong = Assert.Throws<ArgumentException>(() => new CocoKeyPointMetrics([(1, []), (1, [])], Skeleton));
        Assert.StartsWith("The image 1 comes twice.", wrong.Message);
        byte[] saved = Counted(Poses()).Save();
        Assert.Throws<ArgumentException>(() => metrics.Merge(saved.AsSpan(1)));
        wrong = Assert.Throws<ArgumentException>(() => new CocoKeyPointMetrics([(500, [])], Skeleton).Merge(saved));
        Assert.StartsWith("A pose is of the image 503, which is not evaluated here.", wrong.Message);
        Assert.Equal(0, metrics.Count);
    }

    private static CocoKeyPointMetrics Counted(IEnumerable<(long Image, PersonPose Pose)> poses, PoseSuppression? suppression = null)
    {
        ILookup<long, AnnotatedPerson> persons = Truths
            .GetProperty("annotations")
            .EnumerateArray()
            .ToLookup(annotation => annotation.GetProperty("image_id").GetInt64(), Annotated);
        var metrics = new CocoKeyPointMetrics(
            Truths
                .GetProperty("images")
                .EnumerateArray()
                .Select(image => image.GetProperty("id").GetInt64())
                // In another order than that of the numbers, which is the one that counts.
                .Reverse()
                .Select(id => (id, persons[id].ToImmutableArray())),
            Skeleton
        )
        {
            Suppression = suppression,
        };
        foreach ((long image, PersonPose pose) in poses)
            metrics.Add(image, pose);
        return metrics;
    }

    private static AnnotatedPerson Annotated(JsonElement annotation)
    {
        double[] box = Doubles(annotation.GetProperty("bbox"));
        bool isCrowd = annotation.GetProperty("iscrowd").GetInt32() != 0;
        return new AnnotatedPerson(
            new Box(box[0], box[1], box[2], box[3]),
            annotation.GetProperty("area").GetDouble(),
            [
                .. Doubles(annotation.GetProperty("keypoints"))
                    .Chunk(3)
                    .Select(point => new KeyPoint(point[0], point[1], (KeyPointVisibility)point[2])),
            ]
        )
        {
            IsCrowd = isCrowd,
            IsIgnored = annotation.GetProperty("num_keypoints").GetInt32() == 0,
        };
    }

    private static IEnumerable<(long Image, PersonPose Pose)> Poses() =>
        Results
            .EnumerateArray()
            .Select(result =>
                (
                    result.GetProperty("image_id").GetInt64(),
                    new PersonPose(default, result.GetProperty("score").GetDouble(), Points(Doubles(result.GetProperty("keypoints"))))
                    {
                        Area = 5000,
                    }
                )
            );

    private static PersonPose Person(JsonElement person) =>
        new(
            default,
            person.GetProperty("box_score").GetDouble(),
            Points([.. person.GetProperty("keypoints").EnumerateArray().SelectMany(Doubles)])
        )
        {
            Area = person.GetProperty("area").GetDouble(),
        };

    private static ImmutableArray<PosePoint> Points(double[] values) =>
        [.. values.Chunk(3).Select(point => new PosePoint(point[0], point[1], point[2]))];

    private static double[] Doubles(JsonElement numbers) => [.. numbers.EnumerateArray().Select(number => number.GetDouble())];

    private static JsonElement Json(params string[] path) =>
        JsonDocument.Parse(File.ReadAllText(Repository.Fixture(["dense", .. path]))).RootElement;
}
