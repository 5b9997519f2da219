namespace MogaSharp.Data;

/// <summary>
/// Reads or draws clips and batches them on own threads, ahead of whoever takes the batches. A batch is a pure function of data set,
/// seed, epoch and its number: neither the workers' number nor where reading began changes a bit of it.
/// </summary>
public sealed class ClipLoader : IDisposable
{
    private readonly IClipDataset _dataset;
    private readonly BufferPool _pool;
    private readonly BatchPipeline<ClipBatch> _pipeline;

    /// <summary>Makes a loader.</summary>
    /// <param name="dataset">The clips. The loader does not own them.</param>
    /// <param name="sampler">The order of the clips.</param>
    /// <param name="options">The options.</param>
    /// <param name="use">What the batches are for.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or there are not enough clips for one batch of
    /// training.</exception>
    public ClipLoader(IClipDataset dataset, Sampler sampler, LoaderOptions options, LoaderUse use)
    {
        options.Check();
        _dataset = dataset;
        _pool = new BufferPool(checked((dataset.Shape.InputLength + dataset.Shape.OutputLength) * options.BatchSize));
        _pipeline = new BatchPipeline<ClipBatch>(dataset.Count, "clips", sampler, options, use == LoaderUse.Training, Make);
    }

    /// <summary>The number of batches of an epoch for this process.</summary>
    public int BatchesPerEpoch => _pipeline.BatchesPerEpoch;

    /// <summary>What was done since the last epoch was begun; its images are clips. May be read from any thread.</summary>
    public LoaderStatistics Statistics => _pipeline.Statistics;

    /// <summary>Reads the batches of an epoch in their order. One epoch at a time; each batch must be disposed by whoever takes
    /// it.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="firstBatch">The batch to begin with: the batches from there on are those of a whole epoch.</param>
    /// <param name="cancellationToken">Ends reading.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such batch or epoch.</exception>
    /// <exception cref="DatasetException">A clip cannot be read; the message names it.</exception>
    /// <exception cref="InvalidOperationException">An epoch is being read already.</exception>
    /// <exception cref="ObjectDisposedException">The loader was disposed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public IAsyncEnumerable<ClipBatch> ReadAsync(int epoch, int firstBatch = 0, CancellationToken cancellationToken = default) =>
        _pipeline.ReadAsync(epoch, firstBatch, cancellationToken);

    /// <summary>Ends the threads. Batches that were handed out stay valid.</summary>
    public void Dispose() => _pipeline.Dispose();

    private ClipBatch Make(int epoch, int[] order, int number, CancellationToken cancellationToken)
    {
        (int first, int wanted) = _pipeline.PlacesOf(order, number);
        ClipShape shape = _dataset.Shape;
        int count = 0;
        List<BadItem>? bad = null;
        int[] indices = new int[wanted];
        float[] buffer = _pool.Rent();
        try
        {
            Memory<float> inputs = buffer.AsMemory(0, wanted * shape.InputLength),
                outputs = buffer.AsMemory(inputs.Length, wanted * shape.OutputLength);
            for (int i = 0; i < wanted; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var reader = new ClipReader(
                    _dataset,
                    _pipeline.Random(RandomPurpose.Clip, epoch, first + i),
                    inputs.Slice(count * shape.InputLength, shape.InputLength),
                    outputs.Slice(count * shape.OutputLength, shape.OutputLength)
                );
                if (_pipeline.TryRead(order[first + i], ref reader, ref bad, out int index))
                    indices[count++] = index;
            }
            // With clips left out, what follows moves up to what is seen.
            if (count < wanted)
                outputs[..(count * shape.OutputLength)].CopyTo(buffer.AsMemory(count * shape.InputLength));
            Array.Resize(ref indices, count);
            return new ClipBatch(_pool, buffer, indices)
            {
                Epoch = epoch,
                Number = number,
                Shape = shape,
                BadItems = bad ?? (IReadOnlyList<BadItem>)[],
            };
        }
        catch
        {
            _pool.Return(buffer);
            throw;
        }
    }

    private readonly struct ClipReader(IClipDataset dataset, RandomStream random, Memory<float> input, Memory<float> output) : IItemReader
    {
        public string NameOf(int index) => dataset.NameOf(index);

        public void Read(int index) => dataset.Read(index, random, input.Span, output.Span);
    }
}
