using System.Collections.Immutable;
using System.Text.Json;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>Poses that were found, in COCO's form for results of key points: a list of image, category, key points and score.</summary>
public static class CocoPoseResults
{
    /// <summary>Reads a file.</summary>
    /// <param name="path">The file, at most 1 GiB.</param>
    /// <param name="truth">The images that poses may be of.</param>
    /// <returns>The poses with the numbers of their images, in the order of the file. A pose without <c>bbox</c> has the box around its
    /// joints.</returns>
    /// <exception cref="DatasetException">The file is not such JSON, or an entry does not fit: a number is missing or not finite, a pose
    /// has other joints, or an image or a category is unknown.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public static ImmutableArray<(long Image, PersonPose Pose)> Load(string path, CocoKeyPoints truth)
    {
        CocoResultJson[] results = CocoContext.Read(path, CocoContext.Default.CocoResultJsonArray);
        var poses = ImmutableArray.CreateBuilder<(long, PersonPose)>(results.Length);
        for (int i = 0; i < results.Length; i++)
        {
            string entry = $"[{i}]";
            CocoResultJson result = results[i] ?? throw CocoRules.Wrong(path, entry, "It is null.");
            if (truth.Find(result.ImageId) is null)
                throw CocoRules.Wrong(path, entry, $"There is no image with the id {result.ImageId} in '{truth.FilePath}'.");
            if (result.CategoryId != truth.CategoryId)
                throw CocoRules.Wrong(path, entry, $"The category is {result.CategoryId}, that of the images is {truth.CategoryId}.");
            if (!double.IsFinite(result.Score))
                throw CocoRules.Wrong(path, entry, "The score is not a finite number.");
            if (CocoRules.ProblemOfPoints(result.Keypoints, truth.Skeleton) is { } problem)
                throw CocoRules.Wrong(path, entry, problem);
            ImmutableArray<PosePoint> points = [.. result.Keypoints.Chunk(3).Select(point => new PosePoint(point[0], point[1], point[2]))];
            Box box = result.Bbox is null
                ? Around(points)
                : CocoRules.BoxOf(result.Bbox) ?? throw CocoRules.Wrong(path, entry, CocoRules.NoBox);
            poses.Add((result.ImageId, new PersonPose(box, result.Score, points)));
        }

        return poses.MoveToImmutable();
    }

    /// <summary>Writes a file, which appears under its name only when it is complete.</summary>
    /// <param name="path">The file; an older one of that name is replaced.</param>
    /// <param name="poses">The poses with the numbers of their images.</param>
    /// <param name="categoryId">The number of their category, such as <see cref="CocoKeyPoints.CategoryId"/>.</param>
    /// <exception cref="ArgumentException">A number of a pose is not finite.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Save(string path, IEnumerable<(long Image, PersonPose Pose)> poses, long categoryId = 1)
    {
        CocoResultJson[] results = [.. poses.Select(pose => ToJson(pose.Image, pose.Pose, categoryId))];
        AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, results, CocoContext.Default.CocoResultJsonArray));
    }

    private static CocoResultJson ToJson(long image, PersonPose pose, long categoryId)
    {
        double[] points = [.. pose.Points.SelectMany(point => (double[])[point.X, point.Y, point.Score])],
            box = [pose.Box.X, pose.Box.Y, pose.Box.Width, pose.Box.Height];
        if (!points.Concat(box).Append(pose.Score).All(double.IsFinite))
            throw new ArgumentException($"A pose in the image {image} has a number that is not finite.", nameof(pose));
        return new CocoResultJson(image, categoryId, points, pose.Score, box);
    }

    private static Box Around(ImmutableArray<PosePoint> points) =>
        Box.FromCorners(
            points.Min(point => point.X),
            points.Min(point => point.Y),
            points.Max(point => point.X),
            points.Max(point => point.Y)
        );
}
