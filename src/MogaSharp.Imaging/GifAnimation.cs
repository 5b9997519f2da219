using System.Collections.Immutable;
using MogaSharp.Imaging.Native;

namespace MogaSharp.Imaging;

/// <summary>Moving images in the GIF format, read and written by libvips. Safe to use from many threads at once.</summary>
public sealed class GifAnimation
{
    /// <summary>The shortest time that a frame of a GIF can be shown.</summary>
    private const int Tick = 10;

    /// <summary>Makes an animation.</summary>
    /// <param name="frames">The frames, at least one, all of one size.</param>
    /// <param name="delays">How long each is shown in milliseconds; the format knows multiples of 10.</param>
    /// <exception cref="ArgumentException">There is no frame, the sizes differ, or there is another number of delays.</exception>
    public GifAnimation(IEnumerable<RgbImage> frames, IEnumerable<int> delays)
    {
        Frames = [.. frames];
        Delays = [.. delays];
        if (Frames.IsEmpty)
            throw new ArgumentException("An animation needs a frame.", nameof(frames));
        if (Delays.Length != Frames.Length)
            throw new ArgumentException($"There are {Delays.Length} delays for {Frames.Length} frames.", nameof(delays));
        if (Frames.Any(frame => (frame.Width, frame.Height) != (Frames[0].Width, Frames[0].Height)))
            throw new ArgumentException("The frames have different sizes.", nameof(frames));
        if (Delays.Any(delay => delay < 0))
            throw new ArgumentException("A delay is below 0.", nameof(delays));
    }

    /// <summary>The frames, of one size.</summary>
    public ImmutableArray<RgbImage> Frames { get; }

    /// <summary>How long each frame is shown, in milliseconds.</summary>
    public ImmutableArray<int> Delays { get; }

    /// <summary>Reads all frames of a GIF file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limits">What it may cost, all frames together; <see cref="ImageLimits.Default"/> when null.</param>
    /// <param name="cancellationToken">Ends decoding.</param>
    /// <exception cref="ImageFormatException">The file is not a GIF that can be decoded, or larger than the limits.</exception>
    /// <exception cref="ImagingUnavailableException">libvips cannot be loaded.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static GifAnimation Load(string path, ImageLimits? limits = null, CancellationToken cancellationToken = default)
    {
        string name = Path.GetFileName(path);
        (limits ?? ImageLimits.Default).CheckBytes(new FileInfo(path).Length, name);
        return Decode(File.ReadAllBytes(path), name, limits, cancellationToken);
    }

    /// <summary>
    /// Reads some frames of a GIF file, one when it is asked for, so that a long animation costs no more memory than a short one. The limit
    /// of pixels holds for each frame; all that are decoded, those passed over among them, may have 16 times as many.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="first">The frames to pass over, at least 0.</param>
    /// <param name="count">The most frames to read, at least 0; fewer come where the animation ends.</param>
    /// <param name="limits">What it may cost; <see cref="ImageLimits.Default"/> when null.</param>
    /// <param name="cancellationToken">Ends decoding.</param>
    /// <returns>The frames, whose <see cref="RgbImage.Conversions"/> say whether some pixels are transparent. Nothing is read before the
    /// first is asked for.</returns>
    /// <exception cref="ImageFormatException">While frames are read: the file is not a GIF that can be decoded, or larger than the
    /// limits.</exception>
    /// <exception cref="ImagingUnavailableException">While frames are read: libvips cannot be loaded.</exception>
    /// <exception cref="IOException">While frames are read: the file cannot be read.</exception>
    public static IEnumerable<RgbImage> ReadFrames(
        string path,
        int first,
        int count,
        ImageLimits? limits = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return count == 0 ? [] : FramesOf(path, first, count, limits ?? ImageLimits.Default, cancellationToken);
    }

    /// <summary>
    /// Decodes all frames of a GIF in memory, each as it shows over those before. What is transparent still has the color that the file's
    /// table gives for the transparent one, as with Pillow's <c>convert("RGB")</c>.
    /// </summary>
    /// <param name="data">The encoded animation.</param>
    /// <param name="name">Its name in messages.</param>
    /// <param name="limits">What it may cost, all frames together; <see cref="ImageLimits.Default"/> when null.</param>
    /// <param name="cancellationToken">Ends decoding.</param>
    /// <exception cref="ImageFormatException">The data is not a GIF that can be decoded, or larger than the limits.</exception>
    /// <exception cref="ImagingUnavailableException">libvips cannot be loaded.</exception>
    public static GifAnimation Decode(
        ReadOnlySpan<byte> data,
        string name = "image",
        ImageLimits? limits = null,
        CancellationToken cancellationToken = default
    )
    {
        limits ??= ImageLimits.Default;
        limits.CheckBytes(data.Length, name);
        if (FormatSniffer.Sniff(data) != EncodedFormat.Gif)
            throw new ImageFormatException(name, "This is not a GIF image.");
        using GifReader reader = GifReader.OpenAll(data, name, limits);
        var frames = new RgbImage[reader.Frames];
        for (int i = 0; i < frames.Length; i++)
            frames[i] = reader.Read(i, cancellationToken);
        return new GifAnimation(frames, reader.Delays);
    }

    /// <summary>
    /// Writes a GIF file that repeats forever. It appears under its name only when it is complete. The format knows 256 colors, so that
    /// frames of more lose some.
    /// </summary>
    /// <param name="path">The file to write; an older one is replaced.</param>
    /// <exception cref="ImagingUnavailableException">libvips cannot be loaded, or was built without GIF.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string path)
    {
        (int width, int height) = (Frames[0].Width, Frames[0].Height);
        var strip = new RgbImage(width, checked(height * Frames.Length), new byte[checked(width * height * 3 * Frames.Length)]);
        for (int i = 0; i < Frames.Length; i++)
            Frames[i].Pixels.CopyTo(strip.Pixels.AsSpan(i * width * height * 3));
        AtomicFile.Write(path, VipsEncoder.EncodeGif(strip, height, [.. Delays.Select(delay => (delay + (Tick / 2)) / Tick * Tick)]));
    }

    private static IEnumerable<RgbImage> FramesOf(
        string path,
        int first,
        int count,
        ImageLimits limits,
        CancellationToken cancellationToken
    )
    {
        string name = Path.GetFileName(path);
        limits.CheckBytes(new FileInfo(path).Length, name);
        byte[] data = File.ReadAllBytes(path);
        if (FormatSniffer.Sniff(data) != EncodedFormat.Gif)
            throw new ImageFormatException(name, "This is not a GIF image.");
        using GifReader? reader = GifReader.OpenSome(data, name, first, count, limits);
        for (int i = 0; i < reader?.Frames; i++)
            yield return reader.Read(i, cancellationToken);
    }
}
