using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MogaSharp.Imaging;
using MogaSharp.Testing;

namespace MogaSharp.Data.Tests;

public sealed class BatchLoaderTests
{
    private static readonly AugmentationOptions Recipe = new(12, 10)
    {
        AutoAugment = "rand-m9-mstd0.5-inc1",
        Erasing = new ErasingOptions { Probability = 0.5 },
        Mixing = new MixOptions(),
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Batches_do_not_depend_on_the_workers()
    {
        var dataset = new MemoryDataset(70);
        List<string> one = await Read(
            dataset,
            new LoaderOptions(8)
            {
                Workers = 1,
                Ahead = 1,
                Seed = 3,
            },
            epoch: 2
        );
        Assert.Equal(8, one.Count);
        Assert.Equal(8, one.Distinct().Count());
        Assert.Equal(one, await Read(dataset, new LoaderOptions(8) { Workers = 5, Seed = 3 }, epoch: 2));
        Assert.Equal(
            one,
            await Read(
                dataset,
                new LoaderOptions(8)
                {
                    Workers = 3,
                    Ahead = 20,
                    Seed = 3,
                },
                epoch: 2
            )
        );
        Assert.Empty(one.Intersect(await Read(dataset, new LoaderOptions(8) { Workers = 3, Seed = 4 }, epoch: 2)));
        Assert.Empty(one.Intersect(await Read(dataset, new LoaderOptions(8) { Workers = 3, Seed = 3 }, epoch: 3)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(8)]
    public async Task Reading_may_begin_at_any_batch(int first)
    {
        var dataset = new MemoryDataset(70);
        List<string> whole = await Read(dataset, new LoaderOptions(8) { Workers = 2 }, epoch: 1);
        Assert.Equal(whole[first..], await Read(dataset, new LoaderOptions(8) { Workers = 2 }, epoch: 1, first));
    }

    [Fact]
    public async Task Two_processes_see_what_one_with_the_double_batch_sees()
    {
        AugmentationOptions recipe = Recipe with { Mixing = null };
        var dataset = new MemoryDataset(64);
        var images = new List<string>[3];
        for (int i = 0; i < 3; i++)
        {
            ProcessShare share = i == 2 ? ProcessShare.Single : new ProcessShare(i, 2);
            using var loader = new BatchLoader(
                dataset,
                new ShuffledSampler(64, 1, share),
                new TrainingTransform(recipe),
                new LoaderOptions(i == 2 ? 16 : 8) { Workers = 2 },
                LoaderUse.Training
            );
            images[i] = [];
            await foreach (Batch batch in loader.ReadAsync(1, cancellationToken: Token))
            {
                using (batch)
                    for (int k = 0; k < batch.Count; k++)
                        images[i].Add(string.Join(',', batch.Images[(k * 360)..((k + 1) * 360)].ToArray()));
            }
        }
        for (int batch = 0; batch < 4; batch++)
            Assert.Equal(
                images[2][(batch * 16)..((batch + 1) * 16)].Order(),
                images[0][(batch * 8)..((batch + 1) * 8)].Concat(images[1][(batch * 8)..((batch + 1) * 8)]).Order()
            );
    }

    [Fact]
    public async Task Batches_are_transformed_then_mixed_then_erased()
    {
        var dataset = new MemoryDataset(16);
        var sampler = new ShuffledSampler(16, 9, ProcessShare.Single);
        var transform = new TrainingTransform(Recipe);
        using var loader = new BatchLoader(dataset, sampler, transform, new LoaderOptions(8) { Seed = 9, Workers = 2 }, LoaderUse.Training);
        int[] order = sampler.Draw(4);
        await foreach (Batch batch in loader.ReadAsync(4, 1, Token))
        {
            using (batch)
            {
                Assert.Equal((4, 1, 8, 3, 10, 12), (batch.Epoch, batch.Number, batch.Count, batch.Channels, batch.Height, batch.Width));
                Assert.Equal(order[8..], batch.Indices);
                Assert.Equal(order[8..].Select(index => index % 4), batch.Labels.ToArray());
                float[] expected = new float[8 * 360];
                for (int i = 0; i < 8; i++)
                    transform.Apply(
                        dataset[order[8 + i]].ReadPixels(),
                        new RandomStream(9, RandomPurpose.Augmentation, 4, 8 + i),
                        expected.AsSpan(i * 360, 360)
                    );
                MixPlan plan = MixPlan.Draw(Recipe.Mixing!, new RandomStream(9, RandomPurpose.Mixing, 4, 1), 8, 12, 10);
                plan.Apply(expected, 3, 12, 10);
                for (int i = 0; i < 8; i++)
                    new RandomErasing(Recipe.Erasing!).Apply(
                        new RandomStream(9, RandomPurpose.Erasing, 4, 8 + i),
                        expected.AsSpan(i * 360, 360),
                        12,
                        10
                    );
                Assert.Equal(expected, batch.Images.ToArray());
                Assert.Equal(plan.Images, batch.Mix!.Images);
                float[] targets = new float[32],
                    expectedTargets = new float[32];
                batch.WriteTargets(4, 0.1, targets);
                plan.WriteTargets(batch.Labels.Span, 4, 0.1, expectedTargets);
                Assert.Equal(expectedTargets, targets);
            }
        }
    }

    [Fact]
    public async Task Evaluation_counts_every_image_once_with_a_last_smaller_batch()
    {
        var dataset = new MemoryDataset(21);
        var options = new PreprocessOptions(12, 10);
        using var loader = new BatchLoader(
            dataset,
            new OrderedSampler(21, ProcessShare.Single),
            new EvaluationTransform(options),
            new LoaderOptions(8) { Workers = 3 },
            LoaderUse.Evaluation
        );
        Assert.Equal(3, loader.BatchesPerEpoch);
        var preprocessor = new Preprocessor(options);
        float[] expected = new float[360];
        var counts = new List<int>();
        int index = 0;
        await foreach (Batch batch in loader.ReadAsync(0, cancellationToken: Token))
        {
            using (batch)
            {
                counts.Add(batch.Count);
                Assert.Null(batch.Mix);
                for (int i = 0; i < batch.Count; i++, index++)
                {
                    dataset[index].WriteInput(preprocessor, expected);
                    Assert.Equal(expected, batch.Images[(i * 360)..((i + 1) * 360)].ToArray());
                    Assert.Equal((index, index % 4), (batch.Indices[i], batch.Labels.Span[i]));
                }
            }
        }
        Assert.Equal([8, 8, 5], counts);
        Assert.Equal((3, 21L, 0), (loader.Statistics.Batches, loader.Statistics.Images, loader.Statistics.Skipped));
    }

    [Fact]
    public void Evaluation_with_one_plane_takes_the_gray()
    {
        PixelBlock gray = Reference.Image("grey");
        var options = new PreprocessOptions(20, 20) { Mean = [0.3f], StandardDeviation = [0.4f] };
        float[] three = new float[1200],
            one = new float[400];
        new Preprocessor(options).Process(gray.Pixels.Span, gray.Width, gray.Height, gray.Layout, 0, three);
        new EvaluationTransform(options, 1).Apply(gray, new RandomStream(0, RandomPurpose.Augmentation, 0, 0), one);
        Assert.Equal(three[..400], one);
        Assert.Throws<ArgumentException>(() => new EvaluationTransform(new PreprocessOptions(20, 20), 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new EvaluationTransform(options, 2));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_bad_image_ends_the_epoch_with_its_name(bool isTraining)
    {
        var dataset = new MemoryDataset(40, missing: [25]);
        using BatchLoader loader = Loader(dataset, isTraining, BadImages.Throw);
        for (int attempt = 0; attempt < 2; attempt++)
        {
            int batches = 0;
            DatasetException failure = await Assert.ThrowsAsync<DatasetException>(async () =>
            {
                await foreach (Batch batch in loader.ReadAsync(0, cancellationToken: Token))
                {
                    batch.Dispose();
                    batches++;
                }
            });
            Assert.StartsWith("/nowhere/25.png: Could not find", failure.Message, StringComparison.Ordinal);
            if (!isTraining)
                Assert.Equal(3, batches);
        }
    }

    [Fact]
    public async Task Bad_images_are_counted_and_replaced_in_training()
    {
        int[] missing = [3, 4, 39];
        var dataset = new MemoryDataset(40, missing: missing);
        using BatchLoader loader = Loader(dataset, isTraining: true, BadImages.Skip);
        var seen = new List<int>();
        await foreach (Batch batch in loader.ReadAsync(0, cancellationToken: Token))
        {
            using (batch)
            {
                Assert.Equal(8, batch.Count);
                Assert.Equal(batch.Indices.Select(index => index % 4), batch.Labels.ToArray());
                seen.AddRange(batch.Indices);
            }
        }
        // 3 falls on 4 and then 5, 39 on 0.
        Assert.Equal(
            Enumerable
                .Range(0, 40)
                .Select(i =>
                    i is 3 or 4 ? 5
                    : i == 39 ? 0
                    : i
                )
                .Order(),
            seen.Order()
        );
        Assert.Equal((4, 40L), (loader.Statistics.Skipped, loader.Statistics.Images));
    }

    [Fact]
    public async Task Bad_images_are_counted_and_left_out_in_evaluation()
    {
        var dataset = new MemoryDataset(20, missing: [3, 16, 17, 18, 19]);
        var logger = new RecordingLogger();
        using BatchLoader loader = Loader(dataset, isTraining: false, BadImages.Skip, logger: logger);
        var seen = new List<int>();
        await foreach (Batch batch in loader.ReadAsync(0, cancellationToken: Token))
        {
            using (batch)
            {
                Assert.Equal(batch.Count * 360, batch.Images.Length);
                seen.AddRange(batch.Indices);
            }
        }
        Assert.Equal(Enumerable.Range(0, 16).Where(i => i != 3), seen);
        Assert.Equal((3, 15L, 5), (loader.Statistics.Batches, loader.Statistics.Images, loader.Statistics.Skipped));
        Assert.Equal(
            [3, 16, 17, 18, 19],
            logger
                .Lines.Select(line =>
                    int.Parse(
                        Regex.Match(line, @"^Warning: .+ \(item (\d+)\) cannot be read and is passed over: .+").Groups[1].Value,
                        CultureInfo.InvariantCulture
                    )
                )
                .Order()
        );
    }

    [Fact]
    public async Task A_set_without_a_good_image_gives_up()
    {
        var dataset = new MemoryDataset(60, missing: Enumerable.Range(0, 60));
        using BatchLoader loader = Loader(dataset, isTraining: true, BadImages.Skip);
        await Assert.ThrowsAsync<DatasetException>(async () => await loader.ReadAsync(0, cancellationToken: Token).FirstAsync(Token));
    }

    [Fact]
    public async Task Cancelling_ends_reading_and_leaves_the_loader_usable()
    {
        using var hold = new ManualResetEventSlim(true);
        var dataset = new MemoryDataset(80, onRead: () => hold.Wait(TimeSpan.FromSeconds(30)));
        using BatchLoader loader = Loader(dataset, isTraining: true, BadImages.Throw);
        using var cancel = new CancellationTokenSource();
        int batches = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (Batch batch in loader.ReadAsync(0, cancellationToken: cancel.Token))
            {
                batch.Dispose();
                if (++batches < 2)
                    continue;
                await cancel.CancelAsync();
            }
        });
        Assert.Equal(2, batches);
        Assert.Equal(10, await loader.ReadAsync(0, cancellationToken: Token).CountAsync(Token));

        // A consumer that waits for a batch that does not come is woken too.
        hold.Reset();
        using var late = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await using IAsyncEnumerator<Batch> reading = loader.ReadAsync(1, cancellationToken: late.Token).GetAsyncEnumerator(Token);
        ValueTask<bool> next = reading.MoveNextAsync();
        _ = Task.Delay(300, Token).ContinueWith(_ => hold.Set(), TaskScheduler.Default);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await next);
    }

    [Fact]
    public async Task Buffers_are_used_again_only_after_they_were_given_back()
    {
        using BatchLoader loader = Loader(new MemoryDataset(80), isTraining: true, BadImages.Throw);
        var kept = new List<(Batch Batch, float[] Copy)>();
        await foreach (Batch batch in loader.ReadAsync(0, cancellationToken: Token))
            kept.Add((batch, batch.Images.ToArray()));
        Assert.All(kept, pair => Assert.Equal(pair.Copy, pair.Batch.Images.ToArray()));
        foreach ((Batch batch, _) in kept)
        {
            batch.Dispose();
            batch.Dispose();
            Assert.Throws<ObjectDisposedException>(() => batch.Images);
        }
    }

    [Fact]
    public async Task Waiting_for_data_is_measured()
    {
        using var gate = new ManualResetEventSlim();
        var clock = new StillClock();
        using BatchLoader loader = Loader(
            new MemoryDataset(24, onRead: () => gate.Wait(Token)),
            isTraining: true,
            BadImages.Throw,
            clock: clock
        );
        Assert.Equal(0, loader.Statistics.WaitShare);
        await using IAsyncEnumerator<Batch> reading = loader.ReadAsync(0, cancellationToken: Token).GetAsyncEnumerator(Token);
        ValueTask<bool> first = reading.MoveNextAsync();
        clock.Now += TimeSpan.FromSeconds(3);
        gate.Set();
        Assert.True(await first);
        Assert.Equal((TimeSpan.FromSeconds(3), 1), (loader.Statistics.Waited, loader.Statistics.WaitShare));

        // What the consumer does with a batch is not waiting.
        do
        {
            reading.Current.Dispose();
            clock.Now += TimeSpan.FromSeconds(1);
        } while (await reading.MoveNextAsync());
        Assert.Equal(new LoaderStatistics(3, 24, 0, TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(3)), loader.Statistics);
        Assert.Equal(0.5, loader.Statistics.WaitShare);

        // The time stands still when nobody reads.
        clock.Now += TimeSpan.FromSeconds(9);
        Assert.Equal(TimeSpan.FromSeconds(6), loader.Statistics.Elapsed);
    }

    [Fact]
    public async Task Files_are_decoded_into_memory_that_is_used_again()
    {
        // Two pictures of different sizes in turn: a buffer that was used again too early would show the other one.
        DirectoryInfo folder = Directory.CreateTempSubdirectory("mogasharp-");
        try
        {
            for (int i = 0; i < 24; i++)
            {
                Directory.CreateDirectory(Path.Combine(folder.FullName, $"{i % 2}"));
                byte[] pixels = new byte[(8 + i) * 9 * 3];
                new Random(i).NextBytes(pixels);
                new RgbImage(8 + i, 9, pixels).SavePng(Path.Combine(folder.FullName, $"{i % 2}", $"{i:D2}.png"));
            }
            var files = new ImageFolder(folder.FullName);
            var cached = new CachedDataset(files, 1 << 20);
            List<string> expected = await Read(cached, new LoaderOptions(8) { Workers = 2 }, epoch: 0);
            Assert.Equal(expected, await Read(files, new LoaderOptions(8) { Workers = 2 }, epoch: 0));
            Directory.Delete(folder.FullName, recursive: true);
            Assert.Equal(expected, await Read(cached, new LoaderOptions(8) { Workers = 2 }, epoch: 0));
        }
        finally
        {
            if (Directory.Exists(folder.FullName))
                Directory.Delete(folder.FullName, recursive: true);
        }
    }

    [Fact]
    public void A_disposed_loader_reads_nothing()
    {
        BatchLoader loader = Loader(new MemoryDataset(24), isTraining: true, BadImages.Throw);
        loader.Dispose();
        loader.Dispose();
        Assert.Throws<ObjectDisposedException>(() => loader.ReadAsync(0, cancellationToken: Token));
    }

    [Fact]
    public async Task One_epoch_is_read_at_a_time()
    {
        using BatchLoader loader = Loader(new MemoryDataset(24), isTraining: true, BadImages.Throw);
        await foreach (Batch batch in loader.ReadAsync(0, cancellationToken: Token))
        {
            batch.Dispose();
            await Assert.ThrowsAsync<InvalidOperationException>(async () =>
                await loader.ReadAsync(1, cancellationToken: Token).FirstAsync(Token)
            );
        }
    }

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        var dataset = new MemoryDataset(10);
        var sampler = new ShuffledSampler(10, 0, ProcessShare.Single);
        var transform = new TrainingTransform(Recipe);
        Assert.Contains(
            "the sampler is for 9 images",
            Refusal(() => new BatchLoader(dataset, new ShuffledSampler(9, 0, ProcessShare.Single), transform, new(2), LoaderUse.Training)),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "an even number of images, not 3",
            Refusal(() => new BatchLoader(dataset, sampler, transform, new(3), LoaderUse.Training)),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "10 images do not fill a batch of 12",
            Refusal(() => new BatchLoader(dataset, sampler, transform, new(12), LoaderUse.Training)),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "BatchSize",
            Refusal(() => new BatchLoader(dataset, sampler, transform, new(0), LoaderUse.Training)),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "Workers",
            Refusal(() => new BatchLoader(dataset, sampler, transform, new(2) { Workers = 0 }, LoaderUse.Training)),
            StringComparison.Ordinal
        );
        using var loader = new BatchLoader(dataset, sampler, transform, new(2) { Workers = 1 }, LoaderUse.Training);
        Assert.Throws<ArgumentOutOfRangeException>(() => loader.ReadAsync(-1, cancellationToken: Token));
        Assert.Throws<ArgumentOutOfRangeException>(() => loader.ReadAsync(0, 6, Token));

        static string Refusal(Func<BatchLoader> make) => Assert.ThrowsAny<ArgumentException>(make).Message;
    }

    private static BatchLoader Loader(
        IImageDataset dataset,
        bool isTraining,
        BadImages bad,
        int workers = 2,
        ILogger? logger = null,
        TimeProvider? clock = null
    )
    {
        var options = new LoaderOptions(8)
        {
            Workers = workers,
            BadImages = bad,
            Logger = logger ?? NullLogger.Instance,
            TimeProvider = clock ?? TimeProvider.System,
        };
        return isTraining
            ? new BatchLoader(
                dataset,
                new ShuffledSampler(dataset.Count, 0, ProcessShare.Single),
                new TrainingTransform(Recipe),
                options,
                LoaderUse.Training
            )
            : new BatchLoader(
                dataset,
                new OrderedSampler(dataset.Count, ProcessShare.Single),
                new EvaluationTransform(new PreprocessOptions(12, 10)),
                options,
                LoaderUse.Evaluation
            );
    }

    private static async Task<List<string>> Read(IImageDataset dataset, LoaderOptions options, int epoch, int first = 0)
    {
        using var loader = new BatchLoader(
            dataset,
            new ShuffledSampler(dataset.Count, options.Seed, ProcessShare.Single),
            new TrainingTransform(Recipe),
            options,
            LoaderUse.Training
        );
        var batches = new List<string>();
        await foreach (Batch batch in loader.ReadAsync(epoch, first, Token))
        {
            using (batch)
            {
                Assert.Equal(first + batches.Count, batch.Number);
                batches.Add(string.Join(',', batch.Images.ToArray()) + string.Join(',', batch.Indices));
            }
        }
        return batches;
    }

    private sealed class StillClock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
