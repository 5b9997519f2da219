using System.Runtime.CompilerServices;
using MogaSharp.Imaging;

namespace MogaSharp.Data;

/// <summary>What a pipeline has to know of the batches that it hands on.</summary>
internal interface ILoadedBatch : IDisposable
{
    int Count { get; }

    int Skipped { get; }
}

/// <summary>Reads one item of a data set into a batch.</summary>
internal interface IItemReader
{
    /// <summary>How messages name an item.</summary>
    string NameOf(int index);

    void Read(int index);
}

/// <summary>Makes one batch: a pure function of epoch, order and number.</summary>
internal delegate TBatch BatchMaker<TBatch>(int epoch, int[] order, int number, CancellationToken cancellationToken);

/// <summary>
/// Makes batches on own threads, ahead of whoever takes them, and hands them out in their order: what all loaders have in common.
/// </summary>
internal sealed class BatchPipeline<TBatch> : IDisposable
    where TBatch : class, ILoadedBatch
{
    // timm gives up after as many failures in a row.
    private const int MaxReplacements = 50;

    private readonly Sampler _sampler;
    private readonly LoaderOptions _options;
    private readonly bool _isTraining;
    private readonly BatchMaker<TBatch> _make;
    private readonly WorkerThreads _threads;
    private readonly Lock _lock = new();
    private LoaderStatistics _statistics;
    private long? _started;
    private int _isReading;
    private int _isDisposed;

    /// <summary>Starts the threads. In training, items that fill no batch are left out; in evaluation the last batch may be
    /// smaller.</summary>
    public BatchPipeline(int count, string items, Sampler sampler, LoaderOptions options, bool isTraining, BatchMaker<TBatch> make)
    {
        options.Check();
        if (sampler.Count != count)
            throw new ArgumentException($"the sampler is for {sampler.Count} {items}, the data set has {count}", nameof(sampler));
        BatchesPerEpoch = isTraining ? sampler.Length / options.BatchSize : (sampler.Length + options.BatchSize - 1) / options.BatchSize;
        if (isTraining && BatchesPerEpoch == 0)
            throw new ArgumentException($"{sampler.Length} {items} do not fill a batch of {options.BatchSize}", nameof(options));
        _sampler = sampler;
        _options = options;
        _isTraining = isTraining;
        _make = make;
        _threads = new WorkerThreads(options.Workers);
    }

    private TimeProvider Clock => _options.TimeProvider;

    public int BatchesPerEpoch { get; }

    public LoaderStatistics Statistics
    {
        get
        {
            lock (_lock)
                return Timed();
        }
    }

    public IAsyncEnumerable<TBatch> ReadAsync(int epoch, int firstBatch, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed == 1, this);
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ArgumentOutOfRangeException.ThrowIfNegative(firstBatch);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstBatch, BatchesPerEpoch);
        return ReadCoreAsync(epoch, firstBatch, cancellationToken);
    }

    /// <summary>The places of a batch in the order: the first one, and how many.</summary>
    public (int First, int Count) PlacesOf(int[] order, int number)
    {
        int first = number * _options.BatchSize;
        return (first, Math.Min(_options.BatchSize, order.Length - first));
    }

    /// <summary>The random numbers of an item by its place in the order of all processes: how many there are does not change what it
    /// gets.</summary>
    public RandomStream Random(RandomPurpose purpose, int epoch, int place) =>
        new(_options.Seed, purpose, epoch, _sampler.GlobalPosition(place));

    /// <summary>
    /// Reads an item, or, where the options say so, passes over those that cannot be read: the next one takes the place in training,
    /// and in evaluation the result is false. What is passed over is added to <paramref name="bad"/>.
    /// </summary>
    public bool TryRead<TReader>(int wanted, ref TReader reader, ref List<BadItem>? bad, out int index)
        where TReader : struct, IItemReader
    {
        index = wanted;
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                reader.Read(index);
                return true;
            }
            catch (Exception exception) when (exception is ImageFormatException or IOException or UnauthorizedAccessException)
            {
                string problem = exception is ImageFormatException unreadable ? unreadable.Problem : exception.Message;
                if (_options.BadImages == BadImages.Throw)
                    throw new DatasetException(reader.NameOf(index), problem, exception);
                if (attempt == MaxReplacements)
                    throw new DatasetException(
                        reader.NameOf(wanted),
                        $"Neither it nor the {MaxReplacements} after it can be read. The last one: {problem}",
                        exception
                    );
                _options.Logger.PassedOver(reader.NameOf(index), index, problem);
                (bad ??= []).Add(new BadItem(index, reader.NameOf(index), problem));
            }
            if (!_isTraining)
                return false;
            index = (index + 1) % _sampler.Count;
        }
    }

    /// <summary>Ends the threads; false when that was done before.</summary>
    public bool End()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 1)
            return false;
        _threads.Dispose();
        return true;
    }

    public void Dispose() => End();

    private async IAsyncEnumerable<TBatch> ReadCoreAsync(
        int epoch,
        int firstBatch,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        if (Interlocked.Exchange(ref _isReading, 1) == 1)
            throw new InvalidOperationException("an epoch is being read already");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pending = new Queue<Task<TBatch>>();
        try
        {
            lock (_lock)
            {
                _statistics = default;
                _started = Clock.GetTimestamp();
            }
            int[] order = _sampler.Draw(epoch);
            int ahead = _options.Ahead > 0 ? _options.Ahead : _options.Workers + 2,
                next = firstBatch;
            Fill();
            while (pending.TryPeek(out Task<TBatch>? first))
            {
                cancellationToken.ThrowIfCancellationRequested();
                long before = Clock.GetTimestamp();
                bool isReady = first.IsCompleted;
                TBatch batch = await first.WaitAsync(cancellationToken).ConfigureAwait(false);
                _ = pending.Dequeue();
                // The place that became free is filled before the batch is used.
                Fill();
                Count(batch, isReady ? TimeSpan.Zero : Clock.GetElapsedTime(before));
                yield return batch;
            }

            void Fill()
            {
                for (; pending.Count < ahead && next < BatchesPerEpoch; next++)
                {
                    int number = next;
                    pending.Enqueue(_threads.Run(() => _make(epoch, order, number, stop.Token)));
                }
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            foreach (Task<TBatch> task in pending)
                await DropAsync(task).ConfigureAwait(false);
            lock (_lock)
            {
                _statistics = Timed();
                _started = null;
            }
            Volatile.Write(ref _isReading, 0);
        }
    }

    private static async Task DropAsync(Task<TBatch> task)
    {
        try
        {
            (await task.ConfigureAwait(false)).Dispose();
        }
#pragma warning disable CA1031 // nobody will take this batch; the first failure was told already
        catch (Exception)
#pragma warning restore CA1031
        { }
    }

    // Under the lock. The time stands still between epochs.
    private LoaderStatistics Timed() =>
        _started is long started ? _statistics with { Elapsed = Clock.GetElapsedTime(started) } : _statistics;

    private void Count(TBatch batch, TimeSpan waited)
    {
        lock (_lock)
        {
            _statistics = new LoaderStatistics(
                _statistics.Batches + 1,
                _statistics.Images + batch.Count,
                _statistics.Skipped + batch.Skipped,
                default,
                _statistics.Waited + waited
            );
        }
    }
}
