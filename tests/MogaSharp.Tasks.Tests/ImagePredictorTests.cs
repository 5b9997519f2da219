using MogaSharp.Imaging;
using MogaSharp.Models;

namespace MogaSharp.Tasks.Tests;

/// <summary>Predictions for many images: order, errors of single ones, bounded reading ahead, cancellation, engines that are
/// owned.</summary>
public sealed class ImagePredictorTests(ShippedModel model) : IClassFixture<ShippedModel>
{
    private static readonly string[] Samples = Directory.GetFiles(Path.GetDirectoryName(ShippedModel.Sample("x"))!, "*.png");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 2)]
    [InlineData(8, 0)]
    [InlineData(100, 5)]
    public async Task Results_come_in_order_with_the_bits_of_an_image_alone(int batch, int workers)
    {
        Array.Sort(Samples, StringComparer.Ordinal);
        ImageResult<Classification>[] results = await AllAsync(
            Samples.Select(path => ImageSource.FromFile(path)),
            new ImageInputOptions { BatchSize = batch, Workers = workers }
        );
        Assert.Equal(Samples, results.Select(result => result.Source.Name));
        foreach (ImageResult<Classification> result in results)
        {
            Classification alone = model.Classifier.Predict(ImageDecoder.Load(result.Source.Name), Token);
            Assert.Equal(alone.Logits.ToArray(), result.Value!.Logits.ToArray());
        }
    }

    [Fact]
    public async Task An_image_that_cannot_be_read_is_a_result_and_the_others_are_predicted()
    {
        byte[] encoded = await File.ReadAllBytesAsync(Samples[0], Token);
        RgbImage decoded = ImageDecoder.Load(Samples[0]);
        ImageResult<Classification>[] results = await AllAsync(
            [
                ImageSource.FromBytes("no image"u8.ToArray(), "text"),
                ImageSource.FromBytes(encoded, "bytes"),
                ImageSource.FromBytes(encoded.AsMemory(0, encoded.Length - 40), "cut"),
                "nothing.png",
                ImageSource.FromStream(() => throw new InvalidOperationException("closed"), "broken"),
                ImageSource.FromStream(() => new MemoryStream(encoded), "stream"),
                ImageSource.FromImage(decoded, "pixels"),
                Path.GetTempPath(),
            ],
            new ImageInputOptions { BatchSize = 3 }
        );
        Assert.Equal(
            [
                typeof(ImageFormatException),
                null,
                typeof(ImageFormatException),
                typeof(FileNotFoundException),
                typeof(InvalidOperationException),
                null,
                null,
                typeof(ImageFormatException),
            ],
            results.Select(result => result.Error?.GetType())
        );
        Assert.Equal(["bytes", "stream", "pixels"], results.Where(result => result.IsSuccess).Select(result => result.Source.Name));
        Prediction best = model.Classifier.Predict(decoded, Token).Best;
        Assert.All(results.Where(result => result.IsSuccess), result => Assert.Equal(best, result.Value!.Best));
        Assert.All(results.Where(result => !result.IsSuccess), result => Assert.Null(result.Value));
        Assert.Empty(await AllAsync([]));
    }

    [Fact]
    public async Task No_more_is_read_ahead_than_a_batch_and_an_image_per_worker()
    {
        int asked = 0,
            given = 0,
            most = 0;
        RgbImage image = ImageDecoder.Load(Samples[0]);
        var options = new ImageInputOptions { BatchSize = 2, Workers = 3 };
        await foreach (ImageResult<Classification> result in model.Classifier.PredictManyAsync(Endless(), options, Token))
        {
            Assert.True(result.IsSuccess);
            // Give what reads ahead the time to go too far.
            await Task.Delay(5, Token);
            most = Math.Max(most, Volatile.Read(ref asked) - ++given);
            if (given == 30)
                break;
        }

        // The batch that is given, the one that waits with an image per worker, and the image that waits for room.
        Assert.InRange(most, 1, 2 + (2 + 3) + 1);
        int after = asked;
        await Task.Delay(50, Token);
        Assert.Equal(after, asked);

        IEnumerable<ImageSource> Endless()
        {
            while (true)
            {
                Interlocked.Increment(ref asked);
                yield return ImageSource.FromImage(image);
            }
        }
    }

    [Fact]
    public async Task What_ends_the_sources_comes_after_the_images_before_it()
    {
        var given = new List<string>();
        var problem = await Assert.ThrowsAsync<InvalidDataException>(async () =>
        {
            await foreach (
                ImageResult<Classification> result in model.Classifier.PredictManyAsync(
                    Broken(),
                    new ImageInputOptions { BatchSize = 1 },
                    Token
                )
            )
                given.Add(result.Source.Name);
        });
        Assert.Equal("the camera is gone", problem.Message);
        Assert.Equal(["a", "b"], given);

        static async IAsyncEnumerable<ImageSource> Broken()
        {
            yield return ImageSource.FromImage(ImageDecoder.Load(Samples[0]), "a");
            await Task.Delay(1, Token);
            yield return ImageSource.FromImage(ImageDecoder.Load(Samples[1]), "b");
            throw new InvalidDataException("the camera is gone");
        }
    }

    [Fact]
    public async Task Cancels_while_an_image_is_waited_for()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var begun = new TaskCompletionSource();
        ImageSource slow = ImageSource.FromStream(
            () =>
            {
                begun.TrySetResult();
                return new WaitingStream();
            },
            "slow"
        );
        Task<ImageResult<Classification>[]> all = AllAsync([slow, Samples[0]], cancellationToken: cancel.Token);
        await begun.Task.WaitAsync(Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => all);
    }

    [Fact]
    public async Task Images_are_read_before_there_is_a_model_and_once()
    {
        var first = new TaskCompletionSource();
        ImageSource[] sources =
        [
            ImageSource.FromStream(
                () =>
                {
                    first.TrySetResult();
                    return File.OpenRead(Samples[0]);
                },
                "first"
            ),
        ];
        await using var images = new ImageInputs(model.Classifier.Preparation, sources, cancellationToken: Token);
        await first.Task.WaitAsync(TimeSpan.FromMinutes(1), Token);
        ImageResult<Classification> result = Assert.Single(await model.Classifier.PredictManyAsync(images, Token).ToArrayAsync(Token));
        Assert.Equal(model.Classifier.Predict(ImageDecoder.Load(Samples[0]), Token).Best, result.Value!.Best);
        await Assert.ThrowsAsync<InvalidOperationException>(async () =>
            await model.Classifier.PredictManyAsync(images, Token).ToArrayAsync(Token)
        );
        var small = new FixedSizePreparation(new Preprocessor(new PreprocessOptions(8, 8)));
        await using var others = new ImageInputs(small, sources, cancellationToken: Token);
        await Assert.ThrowsAsync<ArgumentException>(async () => await model.Classifier.PredictManyAsync(others, Token).ToArrayAsync(Token));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ImageInputs(small, sources, new ImageInputOptions { BatchSize = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ImageInputs(small, sources, new ImageInputOptions { Workers = -1 }));
    }

    [Fact]
    public async Task Without_an_engine_there_is_a_managed_one_that_ends_with_the_predictor()
    {
        RgbImage image = ImageDecoder.Load(Samples[0]);
        using ImageClassifier classifier = await ImageClassifier.CreateAsync(ShippedModel.CardPath, cancellationToken: Token);
        Assert.Equal(model.Classifier.Classify(image, 10, Token), classifier.Classify(image, 10, Token));
        classifier.Dispose();
        Assert.Throws<ObjectDisposedException>(() => classifier.Classify(image, 1, Token));
        // An engine that was given goes on.
        using (var borrowing = new ImageClassifier(model.Loaded, model.Engine))
            borrowing.Predict(image, Token);
        model.Classifier.Predict(image, Token);
    }

    [Fact]
    public void A_predictor_of_somebody_s_own_needs_no_more_than_what_is_public()
    {
        using var brightest = new LargestLogit(model.Loaded);
        RgbImage image = ImageDecoder.Load(Samples[0]);
        Classification expected = model.Classifier.Predict(image, Token);
        Assert.Equal((expected.Best.Index, image.Width), brightest.Predict(image, Token));
    }

    private Task<ImageResult<Classification>[]> AllAsync(
        IEnumerable<ImageSource> sources,
        ImageInputOptions? options = null,
        CancellationToken? cancellationToken = null
    ) => model.Classifier.PredictManyAsync(sources, options, cancellationToken ?? Token).ToArrayAsync(cancellationToken ?? Token).AsTask();

    private sealed class LargestLogit(LoadedModel model) : FixedSizePredictor<(int Index, int Width)>(model, model.Graph, engine: null)
    {
        protected override (int Index, int Width) Interpret(PreparedImage image, NetworkOutputs outputs)
        {
            ReadOnlySpan<float> logits = outputs[ClassifierHead.Logits];
            int best = 0;
            for (int i = 1; i < logits.Length; i++)
                best = logits[i] > logits[best] ? i : best;
            return (best, image.Size.Width);
        }
    }

    /// <summary>A stream that gives nothing until it is cancelled.</summary>
    private sealed class WaitingStream : MemoryStream
    {
        public override bool CanSeek => false;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken token = default)
        {
            await Task.Delay(Timeout.Infinite, token);
            return 0;
        }
    }
}
