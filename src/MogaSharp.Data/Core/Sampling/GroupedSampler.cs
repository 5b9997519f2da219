using System.Collections.Immutable;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>
/// Batches whose images are all of one group, such as wide or tall ones, which need less padding among themselves. Each group is shuffled,
/// begins anew where it does not fill its last batch, and is dealt out in batches whose order is shuffled too. Unlike MMDetection's
/// <c>DistributedGroupSampler</c>, the batches that processes see at the same time are of the same group, so that none waits for
/// another one.
/// </summary>
public sealed class GroupedSampler : Sampler
{
    private readonly long _seed;
    private readonly int[][] _groups;
    private readonly int _batch;

    /// <summary>Makes a sampler.</summary>
    /// <param name="groups">The group of each image of the data set, any numbers.</param>
    /// <param name="batchSize">The images of a batch of one process, at least 1; the loader's.</param>
    /// <param name="seed">The seed of the training; the same in all processes.</param>
    /// <param name="share">The part of this process.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are no images, there is no such part, or the batch is empty.</exception>
    public GroupedSampler(IReadOnlyList<int> groups, int batchSize, long seed, ProcessShare share)
        : base(groups.Count, share)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        _seed = seed;
        _groups =
        [
            .. Enumerable.Range(0, groups.Count).GroupBy(i => groups[i]).OrderBy(group => group.Key).Select(group => group.ToArray()),
        ];
        _batch = checked(batchSize * share.Count);
        Length = checked(_groups.Sum(Batches) * batchSize);
    }

    /// <inheritdoc/>
    /// <remarks>A multiple of the batch size.</remarks>
    public override int Length { get; }

    /// <summary>The groups of MMDetection: images that are wider than high, and the others. Images of unknown size are a third
    /// group.</summary>
    /// <param name="dataset">The images.</param>
    /// <returns>The group of each image.</returns>
    public static ImmutableArray<int> ByAspect(IDetectionDataset dataset) =>
        [
            .. Enumerable
                .Range(0, dataset.Count)
                .Select(i =>
                    dataset.SizeOf(i) is not ImageSize size ? 2
                    : size.Width > size.Height ? 1
                    : 0
                ),
        ];

    /// <inheritdoc/>
    public override int[] Draw(int epoch)
    {
        var random = new RandomStream(_seed, RandomPurpose.Order, epoch, 0);
        var batches = new List<int[]>();
        foreach (int[] group in _groups)
        {
            int[] order = [.. group];
            random.Shuffle(order);
            for (int batch = 0; batch < Batches(group); batch++)
                batches.Add([.. Enumerable.Range(batch * _batch, _batch).Select(place => order[place % order.Length])]);
        }

        int[] turns = [.. Enumerable.Range(0, batches.Count)],
            mine = new int[Length];
        random.Shuffle(turns);
        for (int i = 0; i < mine.Length; i++)
        {
            (long turn, long place) = Math.DivRem(GlobalPosition(i), _batch);
            mine[i] = batches[turns[turn]][place];
        }

        return mine;
    }

    private int Batches(int[] group) => (int)(((long)group.Length + _batch - 1) / _batch);
}
