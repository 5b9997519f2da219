using System.Collections.Immutable;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data.Tests;

public sealed class CopyPasteTests
{
    private static readonly ImageSize Size = new(24, 16);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Pixels_masks_and_boxes_are_pasted_together()
    {
        ImmutableArray<Annotation>[] annotations =
        [
            [Thing(0, 0, 10, 10, 0), Thing(14, 0, 4, 4, 1), Thing(5, 5, 2, 2, 2)],
            [Thing(4, 4, 8, 8, 3)],
        ];
        float[] images = Images(2);
        Paste(images, annotations);
        // Hidden are a part of the first one and all of the third.
        AnnotatedObject[] first = ObjectsOf(annotations[0]),
            second = ObjectsOf(annotations[1]);
        Assert.Equal([0, 1, 3], first.Select(one => one.Label));
        Assert.Equal([100 - 36, 16, 64], first.Select(one => one.Mask!.Area));
        Assert.Equal([new Box(0, 0, 10, 10), new Box(14, 0, 4, 4), new Box(4, 4, 8, 8)], first.Select(one => one.Box));
        // The second image takes from the first as it was.
        Assert.Equal([0, 1, 2], second.Select(one => one.Label).Where(label => label < 3));
        Assert.Equal(
            [new Box(0, 0, 10, 10), new Box(14, 0, 4, 4), new Box(5, 5, 2, 2)],
            second.Where(one => one.Label < 3).Select(one => one.Box)
        );
        // Of the one below, what the copies leave.
        Assert.Equal(64 - 36, second.Single(one => one.Label == 3).Mask!.Area);
        for (int image = 0; image < 2; image++)
        {
            var pasted = RunLengthMask.Union([.. Copies(annotations[image], image)]);
            byte[] inside = new byte[Size.Width * Size.Height];
            pasted.CopyTo(inside);
            for (int at = 0; at < 3 * inside.Length; at++)
                Assert.Equal((inside[at % inside.Length] != 0 ? 1 - image : image) + 1, images[(image * 3 * inside.Length) + at]);
        }
    }

    [Fact]
    public void Boxes_are_those_of_the_masks_and_every_pixel_has_one_owner()
    {
        var random = new Random(4);
        for (int round = 0; round < 200; round++)
        {
            ImmutableArray<Annotation>[] annotations = [.. Enumerable.Range(0, 3).Select(image => Things(random, image))];
            ImmutableArray<Annotation>[] before = [.. annotations];
            float[] images = Images(3);
            Paste(images, annotations, new CopyPasteOptions { Probability = 0.7, Share = 0.5 }, round);
            for (int image = 0; image < 3; image++)
            {
                AnnotatedObject[] objects = ObjectsOf(annotations[image]);
                Assert.All(objects, one => Assert.Equal((one.Mask!.Bounds, (double)one.Mask.Area), (one.Box, one.Area)));
                Assert.All(objects, one => Assert.True(one.Mask!.Area > 0));
                RunLengthMask[] own = [.. objects.Where(one => one.Label / 100 == image).Select(one => one.Mask!)],
                    copies = [.. objects.Where(one => one.Label / 100 != image).Select(one => one.Mask!)];
                Assert.All(copies, copy => Assert.All(own, one => Assert.Equal(0, copy.Overlap(one))));
                // Those of the next image, as they were there.
                Assert.All(
                    objects.Where(one => one.Label / 100 != image),
                    copy =>
                        Assert.Contains(ObjectsOf(before[(image + 1) % 3]), one => one.Label == copy.Label && one.Mask!.Equals(copy.Mask))
                );
                // Which image each pixel is of is what the masks say.
                byte[] inside = new byte[Size.Width * Size.Height];
                if (copies.Length > 0)
                    RunLengthMask.Union(copies).CopyTo(inside);
                for (int at = 0; at < inside.Length; at++)
                    Assert.Equal(inside[at] != 0 ? ((image + 1) % 3) + 1 : image + 1, images[(image * 3 * inside.Length) + at]);
            }
        }

        // A hundred for each image tells whose an object is.
        ImmutableArray<Annotation> Things(Random numbers, int image) =>
            [
                .. Enumerable
                    .Range(0, numbers.Next(6))
                    .Select(i =>
                        (Annotation)Thing(numbers.Next(16), numbers.Next(10), 1 + numbers.Next(8), 1 + numbers.Next(6), (100 * image) + i)
                    ),
            ];
    }

    [Fact]
    public void Crowds_and_boxes_without_masks_are_not_copied_but_may_be_hidden()
    {
        var box = new AnnotatedObject(new Box(4, 4, 3, 3), 9, 1);
        AnnotatedObject crowd = Thing(0, 0, 6, 6, 2).Object with { IsCrowd = true };
        ImmutableArray<Annotation>[] annotations =
        [
            [new ObjectAnnotation(box), new ObjectAnnotation(crowd), new ObjectAnnotation(box with { Box = new Box(6.5, 6.5, 9, 9) })],
            [Thing(3, 3, 5, 5, 3)],
        ];
        Paste(Images(2), annotations);
        Assert.Equal([2, 1, 3], ObjectsOf(annotations[0]).Select(one => one.Label));
        Assert.Equal((true, 36 - 9), (ObjectsOf(annotations[0])[0].IsCrowd, ObjectsOf(annotations[0])[0].Mask!.Area));
        // Of the box no more is known than before.
        Assert.Equal(new Box(6.5, 6.5, 9, 9), ObjectsOf(annotations[0])[1].Box);
        Assert.Equal([3], ObjectsOf(annotations[1]).Select(one => one.Label));
    }

    [Fact]
    public void Images_of_other_sizes_are_cut_off()
    {
        var small = new ImageSize(6, 16);
        ImmutableArray<Annotation>[] annotations =
        [
            [],
            [Thing(4, 4, 8, 8, 3), Thing(10, 2, 3, 3, 4)],
        ];
        float[] images = Images(2);
        new ObjectPaster(new() { Probability = 1, Share = 1 }, 3, Size).Apply(images, annotations, [small, Size], Random(0));
        AnnotatedObject only = Assert.Single(ObjectsOf(annotations[0]));
        Assert.Equal((new Box(4, 4, 2, 8), small), (only.Box, only.Mask!.Size));
        Assert.Equal(3 * 16, images.AsSpan(0, 3 * 24 * 16).ToArray().Count(value => value == 2));
    }

    [Fact]
    public void Chance_decides_by_its_options()
    {
        int pasted = 0,
            objects = 0;
        for (int round = 0; round < 400; round++)
        {
            ImmutableArray<Annotation>[] annotations =
            [
                [],
                [.. Enumerable.Range(0, 10).Select(i => Thing(2 * i, 0, 1, 1, i))],
            ];
            Paste(Images(2), annotations, new CopyPasteOptions { Probability = 0.5, Share = 0.25 }, round);
            pasted += annotations[0].Length > 0 ? 1 : 0;
            objects += annotations[0].Length;
        }

        Assert.InRange(pasted, 150, 230);
        Assert.InRange(objects, 400, 600);
    }

    [Fact]
    public async Task Batches_depend_neither_on_workers_nor_on_where_reading_began()
    {
        ImageItem[] items = [.. Enumerable.Range(0, 12).Select(Item)];
        List<string> whole = await Read(items, workers: 1, first: 0),
            without = await Read(items, workers: 1, first: 0, copyPaste: null);
        Assert.Equal(whole, await Read(items, workers: 4, first: 0));
        Assert.Equal(whole[2..], await Read(items, workers: 2, first: 2));
        Assert.NotEqual(whole, without);
        Assert.Contains(
            "needs two or more",
            Assert
                .Throws<ArgumentException>(() =>
                    new BatchLoader(new Items(items), Sampler(12), Transform(new()), new(1), LoaderUse.Training).Dispose()
                )
                .Message
        );
        // In evaluation nothing is pasted.
        new BatchLoader(new Items(items), Sampler(12), Transform(new()), new(1), LoaderUse.Evaluation).Dispose();
    }

    private static ImageItem Item(int index)
    {
        byte[] pixels = new byte[Size.Width * Size.Height * 3];
        pixels.AsSpan().Fill((byte)(10 * index));
        return new PixelImageItem(
            $"{index}",
            new PixelBlock(pixels, Size.Width, Size.Height, PixelLayout.Rgb),
            Thing(index, 2, 8, 8, 0),
            Thing(index + 2, 1, 4, 12, 1)
        );
    }

    private static ShuffledSampler Sampler(int count) => new(count, 3, ProcessShare.Single);

    private static DetectionTransform Transform(CopyPasteOptions? copyPaste) =>
        new(new(32, 32) { Jitter = (0.5, 1.5), CopyPaste = copyPaste });

    private static Task<List<string>> Read(ImageItem[] items, int workers, int first) => Read(items, workers, first, new());

    private static async Task<List<string>> Read(ImageItem[] items, int workers, int first, CopyPasteOptions? copyPaste)
    {
        var options = new LoaderOptions(3) { Workers = workers, Seed = 5 };
        using var loader = new BatchLoader(new Items(items), Sampler(items.Length), Transform(copyPaste), options, LoaderUse.Training);
        var found = new List<string>();
        await foreach (Batch batch in loader.ReadAsync(1, first, Token))
        {
            using (batch)
            {
                double sum = 0;
                for (int i = 0; i < batch.Images.Length; i++)
                    sum += batch.Images.Span[i] * (i % 977);
                found.Add($"{sum:R}: {string.Join("; ", batch.Annotations.SelectMany(ObjectsOf).Select(one => $"{one.Box} {one.Mask}"))}");
            }
        }

        return found;
    }

    private static void Paste(float[] images, ImmutableArray<Annotation>[] annotations, CopyPasteOptions? options = null, int round = 0)
    {
        ImageSize[] sizes = [.. annotations.Select(_ => Size)];
        new ObjectPaster(options ?? new() { Probability = 1, Share = 1 }, 3, Size).Apply(images, annotations, sizes, Random(round));
    }

    private static IEnumerable<RunLengthMask> Copies(ImmutableArray<Annotation> annotations, int image) =>
        ObjectsOf(annotations).Where(one => one.Label < 3 == (image == 1)).Select(one => one.Mask!);

    private static Func<int, RandomStream> Random(int round) => place => new RandomStream(1, RandomPurpose.CopyPaste, round, place);

    private static AnnotatedObject[] ObjectsOf(ImmutableArray<Annotation> annotations) =>
        [.. annotations.Cast<ObjectAnnotation>().Select(one => one.Object)];

    // Image i is made of i + 1.
    private static float[] Images(int count) =>
        [.. Enumerable.Range(0, count).SelectMany(i => Enumerable.Repeat(i + 1f, 3 * Size.Width * Size.Height))];

    private static ObjectAnnotation Thing(int x, int y, int width, int height, int label)
    {
        byte[] pixels = new byte[Size.Width * Size.Height];
        for (int row = y; row < Math.Min(y + height, Size.Height); row++)
            pixels.AsSpan((row * Size.Width) + x, Math.Min(width, Size.Width - x)).Fill(1);
        var mask = RunLengthMask.FromPixels(pixels, Size);
        return new ObjectAnnotation(new AnnotatedObject(mask.Bounds, mask.Area, label) { Mask = mask });
    }

    private sealed class Items(ImageItem[] items) : List<ImageItem>(items), IImageDataset
    {
        public IReadOnlyList<string> ClassNames => [];
    }
}
