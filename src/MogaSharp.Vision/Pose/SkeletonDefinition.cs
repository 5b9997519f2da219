using System.Collections.Immutable;

namespace MogaSharp.Vision;

/// <summary>The joints of a kind of body, in the order in which networks, files and annotations have them.</summary>
public sealed record SkeletonDefinition
{
    /// <summary>The person of COCO: 17 joints.</summary>
    public static SkeletonDefinition Coco { get; } =
        new()
        {
            Name = "coco",
            Joints =
            [
                "nose",
                "left_eye",
                "right_eye",
                "left_ear",
                "right_ear",
                "left_shoulder",
                "right_shoulder",
                "left_elbow",
                "right_elbow",
                "left_wrist",
                "right_wrist",
                "left_hip",
                "right_hip",
                "left_knee",
                "right_knee",
                "left_ankle",
                "right_ankle",
            ],
            Limbs =
            [
                (15, 13),
                (13, 11),
                (16, 14),
                (14, 12),
                (11, 12),
                (5, 11),
                (6, 12),
                (5, 6),
                (5, 7),
                (6, 8),
                (7, 9),
                (8, 10),
                (1, 2),
                (0, 1),
                (0, 2),
                (1, 3),
                (2, 4),
                (3, 5),
                (4, 6),
            ],
            FlipPairs = [(1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 12), (13, 14), (15, 16)],
            Sigmas = [.026, .025, .025, .035, .035, .079, .079, .072, .072, .062, .062, .107, .107, .087, .087, .089, .089],
        };

    /// <summary>A skeleton by name; null when there is none.</summary>
    /// <param name="name">The name: <c>coco</c>.</param>
    public static SkeletonDefinition? Find(string name) => name == Coco.Name ? Coco : null;

    /// <summary>What the skeleton is called, such as <c>coco</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The names of the joints, such as <c>left_wrist</c>.</summary>
    public required ImmutableArray<string> Joints { get; init; }

    /// <summary>The places of joints between which a limb is drawn.</summary>
    public required ImmutableArray<(int From, int To)> Limbs { get; init; }

    /// <summary>The places of joints that change names when an image is mirrored.</summary>
    public required ImmutableArray<(int Left, int Right)> FlipPairs { get; init; }

    /// <summary>How far off people place each joint, as a fraction of the square root of the person's area: the scale of errors in the
    /// similarity of key points (OKS).</summary>
    public required ImmutableArray<double> Sigmas { get; init; }

    /// <summary>For each joint the place of the one that it becomes when an image is mirrored; its own in the middle.</summary>
    public ImmutableArray<int> Mirrored
    {
        get
        {
            int[] places = [.. Enumerable.Range(0, Joints.Length)];
            foreach ((int left, int right) in FlipPairs)
                (places[left], places[right]) = (right, left);
            return [.. places];
        }
    }
}
