using System.Collections.Concurrent;
using System.Collections.Immutable;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>
/// Images ready for a network, with what is known of them. Owns a buffer of its loader until it is disposed; then another batch gets it.
/// </summary>
public sealed class Batch : ILoadedBatch
{
    private readonly BufferPool _pool;
    private readonly int _length;
    private float[]? _buffer;

    internal Batch(BufferPool pool, float[] buffer, int length, ImmutableArray<Annotation>[] annotations, int[] indices)
    {
        _pool = pool;
        _buffer = buffer;
        _length = length;
        Annotations = annotations;
        Indices = indices;
        int[] labels = [.. annotations.Select(all => all.OfType<ClassIndex>().FirstOrDefault()?.Value ?? -1)];
        Labels = labels.Contains(-1) ? default : labels;
    }

    /// <summary>The epoch.</summary>
    public required int Epoch { get; init; }

    /// <summary>The number of the batch within the epoch, from 0.</summary>
    public required int Number { get; init; }

    /// <summary>The planes of an image.</summary>
    public required int Channels { get; init; }

    /// <summary>The height of the inputs in pixels.</summary>
    public required int Height { get; init; }

    /// <summary>The width of the inputs in pixels.</summary>
    public required int Width { get; init; }

    /// <summary>How mixup and CutMix mixed the images, which is done already; null when they are off.</summary>
    public MixPlan? Mix { get; init; }

    /// <summary>Images that could not be read and were replaced or left out; the same one again where it was met more than once.</summary>
    public IReadOnlyList<BadItem> BadItems { get; init; } = [];

    /// <summary>How many these are.</summary>
    public int Skipped => BadItems.Count;

    /// <summary>The number of images.</summary>
    public int Count => Indices.Count;

    /// <summary>The normalized values, count x channels x height x width, in pinned memory.</summary>
    /// <exception cref="ObjectDisposedException">The batch was disposed.</exception>
    public Memory<float> Images => (_buffer ?? throw new ObjectDisposedException(nameof(Batch))).AsMemory(0, _length);

    /// <summary>What is known of each image, in the pixels of its input.</summary>
    public IReadOnlyList<ImmutableArray<Annotation>> Annotations { get; }

    /// <summary>The size of each image in its input, from the upper left corner: smaller than the input where the images of a batch differ
    /// in size; to the right and below are zeros.</summary>
    public required IReadOnlyList<ImageSize> Sizes { get; init; }

    /// <summary>Where the points of each image lie in its input.</summary>
    public IReadOnlyList<AffineMap> Maps { get; init; } = [];

    /// <summary>The class of each image, before mixing; empty where an image has none.</summary>
    public ReadOnlyMemory<int> Labels { get; }

    /// <summary>The place of each image in the data set.</summary>
    public IReadOnlyList<int> Indices { get; }

    /// <summary>Writes the targets of the batch: smoothed labels, mixed like the images.</summary>
    /// <param name="classes">The number of classes.</param>
    /// <param name="smoothing">The part of the target that is spread evenly over all classes, 0..1.</param>
    /// <param name="targets">count x classes values, written; each row adds up to 1.</param>
    /// <exception cref="ArgumentException">The span has a wrong length, or a label is not a class.</exception>
    public void WriteTargets(int classes, double smoothing, Span<float> targets)
    {
        ReadOnlySpan<int> labels = Labels.Span;
        if (Mix is null)
            SoftTargets.Write(labels, classes, smoothing, targets);
        else
            Mix.WriteTargets(labels, classes, smoothing, targets);
    }

    /// <summary>Gives the buffer back. The images must not be used any more.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _buffer, null) is { } buffer)
            _pool.Return(buffer);
    }
}

/// <summary>Keeps the buffers of batches. They are pinned, so that native code may read them as they lie.</summary>
internal sealed class BufferPool(int length)
{
    private readonly ConcurrentBag<float[]> _free = [];

    public float[] Rent() => _free.TryTake(out float[]? buffer) ? buffer : GC.AllocateUninitializedArray<float>(length, pinned: true);

    public void Return(float[] buffer) => _free.Add(buffer);
}
