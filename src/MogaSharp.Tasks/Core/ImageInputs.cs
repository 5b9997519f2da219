using System.Runtime.CompilerServices;
using System.Threading.Channels;
using MogaSharp.Imaging;

namespace MogaSharp.Tasks;

/// <summary>How images are read ahead.</summary>
public sealed record ImageInputOptions
{
    /// <summary>The options used when none are given.</summary>
    public static ImageInputOptions Default { get; } = new();

    /// <summary>The most images that go through the network at once, at least 1. Default 8. Results do not depend on it.</summary>
    public int BatchSize { get; init; } = 8;

    /// <summary>Whether results have the decoded images too, such as to draw on them.</summary>
    public bool KeepsImages { get; init; }

    /// <summary>Images that are decoded at the same time; 0 for one per processor.</summary>
    public int Workers { get; init; }

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchSize, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(Workers);
    }
}

/// <summary>
/// Images that are decoded and preprocessed ahead, on other threads, in order. Beside the batch that is computed there is never more than
/// another one and an image per worker, and of an image only its input is kept. Reading begins at once, even before there is a model:
/// loading one and decoding the first images can go on at the same time.
/// </summary>
public sealed class ImageInputs : IAsyncDisposable
{
    private readonly Channel<Task<ImageInput>> _ahead = Channel.CreateUnbounded<Task<ImageInput>>(
        new() { SingleReader = true, SingleWriter = true }
    );
    private readonly CancellationTokenSource _stop;
    private readonly SemaphoreSlim _room;
    private readonly SemaphoreSlim _workers;
    private readonly Task _reading;
    private readonly bool _keepsImages;
    private int _isTaken;

    /// <summary>Begins to read.</summary>
    /// <param name="preparation">Makes inputs of images; that of the model's card.</param>
    /// <param name="sources">The images; asked for one after another, from other threads, as far as they are read ahead.</param>
    /// <param name="options">How; <see cref="ImageInputOptions.Default"/> when null.</param>
    /// <param name="cancellationToken">Ends reading.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public ImageInputs(
        IImagePreparation preparation,
        IAsyncEnumerable<ImageSource> sources,
        ImageInputOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        options ??= ImageInputOptions.Default;
        options.Check();
        (Preparation, BatchSize, _keepsImages) = (preparation, options.BatchSize, options.KeepsImages);
        int workers = options.Workers == 0 ? Environment.ProcessorCount : options.Workers;
        _workers = new SemaphoreSlim(workers);
        _room = new SemaphoreSlim(options.BatchSize + workers);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _reading = Task.Run(() => ReadAsync(sources, _stop.Token), CancellationToken.None);
    }

    /// <inheritdoc cref="ImageInputs(IImagePreparation, IAsyncEnumerable{ImageSource}, ImageInputOptions, CancellationToken)"/>
    public ImageInputs(
        IImagePreparation preparation,
        IEnumerable<ImageSource> sources,
        ImageInputOptions? options = null,
        CancellationToken cancellationToken = default
    )
        : this(preparation, sources.ToAsyncEnumerable(), options, cancellationToken) { }

    /// <summary>Makes the inputs.</summary>
    public IImagePreparation Preparation { get; }

    /// <summary>The most images of a batch.</summary>
    public int BatchSize { get; }

    /// <summary>Ends reading, and waits for the images that are being decoded.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (_ahead.Reader.TryRead(out Task<ImageInput>? image))
            await ((Task)image).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _workers.Dispose();
        _room.Dispose();
    }

    /// <summary>The images in batches, each as soon as all of it is read; can be asked for once.</summary>
    /// <exception cref="InvalidOperationException">They were asked for before.</exception>
    internal async IAsyncEnumerable<IReadOnlyList<ImageInput>> BatchesAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        if (Interlocked.Exchange(ref _isTaken, 1) != 0)
            throw new InvalidOperationException("The images were read before; they can be read once.");
        var batch = new List<ImageInput>(BatchSize);
        await foreach (Task<ImageInput> image in _ahead.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            batch.Add(await image.ConfigureAwait(false));
            _room.Release();
            if (batch.Count < BatchSize)
                continue;
            yield return batch;
            batch = new List<ImageInput>(BatchSize);
        }

        if (batch.Count > 0)
            yield return batch;
    }

    private async Task ReadAsync(IAsyncEnumerable<ImageSource> sources, CancellationToken cancellationToken)
    {
        Exception? problem = null;
        try
        {
            await foreach (ImageSource source in sources.WithCancellation(cancellationToken).ConfigureAwait(false))
            {
                await _room.WaitAsync(cancellationToken).ConfigureAwait(false);
                await _workers.WaitAsync(cancellationToken).ConfigureAwait(false);
                _ahead.Writer.TryWrite(Task.Run(() => PrepareAsync(source, cancellationToken), CancellationToken.None));
            }
        }
        catch (Exception e)
        {
            problem = e;
        }

        // What ended the sources is told to the reader after the images before it.
        _ahead.Writer.Complete(problem);
    }

    private async Task<ImageInput> PrepareAsync(ImageSource source, CancellationToken cancellationToken)
    {
        try
        {
            RgbImage image = await source.LoadAsync(cancellationToken).ConfigureAwait(false);
            return new ImageInput(source)
            {
                Prepared = Preparation.Prepare(image, source.Name),
                Image = _keepsImages ? image : null,
                Conversions = image.Conversions,
            };
        }
        // Without the decoder's library no image can be read; anything else is a problem of this one.
        catch (Exception e) when (e is not ImagingUnavailableException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return new ImageInput(source) { Error = e };
        }
        finally
        {
            _workers.Release();
        }
    }
}

/// <summary>An image that was read, or why it was not.</summary>
/// <param name="Source">The image.</param>
internal sealed record ImageInput(ImageSource Source)
{
    /// <summary>The network's inputs; null where there is an error.</summary>
    public PreparedImage? Prepared { get; init; }

    /// <summary>The decoded image, where it is kept.</summary>
    public RgbImage? Image { get; init; }

    /// <summary>Why there is none.</summary>
    public Exception? Error { get; init; }

    /// <summary>What the encoded image held beyond its pixels.</summary>
    public ImageConversions Conversions { get; init; }
}
