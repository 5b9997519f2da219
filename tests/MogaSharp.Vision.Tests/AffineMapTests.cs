using FsCheck;
using FsCheck.Fluent;

namespace MogaSharp.Vision.Tests;

public sealed class AffineMapTests
{
    [Fact]
    public void Corners_go_where_the_operations_say()
    {
        Assert.Equal((0, 0), AffineMap.Identity.Apply(0, 0));
        Assert.Equal((20, 45), AffineMap.Resize(new(10, 30), new(20, 45)).Apply(10, 30));
        Assert.Equal((7, 1), AffineMap.Crop(3, 4).Apply(10, 5));
        Assert.Equal((0, 5), AffineMap.FlipHorizontally(10).Apply(10, 5));
        Assert.Equal((10, 0), AffineMap.FlipVertically(5).Apply(10, 5));
        // The pixel in the last column becomes that in the first one: their centers are half a pixel from the edges.
        Assert.Equal((0.5, 0.5), AffineMap.FlipHorizontally(10).Apply(9.5, 0.5));
        AffineMap cut = AffineMap.Crop(2, 1).Then(AffineMap.Resize(new(4, 4), new(8, 2)));
        Assert.Equal((0, 0), cut.Apply(2, 1));
        Assert.Equal((8, 2), cut.Apply(6, 5));
        Assert.True(cut.KeepsAxes);
        Assert.Equal(1, cut.Determinant);
        Assert.Equal(-1, AffineMap.FlipVertically(5).Determinant);
    }

    [Fact]
    public void A_map_and_its_inverse_cancel_out() =>
        Prop.ForAll(
                Gen.Choose(-1000, 1000).Select(value => value / 100.0).ArrayOf(8).ToArbitrary(),
                v =>
                {
                    var map = new AffineMap(v[0], v[1], v[2], v[3], v[4], v[5]);
                    if (Math.Abs(map.Determinant) < 0.01)
                        return;
                    (double x, double y) = map.Apply(v[6], v[7]);
                    (double backX, double backY) = map.Inverse().Apply(x, y);
                    (double sameX, double sameY) = map.Then(map.Inverse()).Apply(v[6], v[7]);
                    // Factors to 10 and a determinant from 0.01: errors grow by at most 200 / 0.01 units of the last place.
                    Assert.Equal(v[6], backX, 1e-8);
                    Assert.Equal(v[7], backY, 1e-8);
                    Assert.Equal(v[6], sameX, 1e-8);
                    Assert.Equal(v[7], sameY, 1e-8);
                }
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void A_map_onto_a_line_has_no_inverse()
    {
        Assert.Throws<ArgumentException>(() => AffineMap.Scaling(0, 1).Inverse());
        Assert.Throws<ArgumentException>(() => default(AffineMap).Inverse());
    }

    [Fact]
    public void Key_points_follow_and_change_names_when_mirrored()
    {
        var points = new KeyPoints(
            [new(2, 3, KeyPointVisibility.Visible), new(8, 3, KeyPointVisibility.Hidden), new(5, 1, KeyPointVisibility.Visible)],
            [(0, 1)]
        );
        var size = new ImageSize(10, 6);
        var mirrored = (KeyPoints)points.Apply(AffineMap.FlipHorizontally(10), size);
        Assert.Equal(
            [new(2, 3, KeyPointVisibility.Hidden), new(8, 3, KeyPointVisibility.Visible), new(5, 1, KeyPointVisibility.Visible)],
            mirrored.Points
        );
        Assert.Equal(points, mirrored.Apply(AffineMap.FlipHorizontally(10), size));
        // Turned by half a turn nothing is mirrored.
        var turned = (KeyPoints)points.Apply(AffineMap.FlipHorizontally(10).Then(AffineMap.FlipVertically(6)), size);
        Assert.Equal(new KeyPoint(8, 3, KeyPointVisibility.Visible), turned.Points[0]);
        var cut = (KeyPoints)points.Apply(AffineMap.Crop(4, 0), new(6, 6));
        Assert.Equal(KeyPointVisibility.Unlabeled, cut.Points[0].Visibility);
        Assert.Equal(new KeyPoint(4, 3, KeyPointVisibility.Hidden), cut.Points[1]);
        Assert.Same(Third, Third.Apply(AffineMap.FlipVertically(6), size));
    }

    private static readonly ClassIndex Third = new(3);
}
