namespace MogaSharp.Vision.Tests;

public sealed class PersonAnnotationTests
{
    private static readonly SkeletonDefinition Pair = SkeletonDefinition.Coco with
    {
        Joints = ["nose", "left_eye", "right_eye"],
        FlipPairs = [(1, 2)],
    };

    private static readonly PersonAnnotation Person = new(
        new AnnotatedPerson(
            new Box(2, 3, 4, 6),
            10,
            [
                new KeyPoint(3, 4, KeyPointVisibility.Visible),
                new KeyPoint(5, 4, KeyPointVisibility.Hidden),
                new KeyPoint(9, 9, KeyPointVisibility.Unlabeled),
            ]
        ),
        Pair
    );

    [Fact]
    public void Box_area_and_joints_are_moved()
    {
        AnnotatedPerson moved = Person.Apply(AffineMap.Scaling(2, 3).Then(AffineMap.Translation(-10, 0)), new ImageSize(4, 4)).Person;
        Assert.Equal((new Box(-6, 9, 8, 18), 60.0), (moved.Box, moved.Area));
        // Outside of the new image a joint stays labeled; one that was not labeled has no place.
        Assert.Equal(
            [new KeyPoint(-4, 12, KeyPointVisibility.Visible), new KeyPoint(0, 12, KeyPointVisibility.Hidden), default],
            moved.Points
        );
    }

    [Fact]
    public void Mirroring_changes_names()
    {
        AnnotatedPerson moved = Person.Apply(AffineMap.FlipHorizontally(20), new ImageSize(20, 20)).Person;
        Assert.Equal(
            [new KeyPoint(17, 4, KeyPointVisibility.Visible), default, new KeyPoint(15, 4, KeyPointVisibility.Hidden)],
            moved.Points
        );
        Assert.Equal((new Box(14, 3, 4, 6), 10.0), (moved.Box, moved.Area));
        Assert.Equal(Person.Person.Points[..2], Person.Apply(AffineMap.Identity, new ImageSize(20, 20)).Person.Points[..2]);
    }
}
