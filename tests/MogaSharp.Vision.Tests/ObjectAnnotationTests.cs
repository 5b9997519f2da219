namespace MogaSharp.Vision.Tests;

public sealed class ObjectAnnotationTests
{
    private static readonly ImageSize Size = new(6, 4);

    // Columns 1 to 3 of the rows 1 and 2, without the pixel (3, 2).
    private static readonly byte[] Pixels =
    [
        .. new byte[] { 0, 0, 0, 0, 0, 0 },
        .. new byte[] { 0, 1, 1, 1, 0, 0 },
        .. new byte[] { 0, 1, 1, 0, 0, 0 },
        .. new byte[] { 0, 0, 0, 0, 0, 0 },
    ];

    private static readonly ObjectAnnotation Shape = new(
        new AnnotatedObject(new Box(1, 1, 3, 2), 5, 7) { IsCrowd = true, Mask = RunLengthMask.FromPixels(Pixels, Size) }
    );

    [Fact]
    public void A_box_is_moved_and_cut_off_at_the_edges()
    {
        var annotation = new ObjectAnnotation(new AnnotatedObject(new Box(2, 3, 4, 6), 12, 1) { IsCrowd = true });
        AnnotatedObject moved = annotation.Apply(AffineMap.Scaling(2, 3).Then(AffineMap.Translation(-8, 0)), new ImageSize(50, 18)).Object;
        // It would be 8 x 18 at (-4, 9): half of it is to the left of the image, half of the rest below it.
        Assert.Equal(new AnnotatedObject(new Box(0, 9, 4, 9), 12 * 6 / 4.0, 1) { IsCrowd = true }, moved);
        Assert.Equal(annotation, annotation.Apply(AffineMap.Identity, new ImageSize(6, 9)));
        moved = annotation.Apply(AffineMap.FlipHorizontally(20), new ImageSize(20, 20)).Object;
        Assert.Equal((new Box(14, 3, 4, 6), 12.0), (moved.Box, moved.Area));
    }

    [Theory]
    [InlineData(-20, 0)]
    [InlineData(20, 0)]
    [InlineData(0, -20)]
    [InlineData(0, 20)]
    public void What_comes_to_lie_outside_has_no_extent(double x, double y)
    {
        AffineMap map = AffineMap.Translation(x, y);
        AnnotatedObject moved = Shape.Apply(map, Size).Object;
        Assert.Equal((0.0, 0.0, 0), (moved.Box.Area, moved.Area, moved.Mask!.Area));
        Assert.Equal(Size, moved.Mask.Size);
        Assert.InRange(moved.Box.X, 0, Size.Width);
        Assert.InRange(moved.Box.Y, 0, Size.Height);
        moved = new ObjectAnnotation(Shape.Object with { Mask = null }).Apply(map, Size).Object;
        Assert.Equal((0.0, 0.0), (moved.Box.Area, moved.Area));
    }

    [Fact]
    public void A_mask_goes_where_the_pixels_go()
    {
        Assert.Equal(Shape, Shape.Apply(AffineMap.Identity, Size));
        AnnotatedObject mirrored = Shape.Apply(AffineMap.FlipHorizontally(6), Size).Object;
        Assert.Equal((new Box(2, 1, 3, 2), 5.0), (mirrored.Box, mirrored.Area));
        Assert.Equal(Mirrored(Pixels, 6), Unpacked(mirrored.Mask!));
        // Each pixel becomes six; then the left half is cut off.
        AffineMap map = AffineMap.Scaling(2, 3).Then(AffineMap.Crop(4, 0));
        AnnotatedObject cut = Shape.Apply(map, new ImageSize(8, 12)).Object;
        Assert.Equal((new Box(0, 3, 4, 6), (2 + 1) * 6.0), (cut.Box, cut.Area));
        Assert.Equal((7, true), (cut.Label, cut.IsCrowd));
        byte[] expected = new byte[8 * 12];
        for (int y = 0; y < 12; y++)
        for (int x = 0; x < 8; x++)
            expected[(y * 8) + x] = Pixels[(y / 3 * 6) + ((x + 4) / 2)];
        Assert.Equal(expected, Unpacked(cut.Mask!));
    }

    // The rule of label maps, which is tested by itself.
    [Fact]
    public void Masks_are_moved_as_label_maps_are()
    {
        var random = new Random(4);
        for (int i = 0; i < 200; i++)
        {
            ImageSize size = new(1 + random.Next(30), 1 + random.Next(30)),
                target = new(1 + random.Next(40), 1 + random.Next(40));
            byte[] pixels = new byte[size.Width * size.Height];
            for (int k = 0; k < pixels.Length; k++)
                pixels[k] = (byte)(random.NextDouble() < 0.6 ? 1 : 0);
            var map = new AffineMap(Factor(), i % 2 * Factor(), 9 * Factor(), i % 2 * Factor(), Factor(), 9 * Factor());
            LabelMap expected = new LabelMap(size, pixels).Apply(map, target);
            byte[] inside = [.. expected.Labels.Select(label => (byte)(label == 1 ? 1 : 0))];
            Assert.Equal(inside, Unpacked(RunLengthMask.FromPixels(pixels, size).Apply(map, target)));
        }

        double Factor() => (random.NextDouble() * 4) - 2;
    }

    [Fact]
    public void A_map_without_an_inverse_is_refused() => Assert.Throws<ArgumentException>(() => Shape.Apply(AffineMap.Scaling(0, 1), Size));

    private static byte[] Mirrored(byte[] pixels, int width) => [.. pixels.Chunk(width).SelectMany(row => row.Reverse())];

    private static byte[] Unpacked(RunLengthMask mask)
    {
        byte[] pixels = new byte[mask.Size.Width * mask.Size.Height];
        mask.CopyTo(pixels);
        return pixels;
    }
}
