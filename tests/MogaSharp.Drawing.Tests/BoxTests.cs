using FsCheck;
using FsCheck.Fluent;
using MogaSharp.Imaging;
using SkiaSharp;

namespace MogaSharp.Drawing.Tests;

/// <summary>Boxes and their labels.</summary>
public sealed class BoxTests
{
    private static readonly RgbColor Color = Palette.Color(0);

    private static readonly Config Settings = Config.QuickThrowOnFailure.WithMaxTest(60).WithReplay(7, 9);

    [Fact]
    public void Edges_have_the_color_and_nothing_else_changes()
    {
        RgbImage image = Pictures.Noise(60, 50);
        RgbImage drawn = Pictures.Drawn(image, canvas => canvas.DrawBoxes([new(10.2f, 5, 39.9f, 30.4f, Color)]), new DrawingScale(12, 3));
        foreach ((int x, int y, RgbColor color) in drawn.All())
        {
            bool isIn = x is >= 10 and < 40 && y is >= 5 and < 30;
            bool isEdge = isIn && (x < 13 || x >= 37 || y < 8 || y >= 27);
            Assert.Equal(isEdge ? Color : image.At(x, y), color);
        }
    }

    [Fact]
    public void What_is_outside_is_cut_off_and_boxes_may_be_turned_or_flat()
    {
        RgbImage image = Pictures.Plain(20, 20, RgbColor.White);
        RgbImage drawn = Pictures.Drawn(
            image,
            canvas => canvas.DrawBoxes([new(-10, -1e30f, 10, 10, Color), new(1e9f, 0, 2e9f, 5, Color, "far")])
        );
        Assert.All(
            drawn.All(),
            pixel => Assert.Equal((pixel.X == 9 && pixel.Y < 10) || (pixel.Y == 9 && pixel.X < 10) ? Color : RgbColor.White, pixel.Color)
        );
        RgbImage flat = Pictures.Drawn(image, canvas => canvas.DrawBoxes([new(15, 4, 5, 4, Color)]));
        Assert.Equal((5, 4, 15, 5), Pictures.Difference(image, flat));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Edges_that_are_not_finite_are_refused_before_anything_is_drawn(float edge)
    {
        RgbImage image = Pictures.Plain(20, 20, RgbColor.White);
        using var canvas = new Canvas(image);
        string message = Assert
            .Throws<ArgumentException>(() => canvas.DrawBoxes([new(1, 1, 9, 9, Color), new(1, edge, 9, 9, Color)]))
            .Message;
        Assert.StartsWith("A box has an edge that is not finite: 1, ", message, StringComparison.Ordinal);
        Assert.Equal(image.Pixels, canvas.ToImage().Pixels);
    }

    [Theory]
    [InlineData("#ffe119")]
    [InlineData("#000075")]
    [InlineData("#808080")]
    public void A_label_has_text_that_contrasts_on_a_ground_of_the_boxs_color(string ground)
    {
        var color = RgbColor.Parse(ground);
        RgbImage image = Pictures.Noise(300, 200);
        LabeledBox box = new(100, 80, 200, 150, color, "person 0.98");
        RgbImage bare = Pictures.Drawn(image, canvas => canvas.DrawBoxes([box with { Label = null }])),
            drawn = Pictures.Drawn(image, canvas => canvas.DrawBoxes([box]));
        (int left, int top, int right, int bottom) = Pictures.Difference(bare, drawn)!.Value;
        // Above the box, from its left edge on.
        Assert.Equal((100, 80), (left, bottom));
        RgbColor[] label =
        [
            .. drawn
                .All()
                .Where(pixel => pixel.X >= left && pixel.X < right && pixel.Y >= top && pixel.Y < bottom)
                .Select(pixel => pixel.Color),
        ];
        Assert.InRange(label.Count(pixel => pixel == color) / (double)label.Length, 0.5, 0.9);
        // Strokes reach the full color of text, for a contrast that WCAG asks of it.
        int strokes = label.Count(pixel => pixel.Contrast(color) >= 4.5);
        Assert.InRange(strokes / (double)label.Length, 0.02, 0.4);
    }

    [Fact]
    public void Labels_of_random_boxes_stay_whole_inside_the_picture() =>
        Check(
            Case,
            boxes =>
            {
                var scale = new DrawingScale(12, 1);
                foreach (LabeledBox box in boxes)
                {
                    RgbImage image = Pictures.Plain(160, 120, new(1, 2, 3));
                    RgbImage bare = Pictures.Drawn(image, canvas => canvas.DrawBoxes([box with { Label = null }]), scale);
                    RgbImage drawn = Pictures.Drawn(image, canvas => canvas.DrawBoxes([box]), scale);
                    LabelText text = LabelText.Within(box.Label!, scale, 160, 120)!;
                    bool isOutside = box.Right <= 0 || box.Left >= 160 || box.Bottom <= 0 || box.Top >= 120;
                    if (Pictures.Difference(bare, drawn) is not { } label)
                    {
                        Assert.True(isOutside);
                        continue;
                    }

                    // Where the label lies on an edge of its own color, that part of its ground is there before.
                    Assert.InRange(label.Right - label.Left, text.Width - 2, text.Width);
                    Assert.InRange(label.Bottom - label.Top, text.Height - 2, text.Height);
                }
            }
        );

    // Every place is tried: a label covers another one only where each place near its box would.
    [Fact]
    public void Labels_cover_each_other_only_where_that_cannot_be_avoided() =>
        Check(
            Case,
            boxes =>
            {
                const int Width = 160,
                    Height = 120,
                    LabelWidth = 50,
                    LabelHeight = 14;
                var places = new LabelPlacer(Width, Height);
                List<SKRectI> taken = [];
                foreach (LabeledBox box in boxes)
                {
                    SKRectI edges = SKRectI.Intersect(
                        new((int)box.Left, (int)box.Top, (int)box.Right, (int)box.Bottom),
                        SKRectI.Create(Width, Height)
                    );
                    if (edges.Width <= 0 || edges.Height <= 0)
                        continue;
                    SKRectI place = places.Place(edges, LabelWidth, LabelHeight);
                    Assert.Equal((LabelWidth, LabelHeight), (place.Width, place.Height));
                    Assert.True(place is { Left: >= 0, Top: >= 0, Right: <= Width, Bottom: <= Height });
                    SKRectI near = SKRectI.Inflate(edges, 2 * LabelHeight, 2 * LabelHeight);
                    Assert.True(
                        place.Left <= near.Right && place.Right >= near.Left && place.Top <= near.Bottom && place.Bottom >= near.Top
                    );
                    if (taken.Exists(other => other.IntersectsWith(place)))
                    {
                        for (int left = Math.Max(0, near.Left - LabelWidth); left <= Math.Min(near.Right, Width - LabelWidth); left++)
                        for (int top = Math.Max(0, near.Top - LabelHeight); top <= Math.Min(near.Bottom, Height - LabelHeight); top++)
                            Assert.True(taken.Exists(other => other.IntersectsWith(SKRectI.Create(left, top, LabelWidth, LabelHeight))));
                    }

                    taken.Add(place);
                }
            }
        );

    [Fact]
    public void Labels_avoid_legends_and_captions_that_were_there()
    {
        RgbImage image = Pictures.Plain(400, 300, RgbColor.Black);
        Legend legend = Legend.OfClasses(["one", "two"]);
        RgbImage before = Pictures.Drawn(image, canvas => canvas.DrawLegend(legend, Corner.TopLeft));
        (int left, int top, int right, int bottom) = Pictures.Difference(image, before)!.Value;
        RgbImage after = Pictures.Drawn(
            image,
            canvas =>
            {
                canvas.DrawLegend(legend, Corner.TopLeft);
                canvas.DrawBoxes([new(right + 2, bottom + 2, 300, 200, Color), new(left, bottom + 1, 200, 200, Color, "label")]);
            }
        );
        for (int y = top; y < bottom; y++)
        for (int x = left; x < right; x++)
            Assert.Equal(before.At(x, y), after.At(x, y));
    }

    [Fact]
    public void A_label_that_is_too_wide_ends_in_an_ellipsis_and_one_without_room_is_left_out()
    {
        var scale = new DrawingScale(12, 1);
        LabelText cut = LabelText.Within(new string('m', 100), scale, 100, 100)!;
        Assert.InRange(cut.Width, 80, 100);
        Assert.EndsWith("…", Assert.Single(cut.Line.Runs).Text, StringComparison.Ordinal);
        Assert.Null(LabelText.Within("label", scale, 100, 7));
        Assert.Null(LabelText.Within("label", scale, 6, 100));
        RgbImage tiny = Pictures.Plain(6, 6, RgbColor.White);
        Assert.Equal(
            Pictures.Drawn(tiny, canvas => canvas.DrawBoxes([new(1, 1, 5, 5, Color)])).Pixels,
            Pictures.Drawn(tiny, canvas => canvas.DrawBoxes([new(1, 1, 5, 5, Color, "cat")])).Pixels
        );
    }

    private static Gen<LabeledBox[]> Case =>
        from boxes in Gen.ArrayOf(
            from left in Gen.Choose(-40, 170)
            from top in Gen.Choose(-40, 130)
            from width in Gen.Choose(1, 120)
            from height in Gen.Choose(1, 100)
            from label in Gen.Elements("cat", "person 0.98", "Ж", "a label that is wider than the whole picture is", "ÅÊ, gjpq")
            select new LabeledBox(left, top, left + width, top + height, Color, label)
        )
        select boxes;

    private static void Check(Gen<LabeledBox[]> cases, Action<LabeledBox[]> law) => Prop.ForAll(Arb.From(cases), law).Check(Settings);
}
