namespace MogaSharp.Data;

/// <summary>
/// A fixed set of gray clips in an npy file, frames x clips x height x width: the layout of <c>mnist_test_seq.npy</c>, the
/// test set of Moving MNIST. Numbers are taken as <see cref="NpySamples"/> says. Frames are read from the file when they are asked for;
/// a file of other numbers than bytes is looked through once when it is opened. Owns the file.
/// </summary>
public sealed class NpyClips : IClipDataset, IDisposable
{
    private readonly NpyFile _file;
    private readonly NpySamples _samples;

    /// <summary>Opens a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="inputFrames">The frames that are seen, from the first one on.</param>
    /// <param name="outputFrames">The frames that follow.</param>
    /// <exception cref="DatasetException">It is not an npy file of such clips, the clips have too few frames, or its numbers are not
    /// samples.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public NpyClips(string path, int inputFrames = 10, int outputFrames = 10)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(inputFrames);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(outputFrames);
        _file = NpyFile.Open(path);
        try
        {
            string extents = string.Join(" x ", _file.Shape);
            if (_file.Shape is not [int frames, > 0 and int clips, > 0 and int height, > 0 and int width])
                throw new DatasetException(path, $"Clips must be frames x clips x height x width, not {extents}.");
            if (frames < inputFrames + outputFrames)
                throw new DatasetException(
                    path,
                    $"It has {frames} frames a clip ({extents}), but {inputFrames} in and {outputFrames} out are asked for."
                );
            Count = clips;
            Shape = new ClipShape(inputFrames, outputFrames, 1, height, width);
            _samples = new NpySamples(_file);
            // A file of bytes is right whatever it holds.
            Notes = _file.Type == NpyType.UInt8 ? [] : _samples.Check(0, _file.Count);
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
    public IReadOnlyList<string> Notes { get; }

    /// <inheritdoc/>
    public string NameOf(int index) => $"{_file.FilePath}, clip {index}";

    /// <inheritdoc/>
    public void Read(int index, RandomStream random, Span<float> input, Span<float> output)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        int length = Shape.FrameLength;
        for (int frame = 0; frame < Shape.Frames; frame++)
        {
            Span<float> target =
                frame < Shape.InputFrames
                    ? input.Slice(frame * length, length)
                    : output.Slice((frame - Shape.InputFrames) * length, length);
            _samples.Read((((long)frame * Count) + index) * length, target);
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();
}
