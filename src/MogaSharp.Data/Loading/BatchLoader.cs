using System.Diagnostics;
using System.Runtime.CompilerServices;
using MogaSharp.Imaging;

namespace MogaSharp.Data;

/// <summary>
/// Reads, augments and batches images on own threads, ahead of whoever takes the batches. A batch is a pure function of data set,
/// options, seed, epoch and its number: neither the workers' number nor where reading began changes a bit of it.
/// </summary>
public sealed class BatchLoader : IDisposable
{
    // timm gives up after as many failures in a row.
    private const int MaxReplacements = 50;

    private readonly IImageDataset _dataset;
    private readonly Sampler _sampler;
    private readonly IImageTransform _transform;
    private readonly LoaderOptions _options;
    private readonly MixOptions? _mixing;
    private readonly RandomErasing? _erasing;
    private readonly bool _isTraining;
    private readonly int _inputLength;
    private readonly BufferPool _pool;
    private readonly WorkerThreads _threads;
    private readonly ThreadLocal<DecodeBuffers> _buffers = new(() => new DecodeBuffers());
    private readonly Lock _lock = new();
    private readonly Stopwatch _clock = new();
    private LoaderStatistics _statistics;
    private int _isReading;
    private int _isDisposed;

    /// <summary>Makes a loader for training: random transforms, mixing and erasing; images that fill no batch are left out.</summary>
    /// <param name="dataset">The images. The loader does not own them.</param>
    /// <param name="sampler">The order of the images.</param>
    /// <param name="transform">The transform; its options say how batches are mixed and erased.</param>
    /// <param name="options">The options.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or there are not enough images for one batch.</exception>
    public BatchLoader(IImageDataset dataset, Sampler sampler, TrainingTransform transform, LoaderOptions options)
        : this(dataset, sampler, transform, options, isTraining: true)
    {
        _mixing = transform.Options.Mixing;
        _erasing = transform.Options.Erasing is { } erasing ? new RandomErasing(erasing) : null;
    }

    /// <summary>Makes a loader for evaluation; the last batch may have fewer images.</summary>
    /// <param name="dataset">The images. The loader does not own them.</param>
    /// <param name="sampler">The order of the images.</param>
    /// <param name="transform">The transform.</param>
    /// <param name="options">The options.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public BatchLoader(IImageDataset dataset, Sampler sampler, EvaluationTransform transform, LoaderOptions options)
        : this(dataset, sampler, transform, options, isTraining: false)
    {
    }

    private BatchLoader(IImageDataset dataset, Sampler sampler, IImageTransform transform, LoaderOptions options, bool isTraining)
    {
        options.Check();
        if (sampler.Count != dataset.Count)
            throw new ArgumentException($"the sampler is for {sampler.Count} images, the data set has {dataset.Count}", nameof(sampler));
        if (isTraining && ((TrainingTransform)transform).Options.Mixing is not null) MixPlan.CheckCount(options.BatchSize);
        BatchesPerEpoch = isTraining ? sampler.Length / options.BatchSize : (sampler.Length + options.BatchSize - 1) / options.BatchSize;
        if (isTraining && BatchesPerEpoch == 0)
            throw new ArgumentException($"{sampler.Length} images do not fill a batch of {options.BatchSize}", nameof(options));
        _dataset = dataset;
        _sampler = sampler;
        _transform = transform;
        _options = options;
        _isTraining = isTraining;
        _inputLength = checked(transform.Channels * transform.Height * transform.Width);
        _pool = new BufferPool(checked(_inputLength * options.BatchSize));
        _threads = new WorkerThreads(options.Workers);
    }

    /// <summary>The number of batches of an epoch for this process.</summary>
    public int BatchesPerEpoch { get; }

    /// <summary>What was done since the last epoch was begun. May be read from any thread.</summary>
    public LoaderStatistics Statistics
    {
        get
        {
            lock (_lock) return _statistics with { Elapsed = _clock.Elapsed };
        }
    }

    /// <summary>Reads the batches of an epoch in their order. One epoch at a time; each batch must be disposed by whoever takes it.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="firstBatch">The batch to begin with: the batches from there on are those of a whole epoch.</param>
    /// <param name="cancellationToken">Ends reading.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such batch or epoch.</exception>
    /// <exception cref="DatasetException">An image cannot be read; the message names it.</exception>
    /// <exception cref="InvalidOperationException">An epoch is being read already.</exception>
    /// <exception cref="ObjectDisposedException">The loader was disposed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public IAsyncEnumerable<Batch> ReadAsync(int epoch, int firstBatch = 0, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed == 1, this);
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ArgumentOutOfRangeException.ThrowIfNegative(firstBatch);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstBatch, BatchesPerEpoch);
        return ReadCoreAsync(epoch, firstBatch, cancellationToken);
    }

    /// <summary>Ends the threads. Batches that were handed out stay valid.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 1) return;
        _threads.Dispose();
        _buffers.Dispose();
    }

    private async IAsyncEnumerable<Batch> ReadCoreAsync(int epoch, int firstBatch, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _isReading, 1) == 1) throw new InvalidOperationException("an epoch is being read already");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pending = new Queue<Task<Batch>>();
        try
        {
            lock (_lock)
            {
                _statistics = default;
                _clock.Restart();
            }
            int[] order = _sampler.Draw(epoch);
            int ahead = _options.Ahead > 0 ? _options.Ahead : _options.Workers + 2, next = firstBatch;
            Fill();
            while (pending.TryPeek(out Task<Batch>? first))
            {
                cancellationToken.ThrowIfCancellationRequested();
                TimeSpan before = _clock.Elapsed;
                bool isReady = first.IsCompleted;
                Batch batch = await first.WaitAsync(cancellationToken).ConfigureAwait(false);
                _ = pending.Dequeue();
                // The place that became free is filled before the batch is used.
                Fill();
                Count(batch, isReady ? TimeSpan.Zero : _clock.Elapsed - before);
                yield return batch;
            }

            void Fill()
            {
                for (; pending.Count < ahead && next < BatchesPerEpoch; next++)
                {
                    int number = next;
                    pending.Enqueue(_threads.Run(() => Make(epoch, order, number, stop.Token)));
                }
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            foreach (Task<Batch> task in pending) await DropAsync(task).ConfigureAwait(false);
            lock (_lock) _clock.Stop();
            Volatile.Write(ref _isReading, 0);
        }
    }

    private static async Task DropAsync(Task<Batch> task)
    {
        try
        {
            (await task.ConfigureAwait(false)).Dispose();
        }
#pragma warning disable CA1031 // nobody will take this batch; the first failure was told already
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }

    private void Count(Batch batch, TimeSpan waited)
    {
        lock (_lock)
        {
            _statistics = new LoaderStatistics(
                _statistics.Batches + 1, _statistics.Images + batch.Count, _statistics.Skipped + batch.Skipped, default, _statistics.Waited + waited);
        }
    }

    private Batch Make(int epoch, int[] order, int number, CancellationToken cancellationToken)
    {
        int first = number * _options.BatchSize, wanted = Math.Min(_options.BatchSize, order.Length - first), count = 0, skipped = 0;
        int[] labels = new int[wanted], indices = new int[wanted];
        float[] buffer = _pool.Rent();
        try
        {
            for (int i = 0; i < wanted; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (!TryRead(order[first + i], ref skipped, out int index, out ImageItem item, out PixelBlock pixels)) continue;
                _transform.Apply(pixels, Random(RandomPurpose.Augmentation, epoch, first + i), buffer.AsSpan(count * _inputLength, _inputLength));
                (labels[count], indices[count]) = (item.Label, index);
                count++;
            }
            Array.Resize(ref labels, count);
            Array.Resize(ref indices, count);
            Span<float> images = buffer.AsSpan(0, count * _inputLength);
            MixPlan? mix = _mixing is null
                ? null
                : MixPlan.Draw(_mixing, Random(RandomPurpose.Mixing, epoch, number), count, _transform.Width, _transform.Height);
            mix?.Apply(images, _transform.Channels, _transform.Width, _transform.Height);
            for (int i = 0; _erasing is not null && i < count; i++)
                _erasing.Apply(Random(RandomPurpose.Erasing, epoch, first + i), images.Slice(i * _inputLength, _inputLength), _transform.Width, _transform.Height);
            return new Batch(_pool, buffer, images.Length, labels, indices)
            {
                Epoch = epoch,
                Number = number,
                Channels = _transform.Channels,
                Height = _transform.Height,
                Width = _transform.Width,
                Mix = mix,
                Skipped = skipped,
            };
        }
        catch
        {
            _pool.Return(buffer);
            throw;
        }
    }

    // Images by their place in the order of all processes: how many there are does not change what an image gets.
    private RandomStream Random(RandomPurpose purpose, int epoch, int place) => new(_options.Seed, purpose, epoch, _sampler.GlobalPosition(place));

    private bool TryRead(int wanted, ref int skipped, out int index, out ImageItem item, out PixelBlock pixels)
    {
        index = wanted;
        for (int attempt = 0; ; attempt++)
        {
            item = _dataset[index];
            try
            {
                pixels = item.ReadPixels(_options.Limits, _buffers.Value);
                return true;
            }
            catch (Exception exception) when (exception is ImageFormatException or IOException or UnauthorizedAccessException)
            {
                string problem = exception is ImageFormatException bad ? bad.Problem : exception.Message;
                if (_options.BadImages == BadImages.Throw || attempt == MaxReplacements) throw new DatasetException(item.Name, problem, exception);
            }
            skipped++;
            if (!_isTraining)
            {
                pixels = default;
                return false;
            }
            index = (index + 1) % _dataset.Count;
        }
    }
}
