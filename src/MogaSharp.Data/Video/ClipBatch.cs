namespace MogaSharp.Data;

/// <summary>Clips ready for a network. Owns a buffer of its loader until it is disposed; then another batch gets it.</summary>
public sealed class ClipBatch : ILoadedBatch
{
    private readonly BufferPool _pool;
    private float[]? _buffer;

    internal ClipBatch(BufferPool pool, float[] buffer, int[] indices)
    {
        _pool = pool;
        _buffer = buffer;
        Indices = indices;
    }

    /// <summary>The epoch.</summary>
    public required int Epoch { get; init; }

    /// <summary>The number of the batch within the epoch, from 0.</summary>
    public required int Number { get; init; }

    /// <summary>The size of each clip.</summary>
    public required ClipShape Shape { get; init; }

    /// <summary>Clips that could not be read and were replaced or left out; the same one again where it was met more than once.</summary>
    public IReadOnlyList<BadItem> BadItems { get; init; } = [];

    /// <summary>How many these are.</summary>
    public int Skipped => BadItems.Count;

    /// <summary>The number of clips.</summary>
    public int Count => Indices.Count;

    /// <summary>The place of each clip in the data set.</summary>
    public IReadOnlyList<int> Indices { get; }

    /// <summary>The frames that are seen, (count, T, C, H, W), values 0..1, in pinned memory.</summary>
    /// <exception cref="ObjectDisposedException">The batch was disposed.</exception>
    public Memory<float> Input => Buffer.AsMemory(0, Count * Shape.InputLength);

    /// <summary>The frames that follow, (count, T', C, H, W), values 0..1, in pinned memory.</summary>
    /// <exception cref="ObjectDisposedException">The batch was disposed.</exception>
    public Memory<float> Output => Buffer.AsMemory(Count * Shape.InputLength, Count * Shape.OutputLength);

    private float[] Buffer => _buffer ?? throw new ObjectDisposedException(nameof(ClipBatch));

    /// <summary>Gives the buffer back. The frames must not be used any more.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _buffer, null) is { } buffer)
            _pool.Return(buffer);
    }
}
