namespace MogaSharp.Vision.Tests;

public sealed class LabelMapTests
{
    private static readonly LabelMap Map = new(new ImageSize(3, 2), [1, 2, 3, 4, 5, 255]);

    [Fact]
    public void Flipped_labels_change_sides() =>
        Assert.Equal(new LabelMap(Map.Size, [3, 2, 1, 255, 5, 4]), Map.Apply(AffineMap.FlipHorizontally(3), Map.Size));

    [Fact]
    public void A_crop_beyond_the_border_is_ignored_there() =>
        Assert.Equal(new LabelMap(new ImageSize(3, 2), [5, 255, 255, 255, 255, 255]), Map.Apply(AffineMap.Crop(1, 1), new ImageSize(3, 2)));

    [Fact]
    public void Twice_the_size_repeats_every_label()
    {
        var size = new ImageSize(6, 4);
        LabelMap twice = Map.Apply(AffineMap.Resize(Map.Size, size), size);
        Assert.Equal([1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 255, 255, 4, 4, 5, 5, 255, 255], twice.Labels);
        Assert.Equal(Map, twice.Apply(AffineMap.Resize(size, Map.Size), Map.Size));
    }

    [Fact]
    public void A_quarter_turn_makes_rows_of_columns()
    {
        // Clockwise: the left column becomes the upper row, from right to left.
        var turn = new AffineMap(0, -1, 2, 1, 0, 0);
        Assert.Equal(new LabelMap(new ImageSize(2, 3), [4, 1, 5, 2, 255, 3]), Map.Apply(turn, new ImageSize(2, 3)));
    }

    [Fact]
    public void The_histogram_counts_every_label()
    {
        int[] counts = new LabelMap(new ImageSize(2, 2), [7, 255, 7, 0]).Histogram();
        Assert.Equal(256, counts.Length);
        Assert.Equal((1, 2, 1, 4), (counts[0], counts[7], counts[255], counts.Sum()));
    }

    [Fact]
    public void Labels_that_do_not_fill_the_image_are_refused() =>
        Assert.StartsWith(
            "3 x 2 pixels do not have 5 labels.",
            Assert.Throws<ArgumentException>(() => new LabelMap(Map.Size, new byte[5])).Message
        );
}
