using System.Collections.Immutable;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data.Tests;

/// <summary>Annotations go where the pixels go: a spot is followed through each way of making inputs.</summary>
public sealed class GeometryTests
{
    private const int Width = 61,
        Height = 47,
        Side = 40;

    [Theory]
    [InlineData(TrainingCrop.RandomResized, 0, 0, 0)]
    [InlineData(TrainingCrop.Resize, 1, 0, 0)]
    [InlineData(TrainingCrop.Resize, 0, 1, 0)]
    [InlineData(TrainingCrop.Resize, 0, 0, 9)]
    [InlineData(TrainingCrop.RandomResized, 0.5, 0.5, 5)]
    public void The_training_transform_says_where_pixels_go(TrainingCrop crop, double horizontal, double vertical, int shift)
    {
        var transform = new TrainingTransform(
            new(Side, Side)
            {
                Crop = crop,
                HorizontalFlip = horizontal,
                VerticalFlip = vertical,
                MaxShift = shift,
                ColorJitter = 0,
                Interpolation = ResizeFilter.Bilinear,
                Mean = [0],
                StandardDeviation = [1],
                Channels = 1,
            }
        );
        Follow((spot, random, input) => transform.Apply(spot, random, input));
    }

    [Theory]
    [InlineData(ResizeMode.KeepAspect, 0.8)]
    [InlineData(ResizeMode.Squash, 1)]
    public void The_evaluation_transform_says_where_pixels_go(ResizeMode mode, double crop)
    {
        var options = new PreprocessOptions(Side, Side)
        {
            Mode = mode,
            CropFraction = crop,
            Mean = [0],
            StandardDeviation = [1],
        };
        var transform = new EvaluationTransform(options, 1);
        Follow((spot, random, input) => transform.Apply(spot, random, input));
    }

    [Theory]
    [InlineData(AugmentOperation.Rotate, 25)]
    [InlineData(AugmentOperation.Rotate, -10)]
    [InlineData(AugmentOperation.ShearX, 0.3)]
    [InlineData(AugmentOperation.ShearY, -0.2)]
    [InlineData(AugmentOperation.TranslateXRel, 0.2)]
    [InlineData(AugmentOperation.TranslateYRel, -0.1)]
    [InlineData(AugmentOperation.Sharpness, 1.4)]
    public void Operations_of_RandAugment_say_where_pixels_go(AugmentOperation operation, double argument) =>
        Follow(
            (spot, _, input) =>
            {
                AffineMap resize = AffineMap.Resize(new(Width, Height), new(Side, Side));
                byte[] pixels = new byte[Side * Side],
                    spare = new byte[Side * Side];
                Resampler.Resize(spot.Pixels.Span, Width, Height, 1, pixels, Side, Side, ResizeFilter.Bilinear);
                var buffer = new AugmentBuffer(pixels, spare, Side, Side, 1);
                AffineMap map = AugmentOperations.Apply(new(operation, argument, ResizeFilter.Bilinear), ref buffer, [0]);
                for (int i = 0; i < input.Length; i++)
                    input[i] = buffer.Pixels[i] / 255f;
                return resize.Then(map);
            }
        );

    [Fact]
    public void The_segmentation_transform_says_where_pixels_go()
    {
        var options = new SegmentationTransformOptions(Side, Side)
        {
            Scale = new(Width, Height),
            MaxRatio = 1.2,
            Photometric = null,
            Mean = [0],
            StandardDeviation = [1],
        };
        var transform = new SegmentationTransform(options);
        Follow((spot, random, input) => OnePlane(input, planes => transform.Apply(spot, random, planes)));
    }

    [Fact]
    public void The_pose_transform_says_where_pixels_go()
    {
        var transform = new PoseTransform(new(Side, Side) { Mean = [0], StandardDeviation = [1] });
        // Its whole numbers are the centers of pixels.
        AffineMap toCenter = AffineMap.Translation(0.5, 0.5),
            fromCenter = AffineMap.Translation(-0.5, -0.5);
        Follow((spot, random, input) => fromCenter.Then(OnePlane(input, planes => transform.Apply(spot, random, planes))).Then(toCenter));
    }

    [Fact]
    public async Task A_loader_moves_annotations_with_the_pixels()
    {
        var points = new KeyPoints([new(20.5, 15.5, KeyPointVisibility.Visible)], []);
        var set = new OneSpot(new PixelImageItem("spot", Spot(20, 15), new ClassIndex(0), points));
        var transform = new TrainingTransform(new(Side, Side) { Crop = TrainingCrop.Resize, HorizontalFlip = 1 });
        using var loader = new BatchLoader(
            set,
            new OrderedSampler(1, ProcessShare.Single),
            transform,
            new(1) { Workers = 1 },
            LoaderUse.Training
        );
        await foreach (Batch batch in loader.ReadAsync(0, cancellationToken: TestContext.Current.CancellationToken))
        {
            using (batch)
            {
                Assert.Equal([0], batch.Labels.ToArray());
                var moved = Assert.IsType<KeyPoints>(batch.Annotations[0][1]);
                Assert.Equal((Width - 20.5) * Side / Width, moved.Points[0].X, 1e-9);
                Assert.Equal(15.5 * Side / Height, moved.Points[0].Y, 1e-9);
                Assert.Equal(points.Apply(batch.Maps[0], new(Side, Side)), moved);
            }
        }
    }

    [Fact]
    public async Task A_transform_may_look_at_what_is_known_of_the_image()
    {
        var points = new KeyPoints([new(20.5, 15.5, KeyPointVisibility.Visible)], []);
        var set = new OneSpot(new PixelImageItem("spot", Spot(20, 15), points));
        using var loader = new BatchLoader(
            set,
            new OrderedSampler(1, ProcessShare.Single),
            new AroundFirstPoint(),
            new(1) { Workers = 1 },
            LoaderUse.Training
        );
        await foreach (Batch batch in loader.ReadAsync(0, cancellationToken: TestContext.Current.CancellationToken))
        {
            using (batch)
                Assert.Equal(new KeyPoint(1.5, 1.5, KeyPointVisibility.Visible), ((KeyPoints)batch.Annotations[0][0]).Points[0]);
        }
    }

    private delegate AffineMap Make(PixelBlock spot, RandomStream random, Span<float> input);

    // The center of what is bright is where the map puts the spot's center, to a pixel of either image.
    private static void Follow(Make make)
    {
        int seen = 0;
        for (int i = 0; i < 40; i++)
        {
            int column = 4 + (i * 7 % (Width - 8)),
                row = 4 + (i * 11 % (Height - 8));
            float[] input = new float[Side * Side];
            AffineMap map = make(Spot(column, row), new RandomStream(5, RandomPurpose.Augmentation, 0, i), input);
            (double x, double y) = map.Apply(column + 0.5, row + 0.5);
            double scale = Math.Max(1, Math.Sqrt(Math.Abs(map.Determinant)));
            // Near the edge a part of the spot is cut off, which moves the center of the rest.
            if (Math.Min(Math.Min(x, y), Math.Min(Side - x, Side - y)) < 4 * scale)
                continue;
            double sum = 0,
                sumX = 0,
                sumY = 0;
            for (int at = 0; at < input.Length; at++)
            {
                sum += input[at];
                sumX += input[at] * ((at % Side) + 0.5);
                sumY += input[at] * ((at / Side) + 0.5);
            }

            Assert.True(sum > 0, $"the spot {i} is not at ({x}, {y})");
            Assert.Equal(x, sumX / sum, scale);
            Assert.Equal(y, sumY / sum, scale);
            seen++;
        }

        Assert.True(seen >= 5, $"only {seen} spots were seen");
    }

    private delegate AffineMap MakePlanes(Span<float> planes);

    // Of the three equal planes one.
    private static AffineMap OnePlane(Span<float> input, MakePlanes make)
    {
        float[] planes = new float[input.Length * 3];
        AffineMap map = make(planes);
        planes.AsSpan(0, input.Length).CopyTo(input);
        return map;
    }

    private static PixelBlock Spot(int column, int row)
    {
        byte[] pixels = new byte[Width * Height];
        for (int y = row - 2; y <= row + 2; y++)
            pixels.AsSpan((y * Width) + column - 2, 5).Fill(255);
        return new PixelBlock(pixels, Width, Height, PixelLayout.Gray);
    }

    // Cuts out three by three pixels.
    private sealed class AroundFirstPoint : IImageTransform
    {
        public int Channels => 1;

        public int Width => 3;

        public int Height => 3;

        public AffineMap Apply(PixelBlock image, RandomStream random, Span<float> destination) =>
            throw new InvalidOperationException("It was not told what is known.");

        public AffineMap Apply(PixelBlock image, ImmutableArray<Annotation> annotations, RandomStream random, Span<float> destination)
        {
            KeyPoint point = annotations.OfType<KeyPoints>().Single().Points[0];
            destination.Clear();
            return AffineMap.Crop((int)point.X - 1, (int)point.Y - 1);
        }
    }

    private sealed class OneSpot(ImageItem item) : List<ImageItem>([item]), IImageDataset
    {
        public IReadOnlyList<string> ClassNames { get; } = ["spot"];
    }
}
