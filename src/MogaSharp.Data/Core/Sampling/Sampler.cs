namespace MogaSharp.Data;

/// <summary>Which part of the work a process has, of several that train or evaluate together.</summary>
/// <param name="Rank">The number of the process, from 0.</param>
/// <param name="Count">The number of processes.</param>
public readonly record struct ProcessShare(int Rank, int Count)
{
    /// <summary>One process that does everything.</summary>
    public static ProcessShare Single { get; } = new(0, 1);

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Count);
        ArgumentOutOfRangeException.ThrowIfNegative(Rank);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(Rank, Count);
    }
}

/// <summary>
/// The order in which a process sees the images of an epoch. All processes deal the same global order out in turn, so n processes
/// with batches of b see, batch for batch, the images that one process with batches of n b sees. Immutable, safe to use from many
/// threads at once. Derive from it for an order of your own.
/// </summary>
public abstract class Sampler
{
    /// <summary>Keeps the size of the data set and the part of this process.</summary>
    /// <param name="count">The number of images of the data set, at least 1.</param>
    /// <param name="share">The part of this process.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are no images, or there is no such part.</exception>
    protected Sampler(int count, ProcessShare share)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        share.Check();
        Count = count;
        Share = share;
    }

    /// <summary>The number of images of the data set.</summary>
    public int Count { get; }

    /// <summary>The part of this process.</summary>
    public ProcessShare Share { get; }

    /// <summary>How many images this process sees in an epoch.</summary>
    public abstract int Length { get; }

    /// <summary>Gives the images of this process.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <returns><see cref="Length"/> indices into the data set.</returns>
    public abstract int[] Draw(int epoch);

    /// <summary>The place in the global order of an image of this process; each occurs once in an epoch.</summary>
    /// <param name="place">The place among the images of this process.</param>
    public long GlobalPosition(int place) => ((long)place * Share.Count) + Share.Rank;

    /// <summary>All indices in an order that seed and epoch decide, the same in all processes.</summary>
    /// <param name="seed">The seed of the training.</param>
    /// <param name="epoch">The epoch, from 0.</param>
    protected int[] Shuffled(long seed, int epoch)
    {
        int[] order = new int[Count];
        for (int i = 0; i < order.Length; i++)
            order[i] = i;
        new RandomStream(seed, RandomPurpose.Order, epoch, 0).Shuffle(order);
        return order;
    }
}

/// <summary>
/// Every image once in an epoch, in an order that seed and epoch decide. Where the number of images is not a multiple of the number
/// of processes the order begins anew, so that all have equally many: PyTorch's <c>DistributedSampler</c>.
/// </summary>
/// <param name="count">The number of images of the data set.</param>
/// <param name="seed">The seed of the training; the same in all processes.</param>
/// <param name="share">The part of this process.</param>
public sealed class ShuffledSampler(int count, long seed, ProcessShare share) : Sampler(count, share)
{
    /// <inheritdoc/>
    public override int Length => (int)(((long)Count + Share.Count - 1) / Share.Count);

    /// <inheritdoc/>
    public override int[] Draw(int epoch)
    {
        int[] order = Shuffled(seed, epoch),
            mine = new int[Length];
        for (int i = 0; i < mine.Length; i++)
            mine[i] = order[GlobalPosition(i) % Count];
        return mine;
    }
}

/// <summary>
/// Repeated augmentation: every image of a shuffled order comes several times in a row, so that processes see differently
/// augmented versions of it at the same time, and only so much of the order is used that an epoch has about as many images as
/// the data set. <c>RepeatAugSampler</c> of <c>timm/data/distributed_sampler.py</c> (0.6.13), after Berman et al., "MultiGrain".
/// </summary>
/// <param name="count">The number of images of the data set.</param>
/// <param name="seed">The seed of the training; the same in all processes.</param>
/// <param name="share">The part of this process.</param>
/// <param name="repeats">How often an image comes in a row, at least 1. timm's default is 3.</param>
/// <param name="round">The images of an epoch, over all processes, are rounded down to a multiple of it; 0 does not round. timm's default
/// is 256.</param>
public sealed class RepeatedSampler(int count, long seed, ProcessShare share, int repeats = 3, int round = 256) : Sampler(count, share)
{
    private readonly int _repeats = repeats >= 1 ? repeats : throw new ArgumentOutOfRangeException(nameof(repeats), repeats, "at least 1");
    private readonly int _round = round >= 0 ? round : throw new ArgumentOutOfRangeException(nameof(round), round, "at least 0");

    /// <inheritdoc/>
    public override int Length =>
        _round > 0 ? (int)((long)(Count / _round) * _round / Share.Count) : (int)(((long)Count + Share.Count - 1) / Share.Count);

    /// <inheritdoc/>
    public override int[] Draw(int epoch)
    {
        int[] order = Shuffled(seed, epoch),
            mine = new int[Length];
        for (int i = 0; i < mine.Length; i++)
            mine[i] = order[GlobalPosition(i) / _repeats % Count];
        return mine;
    }
}

/// <summary>
/// Every image once, in the order of the data set. Nothing is repeated to even processes out, so a process may have one image
/// less than another and no image is counted twice.
/// </summary>
/// <param name="count">The number of images of the data set.</param>
/// <param name="share">The part of this process.</param>
public sealed class OrderedSampler(int count, ProcessShare share) : Sampler(count, share)
{
    /// <inheritdoc/>
    public override int Length => (int)(((long)Count - Share.Rank + Share.Count - 1) / Share.Count);

    /// <inheritdoc/>
    public override int[] Draw(int epoch)
    {
        int[] mine = new int[Length];
        for (int i = 0; i < mine.Length; i++)
            mine[i] = (int)GlobalPosition(i);
        return mine;
    }
}
