using MogaSharp.Vision;

namespace MogaSharp.Data.Tests;

public sealed class GroupedSamplerTests
{
    // 23 of one group, 10 of another one and a single one.
    private static readonly int[] Groups =
    [
        .. Enumerable
            .Range(0, 34)
            .Select(i =>
                i == 20 ? 7
                : i % 3 == 1 ? 5
                : 1
            ),
    ];

    [Theory]
    [InlineData(1, 1)]
    [InlineData(4, 1)]
    [InlineData(4, 3)]
    [InlineData(16, 2)]
    public void Batches_are_of_one_group_and_show_everything(int batchSize, int processes)
    {
        int[][] parts = [.. Enumerable.Range(0, processes).Select(rank => Sampler(batchSize, new(rank, processes)).Draw(3))];
        int whole = batchSize * processes,
            batches = Groups.GroupBy(group => group).Sum(group => (group.Count() + whole - 1) / whole);
        Assert.All(parts, part => Assert.Equal(batches * batchSize, part.Length));
        Assert.Equal(Enumerable.Range(0, 34), parts.SelectMany(part => part).Distinct().Order());
        for (int batch = 0; batch < batches; batch++)
            Assert.Single(parts.SelectMany(part => part.Skip(batch * batchSize).Take(batchSize)).Select(index => Groups[index]).Distinct());
        // What fills the last batch of a group is repeated, and nothing else.
        Assert.All(
            parts.SelectMany(part => part).GroupBy(index => index).GroupBy(same => Groups[same.Key]),
            group => Assert.InRange(group.Max(same => same.Count()) - group.Min(same => same.Count()), 0, 1)
        );
    }

    [Fact]
    public void Orders_depend_on_seed_and_epoch_alone()
    {
        int[] order = Sampler(4, ProcessShare.Single).Draw(2);
        Assert.Equal(order, Sampler(4, ProcessShare.Single).Draw(2));
        Assert.NotEqual(order, Sampler(4, ProcessShare.Single).Draw(3));
        Assert.NotEqual(order, new GroupedSampler(Groups, 4, 6, ProcessShare.Single).Draw(2));
        // Neither one group after the other nor always the same images together.
        Assert.Contains(
            Enumerable.Range(0, 10),
            epoch => Runs([.. Sampler(4, ProcessShare.Single).Draw(epoch).Select(i => Groups[i])]) > 3
        );
        HashSet<int> companions = [];
        for (int epoch = 0; epoch < 60; epoch++)
            companions.UnionWith(Sampler(4, ProcessShare.Single).Draw(epoch).Chunk(4).Where(batch => batch.Contains(0)).SelectMany(i => i));
        Assert.Equal(Groups.Count(group => group == Groups[0]), companions.Count);
    }

    [Fact]
    public void Two_processes_deal_out_the_batches_of_one()
    {
        int[] whole = Sampler(8, ProcessShare.Single).Draw(1);
        for (int rank = 0; rank < 2; rank++)
        {
            GroupedSampler sampler = Sampler(4, new(rank, 2));
            int[] mine = sampler.Draw(1);
            for (int i = 0; i < mine.Length; i++)
                Assert.Equal(whole[sampler.GlobalPosition(i)], mine[i]);
        }
    }

    [Fact]
    public async Task A_loader_begins_at_any_batch_of_them()
    {
        var dataset = new MemoryDataset(34);
        List<int[]> whole = await Read(0),
            rest = await Read(5);
        Assert.Equal(whole[5..], rest);
        Assert.All(whole, batch => Assert.Single(batch.Select(index => Groups[index]).Distinct()));

        async Task<List<int[]>> Read(int first)
        {
            using var loader = new BatchLoader(
                dataset,
                Sampler(4, ProcessShare.Single),
                new EvaluationTransform(new(8, 8)),
                new(4) { Workers = 2 },
                LoaderUse.Training
            );
            var batches = new List<int[]>();
            await foreach (Batch batch in loader.ReadAsync(1, first, TestContext.Current.CancellationToken))
            {
                using (batch)
                    batches.Add([.. batch.Indices]);
            }

            return batches;
        }
    }

    [Fact]
    public void Wide_and_tall_images_are_groups()
    {
        var wide = new SceneDataset(new SceneGenerator(new PlainDigits(), size: new ImageSize(64, 48)), 3, SceneView.Objects);
        var tall = new SceneDataset(new SceneGenerator(new PlainDigits(), size: new ImageSize(48, 64)), 2, SceneView.Objects);
        var square = new SceneDataset(new SceneGenerator(new PlainDigits(), size: new ImageSize(48, 48)), 1, SceneView.Objects);
        Assert.Equal([1, 1, 1], GroupedSampler.ByAspect(wide));
        Assert.Equal([0, 0], GroupedSampler.ByAspect(tall));
        Assert.Equal([0], GroupedSampler.ByAspect(square));
    }

    [Fact]
    public void Bad_arguments_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new GroupedSampler([], 4, 0, ProcessShare.Single));
        Assert.Throws<ArgumentOutOfRangeException>(() => Sampler(0, ProcessShare.Single));
        Assert.Throws<ArgumentOutOfRangeException>(() => Sampler(1, new(2, 2)));
    }

    private static GroupedSampler Sampler(int batchSize, ProcessShare share) => new(Groups, batchSize, 5, share);

    private static int Runs(int[] groups) => 1 + groups.Skip(1).Zip(groups).Count(pair => pair.First != pair.Second);
}
