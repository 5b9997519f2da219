namespace MogaSharp.Data.Tests;

public sealed class CachedDatasetTests
{
    [Fact]
    public void A_cache_reads_each_image_once_while_there_is_room()
    {
        int reads = 0;
        var inner = new MemoryDataset(10, onRead: () => Interlocked.Increment(ref reads));
        byte[][] expected = [.. inner.Select(item => item.ReadPixels().Pixels.ToArray())];
        reads = 0;
        var cache = new CachedDataset(inner, 1 << 20);
        for (int round = 0; round < 3; round++)
            Parallel.For(0, 10, i => Assert.Equal(expected[i], cache[i].ReadPixels().Pixels.ToArray()));
        Assert.Equal(10, reads);
        Assert.Equal(inner.Select(item => (item.Name, item.Label)), cache.Select(item => (item.Name, item.Label)));
        Assert.Same(inner.ClassNames, cache.ClassNames);

        reads = 0;
        var small = new CachedDataset(inner, expected[0].Length + expected[1].Length);
        for (int round = 0; round < 2; round++)
            foreach (ImageItem item in small)
                item.ReadPixels();
        Assert.Equal(18, reads);
    }
}
