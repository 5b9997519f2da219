using System.Collections.Immutable;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>
/// Reads, augments and batches images on own threads, ahead of whoever takes the batches. A batch is a pure function of data set,
/// options, seed, epoch and its number: neither the workers' number nor where reading began changes a bit of it.
/// </summary>
public sealed class BatchLoader : IDisposable
{
    private readonly IImageDataset _dataset;
    private readonly IImageTransform _transform;
    private readonly LoaderOptions _options;
    private readonly MixOptions? _mixing;
    private readonly RandomErasing? _erasing;
    private readonly CopyPasteOptions? _copyPaste;
    private readonly int _inputLength;
    private readonly BufferPool _pool;
    private readonly BatchPipeline<Batch> _pipeline;
    private readonly ThreadLocal<DecodeBuffers> _buffers = new(() => new DecodeBuffers());

    /// <summary>Starts the threads.</summary>
    /// <param name="dataset">The images. The loader does not own them.</param>
    /// <param name="sampler">The order of the images.</param>
    /// <param name="transform">Makes inputs of images, and says how batches are mixed and erased.</param>
    /// <param name="options">The options.</param>
    /// <param name="use">What the batches are for.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or there are not enough images for one batch of
    /// training.</exception>
    public BatchLoader(IImageDataset dataset, Sampler sampler, IImageTransform transform, LoaderOptions options, LoaderUse use)
    {
        options.Check();
        _mixing = use == LoaderUse.Training ? transform.Mixing : null;
        _erasing = use == LoaderUse.Training && transform.Erasing is { } erasing ? new RandomErasing(erasing) : null;
        _copyPaste = use == LoaderUse.Training ? transform.CopyPaste : null;
        if (_copyPaste is not null)
            ObjectPaster.CheckCount(options.BatchSize);
        if (_mixing is not null)
            MixPlan.CheckCount(options.BatchSize);
        _dataset = dataset;
        _transform = transform;
        _options = options;
        _inputLength = checked(transform.Channels * transform.Height * transform.Width);
        _pool = new BufferPool(checked(_inputLength * options.BatchSize));
        _pipeline = new BatchPipeline<Batch>(dataset.Count, "images", sampler, options, use == LoaderUse.Training, Make);
    }

    /// <summary>The number of batches of an epoch for this process.</summary>
    public int BatchesPerEpoch => _pipeline.BatchesPerEpoch;

    /// <summary>What was done since the last epoch was begun. May be read from any thread.</summary>
    public LoaderStatistics Statistics => _pipeline.Statistics;

    /// <summary>Reads the batches of an epoch in their order. One epoch at a time; each batch must be disposed by whoever takes
    /// it.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="firstBatch">The batch to begin with: the batches from there on are those of a whole epoch.</param>
    /// <param name="cancellationToken">Ends reading.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such batch or epoch.</exception>
    /// <exception cref="DatasetException">An image cannot be read; the message names it.</exception>
    /// <exception cref="InvalidOperationException">An epoch is being read already.</exception>
    /// <exception cref="ObjectDisposedException">The loader was disposed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public IAsyncEnumerable<Batch> ReadAsync(int epoch, int firstBatch = 0, CancellationToken cancellationToken = default) =>
        _pipeline.ReadAsync(epoch, firstBatch, cancellationToken);

    /// <summary>Ends the threads. Batches that were handed out stay valid.</summary>
    public void Dispose()
    {
        if (_pipeline.End())
            _buffers.Dispose();
    }

    private Batch Make(int epoch, int[] order, int number, CancellationToken cancellationToken)
    {
        (int first, int wanted) = _pipeline.PlacesOf(order, number);
        int count = 0,
            written = 0;
        List<BadItem>? bad = null;
        var annotations = new ImmutableArray<Annotation>[wanted];
        var maps = new AffineMap[wanted];
        var sizes = new ImageSize[wanted];
        int[] indices = new int[wanted];
        float[] buffer = _pool.Rent();
        try
        {
            var reader = new ImageReader(_dataset, _options.Limits, _buffers.Value!);
            for (int i = 0; i < wanted; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (!_pipeline.TryRead(order[first + i], ref reader, ref bad, out int index))
                    continue;
                RandomStream random = _pipeline.Random(RandomPurpose.Augmentation, epoch, first + i);
                (AffineMap map, ImageSize size) = Transform(reader, random, buffer.AsSpan(written, _inputLength));
                annotations[count] = Moved(reader.Annotations, map, size);
                (maps[count], sizes[count], indices[count]) = (map, size, index);
                written += _transform.Channels * size.Width * size.Height;
                count++;
            }
            Array.Resize(ref annotations, count);
            Array.Resize(ref maps, count);
            Array.Resize(ref sizes, count);
            Array.Resize(ref indices, count);
            ImageSize input = Padded(buffer, sizes);
            int inputLength = _transform.Channels * input.Width * input.Height;
            Span<float> images = buffer.AsSpan(0, count * inputLength);
            if (_copyPaste is not null)
                new ObjectPaster(_copyPaste, _transform.Channels, input).Apply(
                    images,
                    annotations,
                    sizes,
                    i => _pipeline.Random(RandomPurpose.CopyPaste, epoch, first + i)
                );
            MixPlan? mix = _mixing is null
                ? null
                : MixPlan.Draw(_mixing, _pipeline.Random(RandomPurpose.Mixing, epoch, number), count, input.Width, input.Height);
            mix?.Apply(images, _transform.Channels, input.Width, input.Height);
            for (int i = 0; _erasing is not null && i < count; i++)
                _erasing.Apply(
                    _pipeline.Random(RandomPurpose.Erasing, epoch, first + i),
                    images.Slice(i * inputLength, inputLength),
                    input.Width,
                    input.Height
                );
            return new Batch(_pool, buffer, images.Length, annotations, indices)
            {
                Epoch = epoch,
                Number = number,
                Channels = _transform.Channels,
                Height = input.Height,
                Width = input.Width,
                Sizes = sizes,
                Maps = maps,
                Mix = mix,
                BadItems = bad ?? (IReadOnlyList<BadItem>)[],
            };
        }
        catch
        {
            _pool.Return(buffer);
            throw;
        }
    }

    private SizedInput Transform(in ImageReader reader, RandomStream random, Span<float> destination) =>
        _transform is IVariableSizeTransform variable
            ? variable.ApplySized(reader.Pixels, reader.Annotations, random, destination)
            : new(_transform.Apply(reader.Pixels, reader.Annotations, random, destination), new(_transform.Width, _transform.Height));

    // The size of the inputs, all of which have it afterwards.
    private ImageSize Padded(Span<float> buffer, ReadOnlySpan<ImageSize> sizes)
    {
        if (_transform is not IVariableSizeTransform variable)
            return new ImageSize(_transform.Width, _transform.Height);
        ImageSize input = InputPadding.Common(sizes, variable.SizeMultiple);
        InputPadding.Apply(buffer, sizes, _transform.Channels, input);
        return input;
    }

    private static ImmutableArray<Annotation> Moved(ImmutableArray<Annotation> annotations, AffineMap map, ImageSize size)
    {
        // A class stays where it is, so that most data sets need no new list.
        if (annotations is [ClassIndex])
            return annotations;
        return [.. annotations.Select(annotation => annotation.Apply(map, size))];
    }

    private struct ImageReader(IImageDataset dataset, ImageLimits limits, DecodeBuffers buffers) : IItemReader
    {
        public PixelBlock Pixels { get; private set; }

        public ImmutableArray<Annotation> Annotations { get; private set; }

        public readonly string NameOf(int index) => dataset[index].Name;

        public void Read(int index)
        {
            ImageItem item = dataset[index];
            Pixels = item.ReadPixels(limits, buffers);
            Annotations = item.ReadAnnotations();
        }
    }
}
