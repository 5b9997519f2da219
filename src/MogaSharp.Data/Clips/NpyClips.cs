using System.Buffers;

namespace MogaSharp.Data;

/// <summary>
/// A fixed set of grey clips in an npy file of bytes, frames x clips x height x width: the layout of <c>mnist_test_seq.npy</c>, the
/// test set of Moving MNIST. Frames are read from the file when they are asked for. Owns the file.
/// </summary>
public sealed class NpyClips : IClipDataset, IDisposable
{
    private readonly NpyFile _file;

    /// <summary>Opens a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="inputFrames">The frames that are seen, from the first one on.</param>
    /// <param name="outputFrames">The frames that follow.</param>
    /// <exception cref="DatasetException">It is no npy file of such clips, or the clips have too few frames.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public NpyClips(string path, int inputFrames = 10, int outputFrames = 10)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(inputFrames);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(outputFrames);
        _file = NpyFile.Open(path);
        try
        {
            string extents = string.Join(" x ", _file.Shape);
            if (_file.Type != NpyType.UInt8) throw new DatasetException(path, $"clips must be uint8, not {_file.Type}");
            if (_file.Shape is not [int frames, > 0 and int clips, > 0 and int height, > 0 and int width])
                throw new DatasetException(path, $"clips must be frames x clips x height x width, not {extents}");
            if (frames < inputFrames + outputFrames)
                throw new DatasetException(path, $"{frames} frames a clip ({extents}), but {inputFrames} in and {outputFrames} out are asked for");
            Count = clips;
            Shape = new ClipShape(inputFrames, outputFrames, 1, height, width);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public ClipShape Shape { get; }

    /// <inheritdoc/>
    public string NameOf(int index) => $"{_file.FilePath}, clip {index}";

    /// <inheritdoc/>
    public void Read(int index, RandomStream random, Span<float> input, Span<float> output)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        int length = Shape.FrameLength;
        byte[] rented = ArrayPool<byte>.Shared.Rent(Shape.Frames * length);
        Span<byte> clip = rented.AsSpan(0, Shape.Frames * length);
        for (int frame = 0; frame < Shape.Frames; frame++)
            _file.Read((((long)frame * Count) + index) * length, clip.Slice(frame * length, length));
        ClipValues.Write(clip, input, output);
        ArrayPool<byte>.Shared.Return(rented);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();
}
