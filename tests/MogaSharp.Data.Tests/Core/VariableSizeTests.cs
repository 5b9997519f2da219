using System.Collections.Immutable;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data.Tests;

/// <summary>Batches of images that differ in size.</summary>
public sealed class VariableSizeTests
{
    private const int Multiple = 4;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_batch_is_as_large_as_its_largest_image()
    {
        var dataset = new MemoryDataset(30);
        var seen = new HashSet<(int, int)>();
        using var loader = new BatchLoader(
            dataset,
            new OrderedSampler(30, ProcessShare.Single),
            new AsItIs(),
            new(4),
            LoaderUse.Evaluation
        );
        await foreach (Batch batch in loader.ReadAsync(0, cancellationToken: Token))
        {
            using (batch)
            {
                PixelBlock[] images = [.. batch.Indices.Select(index => dataset[index].ReadPixels())];
                Assert.Equal(images.Select(image => new ImageSize(image.Width, image.Height)), batch.Sizes);
                Assert.Equal(UpTo(images.Max(image => image.Width)), batch.Width);
                Assert.Equal(UpTo(images.Max(image => image.Height)), batch.Height);
                seen.Add((batch.Width, batch.Height));
                Assert.Equal(batch.Count * 3 * batch.Width * batch.Height, batch.Images.Length);
                int at = 0;
                foreach (PixelBlock image in images)
                    for (int channel = 0; channel < 3; channel++)
                    for (int y = 0; y < batch.Height; y++)
                    for (int x = 0; x < batch.Width; x++, at++)
                        Assert.Equal(
                            x < image.Width && y < image.Height ? 1 + image.Pixels.Span[(((y * image.Width) + x) * 3) + channel] : 0,
                            batch.Images.Span[at]
                        );
            }
        }

        Assert.True(seen.Count > 1);
    }

    [Fact]
    public async Task Annotations_are_moved_into_the_part_of_the_image()
    {
        var box = new ObjectAnnotation(new AnnotatedObject(new Box(3, 2, 100, 100), 10_000, 0));
        ImageItem[] items = [.. new[] { (9, 5), (6, 12) }.Select(size => Item(size.Item1, size.Item2, box))];
        using var loader = new BatchLoader(
            new Items(items),
            new OrderedSampler(2, ProcessShare.Single),
            new AsItIs(),
            new(2),
            LoaderUse.Evaluation
        );
        await foreach (Batch batch in loader.ReadAsync(0, cancellationToken: Token))
        {
            using (batch)
            {
                Assert.Equal((12, 12), (batch.Width, batch.Height));
                Assert.Equal(
                    [new Box(3, 2, 6, 3), new Box(3, 2, 3, 10)],
                    batch.Annotations.Select(all => ((ObjectAnnotation)all[0]).Object.Box)
                );
            }
        }
    }

    [Fact]
    public async Task Batches_depend_neither_on_workers_nor_on_where_reading_began()
    {
        var dataset = new MemoryDataset(40);
        List<string> whole = await Read(dataset, workers: 1, ahead: 1, first: 0);
        Assert.Equal(6, whole.Distinct().Count());
        Assert.Equal(whole, await Read(dataset, workers: 5, ahead: 9, first: 0));
        Assert.Equal(whole[3..], await Read(dataset, workers: 2, ahead: 0, first: 3));
    }

    [Fact]
    public async Task Images_that_cannot_be_read_take_no_room()
    {
        var dataset = new MemoryDataset(6, missing: [1, 2]);
        var options = new LoaderOptions(3) { BadImages = BadImages.Skip };
        using var loader = new BatchLoader(
            dataset,
            new OrderedSampler(6, ProcessShare.Single),
            new AsItIs(),
            options,
            LoaderUse.Evaluation
        );
        var counts = new List<int>();
        await foreach (Batch batch in loader.ReadAsync(0, cancellationToken: Token))
        {
            using (batch)
            {
                counts.Add(batch.Count);
                Assert.Equal(batch.Count, batch.Sizes.Count);
                Assert.Equal(batch.Count * 3 * batch.Width * batch.Height, batch.Images.Length);
            }
        }

        Assert.Equal([1, 3], counts);
    }

    [Fact]
    public async Task Inputs_of_one_size_are_whole()
    {
        var transform = new EvaluationTransform(new(10, 8));
        using var loader = new BatchLoader(
            new MemoryDataset(2),
            new OrderedSampler(2, ProcessShare.Single),
            transform,
            new(2),
            LoaderUse.Evaluation
        );
        await foreach (Batch batch in loader.ReadAsync(0, cancellationToken: Token))
        {
            using (batch)
                Assert.Equal([new ImageSize(10, 8), new ImageSize(10, 8)], batch.Sizes);
        }
    }

    private static async Task<List<string>> Read(MemoryDataset dataset, int workers, int ahead, int first)
    {
        var transform = new DetectionTransform(
            new(64, 64)
            {
                Scales = [new(20, 12), new(60, 50)],
                Choice = ScaleChoice.Between,
                SizeMultiple = 8,
            }
        );
        var options = new LoaderOptions(6)
        {
            Workers = workers,
            Ahead = ahead,
            Seed = 3,
        };
        using var loader = new BatchLoader(
            dataset,
            new ShuffledSampler(40, 3, ProcessShare.Single),
            transform,
            options,
            LoaderUse.Training
        );
        var batches = new List<string>();
        await foreach (Batch batch in loader.ReadAsync(1, first, Token))
        {
            using (batch)
                batches.Add($"{batch.Width} {batch.Height} {string.Join(',', batch.Sizes)} {string.Join(',', batch.Images.ToArray())}");
        }

        return batches;
    }

    private static int UpTo(int side) => (side + Multiple - 1) / Multiple * Multiple;

    private static PixelImageItem Item(int width, int height, Annotation annotation) =>
        new($"{width} x {height}", new PixelBlock(new byte[width * height * 3], width, height, PixelLayout.Rgb), annotation);

    private sealed class Items(IEnumerable<ImageItem> items) : List<ImageItem>(items), IImageDataset
    {
        public IReadOnlyList<string> ClassNames { get; } = ["thing"];
    }

    // The levels of an image and 1 more, so that none is 0.
    private sealed class AsItIs : IVariableSizeTransform
    {
        public int Channels => 3;

        public int Width => 20;

        public int Height => 20;

        public int SizeMultiple => Multiple;

        public AffineMap Apply(PixelBlock image, RandomStream random, Span<float> destination) =>
            throw new InvalidOperationException("It was asked for inputs of one size.");

        public SizedInput ApplySized(PixelBlock image, ImmutableArray<Annotation> annotations, RandomStream random, Span<float> destination)
        {
            int plane = image.Width * image.Height;
            for (int i = 0; i < plane * 3; i++)
                destination[(i % 3 * plane) + (i / 3)] = 1 + image.Pixels.Span[i];
            return new SizedInput(AffineMap.Identity, new ImageSize(image.Width, image.Height));
        }
    }
}
