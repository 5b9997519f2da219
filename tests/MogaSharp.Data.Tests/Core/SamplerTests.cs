namespace MogaSharp.Data.Tests;

public sealed class SamplerTests
{
    [Theory]
    [InlineData(10, 1)]
    [InlineData(10, 2)]
    [InlineData(10, 3)]
    [InlineData(2, 5)]
    public void Shuffled_processes_have_equally_many_and_see_everything(int count, int processes)
    {
        int[][] parts = [.. Enumerable.Range(0, processes).Select(rank => new ShuffledSampler(count, 1, new(rank, processes)).Draw(3))];
        int each = (count + processes - 1) / processes;
        Assert.All(parts, part => Assert.Equal(each, part.Length));
        Assert.Equal(Enumerable.Range(0, count), parts.SelectMany(part => part).Distinct().Order());
        // At most one round of repetitions.
        if (count >= processes)
            Assert.All(parts.SelectMany(part => part).GroupBy(index => index), same => Assert.InRange(same.Count(), 1, 2));
    }

    [Fact]
    public void Orders_depend_on_seed_and_epoch_alone()
    {
        var sampler = new ShuffledSampler(1000, 5, ProcessShare.Single);
        Assert.Equal(sampler.Draw(2), new ShuffledSampler(1000, 5, ProcessShare.Single).Draw(2));
        Assert.NotEqual(sampler.Draw(2), sampler.Draw(3));
        Assert.NotEqual(sampler.Draw(2), new ShuffledSampler(1000, 6, ProcessShare.Single).Draw(2));
        Assert.NotEqual(Enumerable.Range(0, 1000), sampler.Draw(0));
    }

    [Fact]
    public void Two_processes_deal_out_the_order_of_one()
    {
        int[] whole = new ShuffledSampler(101, 5, ProcessShare.Single).Draw(1);
        var second = new ShuffledSampler(101, 5, new(1, 2));
        int[] mine = second.Draw(1);
        for (int i = 0; i < 50; i++)
            Assert.Equal(whole[second.GlobalPosition(i)], mine[i]);
        // The 102nd place is filled from the beginning.
        Assert.Equal(whole[0], mine[50]);
    }

    [Fact]
    public void Repeated_images_come_to_different_processes()
    {
        // timm: 1000 // 256 * 256 / 3 = 256 images for each process of three, 85.3 whole ones each repeated three times.
        int[][] parts = [.. Enumerable.Range(0, 3).Select(rank => new RepeatedSampler(1000, 7, new(rank, 3)).Draw(0))];
        Assert.All(parts, part => Assert.Equal(256, part.Length));
        Assert.Equal(parts[0], parts[1]);
        Assert.Equal(parts[0], parts[2]);
        Assert.Equal(256, parts[0].Distinct().Count());
        Assert.Equal(new ShuffledSampler(1000, 7, ProcessShare.Single).Draw(0).Take(256), parts[0]);
    }

    [Theory]
    [InlineData(1000, 1, 256, 768)]
    [InlineData(1000, 2, 256, 384)]
    [InlineData(1000, 5, 256, 153)]
    [InlineData(1000, 3, 0, 334)]
    [InlineData(60000, 8, 256, 7488)]
    public void Repeated_samplers_have_the_length_of_timm(int count, int processes, int round, int length)
    {
        var sampler = new RepeatedSampler(count, 0, new(0, processes), round: round);
        Assert.Equal(length, sampler.Length);
        int[] mine = sampler.Draw(1);
        Assert.Equal(length, mine.Length);
        if (processes == 1)
            Assert.Equal(mine.Where((_, i) => i % 3 == 0), mine.Where((_, i) => i % 3 == 2));
    }

    [Theory]
    [InlineData(10, 3)]
    [InlineData(9, 3)]
    [InlineData(2, 3)]
    public void Ordered_processes_count_no_image_twice(int count, int processes)
    {
        OrderedSampler[] samplers = [.. Enumerable.Range(0, processes).Select(rank => new OrderedSampler(count, new(rank, processes)))];
        Assert.Equal(Enumerable.Range(0, count), samplers.SelectMany(sampler => sampler.Draw(0)).Order());
        Assert.All(samplers, sampler => Assert.Equal(sampler.Length, sampler.Draw(0).Length));
        Assert.All(samplers, sampler => Assert.Equal(sampler.Draw(0).Order(), sampler.Draw(5)));
    }

    [Fact]
    public void Bad_shares_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new OrderedSampler(0, ProcessShare.Single));
        Assert.Throws<ArgumentOutOfRangeException>(() => new OrderedSampler(5, new(2, 2)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new OrderedSampler(5, new(-1, 2)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new OrderedSampler(5, default));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RepeatedSampler(5, 0, ProcessShare.Single, repeats: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RepeatedSampler(5, 0, ProcessShare.Single, round: -1));
    }
}
