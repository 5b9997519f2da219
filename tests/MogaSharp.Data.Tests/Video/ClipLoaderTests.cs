using MogaSharp.Imaging;

namespace MogaSharp.Data.Tests;

public sealed class ClipLoaderTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Batches_do_not_depend_on_the_workers_or_where_reading_begins()
    {
        List<string> one = await Read(
            new LoaderOptions(4)
            {
                Workers = 1,
                Ahead = 1,
                Seed = 3,
            },
            2
        );
        Assert.Equal(5, one.Count);
        Assert.Equal(5, one.Distinct().Count());
        Assert.Equal(one, await Read(new LoaderOptions(4) { Workers = 5, Seed = 3 }, 2));
        Assert.Equal(one[3..], await Read(new LoaderOptions(4) { Workers = 2, Seed = 3 }, 2, 3));
        Assert.Empty(one.Intersect(await Read(new LoaderOptions(4) { Workers = 2, Seed = 4 }, 2)));
        Assert.Empty(one.Intersect(await Read(new LoaderOptions(4) { Workers = 2, Seed = 3 }, 1)));
    }

    [Fact]
    public async Task Two_processes_see_what_one_with_the_double_batch_sees()
    {
        var clips = new List<float>[3];
        for (int i = 0; i < 3; i++)
        {
            ProcessShare share = i == 2 ? ProcessShare.Single : new ProcessShare(i, 2);
            using var loader = new ClipLoader(
                new RandomClips(16),
                new ShuffledSampler(16, 1, share),
                new LoaderOptions(i == 2 ? 8 : 4) { Workers = 2 },
                LoaderUse.Training
            );
            clips[i] = [];
            await foreach (ClipBatch batch in loader.ReadAsync(0, cancellationToken: Token))
            {
                using (batch)
                    clips[i].AddRange(Enumerable.Range(0, batch.Count).Select(k => batch.Input.Span[k * 12]));
            }
        }
        Assert.Equal(clips[2].Order(), clips[0].Concat(clips[1]).Order());
        Assert.Equal(clips[2][..8].Order(), clips[0][..4].Concat(clips[1][..4]).Order());
    }

    [Fact]
    public async Task A_batch_holds_what_is_seen_and_what_follows()
    {
        var sampler = new OrderedSampler(10, ProcessShare.Single);
        using var loader = new ClipLoader(
            new RandomClips(10),
            sampler,
            new LoaderOptions(4) { Workers = 2, Seed = 7 },
            LoaderUse.Evaluation
        );
        Assert.Equal(3, loader.BatchesPerEpoch);
        var counts = new List<int>();
        ClipBatch? last = null;
        await foreach (ClipBatch batch in loader.ReadAsync(1, cancellationToken: Token))
        {
            Assert.Equal((1, counts.Count, new ClipShape(2, 1, 1, 2, 3)), (batch.Epoch, batch.Number, batch.Shape));
            Assert.Equal((batch.Count * 12, batch.Count * 6), (batch.Input.Length, batch.Output.Length));
            for (int i = 0; i < batch.Count; i++)
            {
                float expected = (float)new RandomStream(7, RandomPurpose.Clip, 1, batch.Indices[i]).NextDouble();
                Assert.All(batch.Input.Slice(i * 12, 12).ToArray(), value => Assert.Equal(expected, value));
                Assert.All(batch.Output.Slice(i * 6, 6).ToArray(), value => Assert.Equal(expected + batch.Indices[i], value));
            }
            counts.Add(batch.Count);
            batch.Dispose();
            batch.Dispose();
            last = batch;
        }
        Assert.Equal([4, 4, 2], counts);
        Assert.Throws<ObjectDisposedException>(() => last!.Input);
        Assert.Equal((3, 10L), (loader.Statistics.Batches, loader.Statistics.Images));
    }

    [Fact]
    public async Task Bad_clips_are_named_replaced_or_left_out()
    {
        var clips = new RandomClips(8, bad: [1, 2]);
        DatasetException failure = await Assert.ThrowsAsync<DatasetException>(() => Indices(clips, LoaderUse.Training, BadImages.Throw));
        Assert.Matches("^clip [12]: broken$", failure.Message);
        Assert.Equal([0, 3, 3, 3, 4, 5, 6, 7], (await Indices(clips, LoaderUse.Training, BadImages.Skip)).Order());
        Assert.Equal([0, 3, 4, 5, 6, 7], await Indices(clips, LoaderUse.Evaluation, BadImages.Skip));
    }

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        var clips = new RandomClips(6);
        Assert.Contains("the sampler is for 5 clips", Refusal(new ShuffledSampler(5, 0, ProcessShare.Single), 2), StringComparison.Ordinal);
        Assert.Contains(
            "6 clips do not fill a batch of 7",
            Refusal(new ShuffledSampler(6, 0, ProcessShare.Single), 7),
            StringComparison.Ordinal
        );
        var loader = new ClipLoader(clips, new OrderedSampler(6, ProcessShare.Single), new LoaderOptions(7), LoaderUse.Evaluation);
        loader.Dispose();
        loader.Dispose();
        Assert.Throws<ObjectDisposedException>(() => loader.ReadAsync(0, cancellationToken: Token));

        string Refusal(Sampler sampler, int batch) =>
            Assert.ThrowsAny<ArgumentException>(() => new ClipLoader(clips, sampler, new LoaderOptions(batch), LoaderUse.Training)).Message;
    }

    private static async Task<List<int>> Indices(RandomClips clips, LoaderUse use, BadImages bad)
    {
        Sampler sampler =
            use == LoaderUse.Training
                ? new ShuffledSampler(clips.Count, 0, ProcessShare.Single)
                : new OrderedSampler(clips.Count, ProcessShare.Single);
        using var loader = new ClipLoader(clips, sampler, new LoaderOptions(4) { Workers = 2, BadImages = bad }, use);
        var indices = new List<int>();
        await foreach (ClipBatch batch in loader.ReadAsync(0, cancellationToken: Token))
        {
            using (batch)
            {
                for (int i = 0; i < batch.Count; i++)
                    Assert.Equal(batch.Input.Span[i * 12] + batch.Indices[i], batch.Output.Span[i * 6]);
                indices.AddRange(batch.Indices);
            }
        }
        return indices;
    }

    private static async Task<List<string>> Read(LoaderOptions options, int epoch, int first = 0)
    {
        using var loader = new ClipLoader(
            new RandomClips(22),
            new ShuffledSampler(22, options.Seed, ProcessShare.Single),
            options,
            LoaderUse.Training
        );
        var batches = new List<string>();
        await foreach (ClipBatch batch in loader.ReadAsync(epoch, first, Token))
        {
            using (batch)
                batches.Add(
                    $"{string.Join(',', batch.Input.ToArray())};{string.Join(',', batch.Output.ToArray())};"
                        + string.Join(',', batch.Indices)
                );
        }
        return batches;
    }

    // What is seen is the clip's first random number; what follows is one more for each index.
    private sealed class RandomClips(int count, params int[] bad) : IClipDataset
    {
        public int Count => count;

        public ClipShape Shape => new(2, 1, 1, 2, 3);

        public string NameOf(int index) => $"clip {index}";

        public void Read(int index, RandomStream random, Span<float> input, Span<float> output)
        {
            float number = (float)random.NextDouble();
            input.Fill(number);
            if (bad.Contains(index))
                throw new ImageFormatException("frame", "broken");
            output.Fill(number + index);
        }
    }
}
