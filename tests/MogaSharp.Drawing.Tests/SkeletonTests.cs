using MogaSharp.Imaging;

namespace MogaSharp.Drawing.Tests;

/// <summary>Skeletons.</summary>
public sealed class SkeletonTests
{
    private static readonly RgbColor Red = new(255, 0, 0),
        Blue = new(0, 0, 255);
    private static readonly RgbImage Paper = Pictures.Plain(100, 60, RgbColor.White);
    private static readonly DrawingScale Scale = new(12, 4);

    [Fact]
    public void Points_and_bones_have_their_colors()
    {
        var skeleton = new Skeleton([new(20, 30), new(80, 30), new(50, 10)], [(0, 1)], Red)
        {
            EdgeColors = [Blue],
            PointColors = [Red, Red, new(0, 128, 0)],
        };
        RgbImage drawn = Pictures.Drawn(Paper, canvas => canvas.DrawSkeleton(skeleton), Scale);
        Assert.Equal((Red, Red, Blue, new RgbColor(0, 128, 0)), (drawn.At(20, 30), drawn.At(80, 30), drawn.At(50, 30), drawn.At(50, 10)));
        Assert.Equal(
            (Red, Blue),
            (
                Plain(skeleton with { EdgeColors = [], PointColors = [] }).At(50, 30),
                Plain(skeleton with { EdgeColors = [], PointColors = [], Color = Blue }).At(20, 30)
            )
        );

        static RgbImage Plain(Skeleton skeleton) => Pictures.Drawn(Paper, canvas => canvas.DrawSkeleton(skeleton), Scale);
    }

    [Theory]
    [InlineData(80, 30, 0.2f)]
    [InlineData(80, 30, 0)]
    [InlineData(80, 30, float.NaN)]
    [InlineData(float.NaN, 30, 1)]
    [InlineData(80, float.PositiveInfinity, 1)]
    public void What_is_not_visible_is_left_out_with_its_bones(float x, float y, float score)
    {
        var seen = new Skeleton([new(20, 30)], [], Red);
        var both = new Skeleton([new(20, 30), new(x, y, score)], [(0, 1)], Red);
        Assert.Equal(
            Pictures.Drawn(Paper, canvas => canvas.DrawSkeleton(seen), Scale).Pixels,
            Pictures.Drawn(Paper, canvas => canvas.DrawSkeleton(both), Scale).Pixels
        );
    }

    [Fact]
    public void A_lower_bound_shows_unsure_points() =>
        Assert.Equal(
            Red,
            Pictures.Drawn(Paper, canvas => canvas.DrawSkeleton(new([new(20, 30, 0.1f)], [], Red) { MinScore = 0 }), Scale).At(20, 30)
        );

    [Fact]
    public void Edges_and_colors_must_fit_the_points()
    {
        using var canvas = new Canvas(Paper);
        Assert.StartsWith(
            "An edge leads to point 2; there are 2 points.",
            Message(new([new(1, 1), new(2, 2)], [(0, 2)], Red)),
            StringComparison.Ordinal
        );
        Assert.StartsWith(
            "An edge leads to point -1; there are 2 points.",
            Message(new([new(1, 1), new(2, 2)], [(-1, 1)], Red)),
            StringComparison.Ordinal
        );
        Assert.StartsWith(
            "There are 1 colors for 2 points.",
            Message(new([new(1, 1), new(2, 2)], [], Red) { PointColors = [Red] }),
            StringComparison.Ordinal
        );
        Assert.StartsWith(
            "There are 2 colors for 1 edges.",
            Message(new([new(1, 1), new(2, 2)], [(0, 1)], Red) { EdgeColors = [Red, Red] }),
            StringComparison.Ordinal
        );
        Assert.Equal(Paper.Pixels, canvas.ToImage().Pixels);

        string Message(Skeleton skeleton) => Assert.Throws<ArgumentException>(() => canvas.DrawSkeleton(skeleton)).Message;
    }
}
