using System.Collections.Immutable;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;

namespace MogaSharp.Tasks.Tests;

public sealed class ImageClassifierTests(ShippedModel model) : IClassFixture<ShippedModel>
{
    private static readonly string[] Samples = Directory.GetFiles(Path.GetDirectoryName(ShippedModel.Sample("x"))!, "*.png");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("ankle_boot_0000.png", "Ankle boot")]
    [InlineData("bag_0018.png", "Bag")]
    [InlineData("trouser_0002.png", "Trouser")]
    [InlineData("tshirt_0019.png", "T-shirt/top")]
    public async Task Knows_the_samples(string file, string label)
    {
        ImmutableArray<Prediction> predictions = await model.Classifier.ClassifyAsync(ShippedModel.Sample(file), cancellationToken: Token);
        Assert.Equal(5, predictions.Length);
        Assert.Equal(label, predictions[0].Label);
        Assert.Equal(model.Card.Labels.IndexOf(label), predictions[0].Index);
        Assert.InRange(predictions[0].Score, 0.5f, 1f);
    }

    [Fact]
    public async Task Gives_the_same_for_path_stream_image_and_pixels_of_every_layout()
    {
        string path = ShippedModel.Sample("coat_0006.png");
        RgbImage image = ImageDecoder.Load(path);
        ImmutableArray<Prediction> expected = model.Classifier.Classify(image, 10, Token);
        Assert.Equal(expected, await model.Classifier.ClassifyAsync(path, 10, Token));
        using (FileStream stream = File.OpenRead(path))
            Assert.Equal(expected, await model.Classifier.ClassifyAsync(stream, 10, Token));
        Assert.Equal(expected, model.Classifier.Predict(await File.ReadAllBytesAsync(path, Token), Token).Top(10));
        foreach (PixelLayout layout in Enum.GetValues<PixelLayout>())
        {
            foreach (int gap in new[] { 0, 5 })
            {
                (byte[] pixels, int stride) = Repack(image, layout, gap);
                Assert.Equal(expected, model.Classifier.Predict(pixels, image.Width, image.Height, layout, stride, Token).Top(10));
            }
        }
    }

    [Fact]
    public void Gives_each_image_of_a_batch_what_it_gets_alone_bit_for_bit()
    {
        RgbImage[] images = [.. Samples.Select(path => ImageDecoder.Load(path))];
        ImmutableArray<Classification> batch = model.Classifier.Predict(images, Token);
        Assert.Equal(images.Length, batch.Length);
        for (int i = 0; i < images.Length; i++)
            Assert.Equal(model.Classifier.Predict(images[i], Token).Logits.ToArray(), batch[i].Logits.ToArray());
        Assert.Empty(model.Classifier.Predict([], Token));
    }

    [Fact]
    public void Orders_by_score_and_the_scores_of_all_classes_sum_to_one()
    {
        ImmutableArray<Prediction> all = model.Classifier.Classify(ImageDecoder.Load(Samples[0]), 1000, Token);
        Assert.Equal(10, all.Length);
        Assert.Equal(Enumerable.Range(0, 10), all.Select(p => p.Index).Order());
        Assert.Equal(all.Select(p => p.Score).OrderDescending(), all.Select(p => p.Score));
        Assert.Equal(1, all.Sum(p => (double)p.Score), 1e-6);
        Assert.All(all, p => Assert.Equal(model.Card.Labels[p.Index], p.Label));
        Assert.Equal(all[..3], model.Classifier.Classify(ImageDecoder.Load(Samples[0]), 3, Token));
    }

    [Fact]
    public void Equal_scores_come_in_the_order_of_the_classes()
    {
        // A head of zeros gives the same output for every class.
        using var classifier = new ImageClassifier(WithHead(0), model.Engine);
        ImmutableArray<Prediction> predictions = classifier.Classify(ImageDecoder.Load(Samples[0]), 4, Token);
        Assert.Equal([0, 1, 2, 3], predictions.Select(p => p.Index));
        Assert.All(predictions, p => Assert.Equal(0.1f, p.Score, 1e-7f));
    }

    [Fact]
    public void Outputs_that_are_not_finite_have_no_scores()
    {
        using var classifier = new ImageClassifier(WithHead(float.NaN), model.Engine);
        Assert.All(classifier.Classify(ImageDecoder.Load(Samples[0]), 10, Token), p => Assert.True(float.IsNaN(p.Score)));
    }

    [Fact]
    public void Features_are_those_of_a_graph_built_by_hand()
    {
        RgbImage image = ImageDecoder.Load(Samples[1]);
        using var extractor = new FeatureExtractor(model.Loaded, model.Engine);
        IReadOnlyDictionary<string, Tensor> features = extractor.Predict(image, Token);
        Assert.Equal(["stage1", "stage2", "stage3", "stage4"], features.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(
            ["1x32x16x16", "1x64x8x8", "1x96x4x4", "1x192x2x2"],
            features.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => f.Value.Shape.ToString())
        );

        var input = new Tensor(model.Classifier.InputShape);
        model.Classifier.Preprocessor.Process(image, input.Span);
        ComputationGraph graph = model.Loaded.Definition.Build(input.Shape, ModelOutputs.All);
        using IInferenceSession session = model.Engine.CreateSession(graph, model.Loaded.Weights);
        IReadOnlyDictionary<string, Tensor> direct = session.Run(input, Token);
        Assert.All(features, feature => Assert.Equal(direct[feature.Key].Data, feature.Value.Data));
        Assert.Equal(direct["logits"].Data, model.Classifier.Logits(input, Token).Data);
        ImmutableArray<IReadOnlyDictionary<string, Tensor>> batch = extractor.Predict([ImageDecoder.Load(Samples[0]), image], Token);
        Assert.All(features, feature => Assert.Equal(feature.Value.Data, batch[1][feature.Key].Data));
    }

    [Fact]
    public async Task Many_threads_share_one_classifier()
    {
        RgbImage[] images = [.. Samples.Select(path => ImageDecoder.Load(path))];
        ImmutableArray<Prediction>[] expected = [.. images.Select(image => model.Classifier.Classify(image, 10, Token))];
        await Parallel.ForAsync(
            0,
            64,
            new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Token },
            async (i, token) =>
            {
                int image = i % images.Length;
                Assert.Equal(
                    expected[image],
                    i % 2 == 0
                        ? model.Classifier.Classify(images[image], 10, token)
                        : await model.Classifier.ClassifyAsync(Samples[image], 10, token)
                );
            }
        );
    }

    [Fact]
    public async Task Cancels()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        RgbImage image = ImageDecoder.Load(Samples[0]);
        Assert.ThrowsAny<OperationCanceledException>(() => model.Classifier.Classify(image, 1, cancelled.Token));
        Assert.ThrowsAny<OperationCanceledException>(() => model.Classifier.Predict([image], cancelled.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => model.Classifier.ClassifyAsync(Samples[0], 1, cancelled.Token));
        Assert.Single(model.Classifier.Classify(image, 1, Token));
    }

    [Fact]
    public async Task Refuses_bad_arguments_and_files()
    {
        RgbImage image = ImageDecoder.Load(Samples[0]);
        Assert.Throws<ArgumentOutOfRangeException>(() => model.Classifier.Classify(image, 0, Token));
        Assert.Throws<ArgumentOutOfRangeException>(() => model.Classifier.Predict(image, Token).Top(-1));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => model.Classifier.ClassifyAsync("nothing.png", 0, Token));
        Assert.ThrowsAny<ArgumentException>(() =>
            model.Classifier.Predict(image.Pixels.AsSpan(1), image.Width, image.Height, PixelLayout.Rgb, 0, Token)
        );
        Assert.Throws<GraphException>(() => model.Classifier.Logits(new Tensor(new Shape(1, 4, 64, 64)), Token));
        await Assert.ThrowsAsync<FileNotFoundException>(() => model.Classifier.ClassifyAsync("nothing.png", 1, Token));
        await Assert.ThrowsAsync<ImageFormatException>(() => model.Classifier.ClassifyAsync(ShippedModel.CardPath, 1, Token));
        Assert.Throws<ImageFormatException>(() => model.Classifier.Predict("no image"u8.ToArray(), Token));
    }

    [Fact]
    public void Cannot_be_used_once_disposed()
    {
        var classifier = new ImageClassifier(model.Loaded, model.Engine);
        RgbImage image = ImageDecoder.Load(Samples[0]);
        classifier.Dispose();
        classifier.Dispose();
        Assert.Throws<ObjectDisposedException>(() => classifier.Classify(image, 1, Token));
        Assert.Throws<ObjectDisposedException>(() => classifier.Predict([image], Token));
    }

    private LoadedModel WithHead(float value)
    {
        float[] weight = new float[10 * 192],
            bias = new float[10];
        Array.Fill(bias, value);
        return model.Loaded with
        {
            Weights = model.Loaded.Weights.With([
                new("head.weight", new Tensor(new Shape(10, 192), weight)),
                new("head.bias", new Tensor(new Shape(10), bias)),
            ]),
        };
    }

    private static (byte[] Pixels, int Stride) Repack(RgbImage image, PixelLayout layout, int gap)
    {
        int size = layout switch
        {
            PixelLayout.Gray => 1,
            PixelLayout.Rgb or PixelLayout.Bgr => 3,
            _ => 4,
        };
        int stride = (image.Width * size) + gap;
        byte[] pixels = new byte[(stride * image.Height) - gap];
        for (int y = 0; y < image.Height; y++)
        {
            for (int x = 0; x < image.Width; x++)
            {
                ReadOnlySpan<byte> rgb = image.Row(y).Slice(x * 3, 3);
                byte[] pixel = layout switch
                {
                    // The samples are gray: all three are equal.
                    PixelLayout.Gray => [rgb[0]],
                    PixelLayout.Rgb => [rgb[0], rgb[1], rgb[2]],
                    PixelLayout.Bgr => [rgb[2], rgb[1], rgb[0]],
                    PixelLayout.Rgba => [rgb[0], rgb[1], rgb[2], 255],
                    _ => [rgb[2], rgb[1], rgb[0], 255],
                };
                pixel.CopyTo(pixels, (y * stride) + (x * size));
            }
        }

        return (pixels, gap == 0 ? 0 : stride);
    }
}
