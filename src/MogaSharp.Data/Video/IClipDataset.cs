namespace MogaSharp.Data;

/// <summary>The sizes of a clip that is cut into what a network sees and what it shall predict.</summary>
/// <param name="InputFrames">The frames that are seen, at least 1.</param>
/// <param name="OutputFrames">The frames that follow and shall be predicted, at least 1.</param>
/// <param name="Channels">The planes of a frame: 1 for gray, 3 for RGB.</param>
/// <param name="Height">The height of a frame in pixels.</param>
/// <param name="Width">The width of a frame in pixels.</param>
public readonly record struct ClipShape(int InputFrames, int OutputFrames, int Channels, int Height, int Width)
{
    /// <summary>All frames.</summary>
    public int Frames => InputFrames + OutputFrames;

    /// <summary>The values of a frame.</summary>
    public int FrameLength => checked(Channels * Height * Width);

    /// <summary>The values of the frames that are seen.</summary>
    public int InputLength => checked(InputFrames * FrameLength);

    /// <summary>The values of the frames that shall be predicted.</summary>
    public int OutputLength => checked(OutputFrames * FrameLength);
}

/// <summary>Clips of one size. Reading is safe from many threads at once.</summary>
public interface IClipDataset
{
    /// <summary>The clips of an epoch.</summary>
    int Count { get; }

    /// <summary>The size of every clip.</summary>
    ClipShape Shape { get; }

    /// <summary>What was left out or guessed when the set was opened, each a sentence without a full stop; empty when nothing
    /// was.</summary>
    IReadOnlyList<string> Notes => [];

    /// <summary>How messages name a clip.</summary>
    /// <param name="index">0 to <see cref="Count"/> - 1.</param>
    string NameOf(int index);

    /// <summary>Reads or draws a clip.</summary>
    /// <param name="index">0 to <see cref="Count"/> - 1.</param>
    /// <param name="random">The random numbers of the clip, for sets that draw their clips anew in every epoch.</param>
    /// <param name="input">The frames that are seen, written: (T, C, H, W), values 0..1.</param>
    /// <param name="output">The frames that follow, written: (T', C, H, W), values 0..1.</param>
    /// <exception cref="MogaSharp.Imaging.ImageFormatException">A frame cannot be decoded.</exception>
    /// <exception cref="MogaSharp.Imaging.ImagingUnavailableException">A frame is a file and libvips cannot be loaded.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="DatasetException">A frame has another size than the rest.</exception>
    void Read(int index, RandomStream random, Span<float> input, Span<float> output);
}

/// <summary>The values of 8-bit frames: samples / 255.</summary>
internal static class ClipValues
{
    private static readonly float[] Values = [.. Enumerable.Range(0, 256).Select(sample => (float)(sample / 255.0))];

    public static float Of(byte sample) => Values[sample];

    public static void Write(ReadOnlySpan<byte> samples, Span<float> values)
    {
        for (int i = 0; i < samples.Length; i++)
            values[i] = Values[samples[i]];
    }

    /// <summary>Writes all frames of a clip, those that are seen and those that follow.</summary>
    public static void Write(ReadOnlySpan<byte> clip, Span<float> input, Span<float> output)
    {
        Write(clip[..input.Length], input);
        Write(clip[input.Length..], output);
    }
}
