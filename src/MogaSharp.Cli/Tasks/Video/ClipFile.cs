using MogaSharp.Data;
using MogaSharp.Imaging;

namespace MogaSharp.Cli;

/// <summary>The frames of one clip: (T, C, H, W), values 0..1.</summary>
internal sealed record Clip(float[] Values, int Frames, int Channels, int Height, int Width)
{
    /// <summary>The values of a frame.</summary>
    public int FrameLength => Channels * Height * Width;

    /// <summary>Some frames.</summary>
    public Memory<float> Slice(int first, int count) => Values.AsMemory(first * FrameLength, count * FrameLength);
}

/// <summary>How a clip is read.</summary>
/// <param name="Channels">1 for gray, 3 for RGB; colors are turned into gray, gray is repeated.</param>
/// <param name="Start">The frames to pass over.</param>
/// <param name="MaxFrames">The frames to read at most.</param>
/// <param name="Size">The size to bring images to; null for their own.</param>
internal sealed record ClipReading(int Channels, int Start, int MaxFrames, (int Height, int Width)? Size);

/// <summary>Reads a clip: a folder of frames, an animated GIF, or an npy array.</summary>
internal static class ClipFile
{
    private const string Resize = "--size HxW resizes them";

    /// <summary>Reads the frames.</summary>
    /// <exception cref="UsageException">There is no such file or folder, or a folder holds no frames.</exception>
    /// <exception cref="FailureException">The frames do not fit each other, or the file is of another kind.</exception>
    /// <exception cref="ImageFormatException">A image cannot be decoded.</exception>
    /// <exception cref="DatasetException">The array cannot be read.</exception>
    public static Clip Load(string path, ClipReading reading, CancellationToken cancellationToken)
    {
        if (Directory.Exists(path))
            return FromImages(Folder(path, reading, cancellationToken), reading);
        if (!File.Exists(path))
            throw new UsageException($"There is no file or folder '{path}'.");
        byte[] first = new byte[12];
        using (FileStream file = File.OpenRead(path))
            file.ReadAtLeast(first, first.Length, throwOnEndOfStream: false);
        if (first.AsSpan().StartsWith("GIF8"u8))
        {
            IEnumerable<RgbImage> frames = GifAnimation.ReadFrames(path, reading.Start, reading.MaxFrames, null, cancellationToken);
            return FromImages(frames.Select((image, i) => ($"{path}, frame {reading.Start + i}", image)), reading);
        }

        if (first[0] == 0x93 && first.AsSpan(1).StartsWith("NUMPY"u8))
            return Npy(path, reading, cancellationToken);
        throw new FailureException($"{path}: This is neither a folder of frames, nor a GIF, nor an npy array{Advice(first)}.");
    }

    private static string Advice(ReadOnlySpan<byte> first) =>
        first.StartsWith("PK"u8) ? "; of an npz or another ZIP archive, save one array with numpy.save"
        : first[8..].StartsWith("WEBP"u8) ? "; a WebP animation has to be converted to a GIF or a folder of frames"
        : first[4..].StartsWith("ftyp"u8)
        || first[8..].StartsWith("AVI "u8)
        || first.StartsWith((ReadOnlySpan<byte>)[0x1A, 0x45, 0xDF, 0xA3])
            ? "; 'ffmpeg -i FILE folder/%05d.png' makes a folder of frames of a video"
        : "";

    private static IEnumerable<(string Name, RgbImage Image)> Folder(string path, ClipReading reading, CancellationToken cancellationToken)
    {
        FrameListing listing = FrameListing.Of(path);
        if (listing.Files.Count == 0)
            throw new UsageException(
                $"The folder '{path}' has no frame "
                    + $"({string.Join(' ', ImageFolder.DefaultExtensions)}{(listing.Notes() is [var note, ..] ? $"; {note}" : "")})."
            );
        Notices.OfThisRun.AddRange(listing.Notes(reading.Start, reading.MaxFrames));
        return listing
            .Files.Skip(reading.Start)
            .Take(reading.MaxFrames)
            .Select(file =>
            {
                cancellationToken.ThrowIfCancellationRequested();
                try
                {
                    return (file, ImageDecoder.Load(file));
                }
                catch (ImageFormatException e)
                {
                    throw new FailureException($"{file}: {e.Problem}");
                }
                catch (FileNotFoundException)
                {
                    throw new FailureException($"{file}: The frame is gone, or it is a link that leads nowhere.");
                }
            });
    }

    // Takes one image at a time; only values of the clip's size are kept.
    private static Clip FromImages(IEnumerable<(string Name, RgbImage Image)> images, ClipReading reading)
    {
        var frames = new List<byte[]>();
        (int height, int width) = reading.Size ?? (0, 0);
        foreach ((string name, RgbImage source) in images)
        {
            RgbImage image = source;
            Notices.OfThisRun.Count(image.Conversions, name);
            if (reading.Size is null && frames.Count == 0)
                (height, width) = (image.Height, image.Width);
            if (reading.Size is null && (image.Height, image.Width) != (height, width))
                throw new FailureException(
                    $"{name}: It has {image.Width} x {image.Height} pixels, where the first frame has {width} x {height}; {Resize}."
                );
            if ((image.Height, image.Width) != (height, width))
                image = image.Resize(width, height, ResizeFilter.Bilinear);
            frames.Add(FramePlanes.Of(image, reading.Channels));
            if ((long)frames.Count * frames[0].Length > Array.MaxLength)
                throw new FailureException(
                    $"{name}: {frames.Count} frames of {width} x {height} pixels and more are too many; --size HxW makes them "
                        + "smaller, --frames N takes fewer."
                );
        }

        if (frames.Count == 0)
            return new Clip([], 0, reading.Channels, 1, 1);
        var clip = new Clip(new float[frames.Count * frames[0].Length], frames.Count, reading.Channels, height, width);
        for (int i = 0; i < frames.Count; i++)
        {
            Span<float> values = clip.Slice(i, 1).Span;
            for (int k = 0; k < values.Length; k++)
                values[k] = frames[i][k] / 255f;
        }

        return clip;
    }

    private static Clip Npy(string path, ClipReading reading, CancellationToken cancellationToken)
    {
        using NpyFile file = NpyFile.Open(path);
        (int frames, int channels, int height, int width, bool isInterleaved) = file.Shape switch
        {
            [var t, var h, var w] => (t, 1, h, w, false),
            [var t, var h, var w, (1 or 3) and var c] => (t, c, h, w, true),
            [var t, (1 or 3) and var c, var h, var w] => (t, c, h, w, false),
            _ => throw new FailureException(
                $"{path}: This is an array of {string.Join(" x ", file.Shape)}; a clip is T x H x W, T x H x W x C or T x C x H x W, "
                    + "with 1 or 3 channels."
            ),
        };
        if (file.Count == 0)
            throw new FailureException($"{path}: The array of {string.Join(" x ", file.Shape)} is empty.");
        int count = Math.Clamp(frames - reading.Start, 0, reading.MaxFrames),
            length = checked(channels * height * width);
        var samples = new NpySamples(file);
        long first = (long)Math.Min(reading.Start, frames) * length;
        Notices.OfThisRun.AddRange(samples.Check(first, (long)count * length, cancellationToken));
        if (!samples.AreBytes && reading.Size is { } size && size != (height, width))
            throw new FailureException(
                $"{path}: Arrays of {file.Type} are not resized; save them as uint8, or with {size.Height} x {size.Width} pixels."
            );
        float[] Frame(int i, float[] values)
        {
            samples.Read(first + ((long)i * length), values);
            return isInterleaved ? Planes(values, channels, height * width) : values;
        }

        // Bytes are images, which are made gray and resized as those of files are.
        if (samples.AreBytes)
            return FromImages(
                Enumerable
                    .Range(0, count)
                    .Select(i =>
                        ($"{path}, frame {reading.Start + i}", FramePlanes.ToImage(Frame(i, new float[length]), channels, height, width))
                    ),
                reading
            );
        float[] all = new float[checked(count * length)],
            frame = new float[length];
        for (int i = 0; i < count; i++)
            Frame(i, frame).CopyTo(all, i * length);
        return WithChannels(new Clip(all, count, channels, height, width), reading.Channels);
    }

    private static float[] Planes(float[] values, int channels, int pixels)
    {
        float[] planes = new float[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            int frame = i / (pixels * channels),
                inFrame = i % (pixels * channels);
            planes[(((frame * channels) + (inFrame % channels)) * pixels) + (inFrame / channels)] = values[i];
        }

        return planes;
    }

    private static Clip WithChannels(Clip clip, int channels)
    {
        if (clip.Channels == channels)
            return clip;
        int pixels = clip.Height * clip.Width;
        var changed = clip with { Channels = channels, Values = new float[clip.Frames * channels * pixels] };
        for (int i = 0; i < changed.Values.Length; i++)
        {
            int frame = i / (pixels * channels),
                pixel = i % pixels;
            ReadOnlySpan<float> from = clip.Slice(frame, 1).Span;
            // The weights of ITU-R BT.601, as for images.
            changed.Values[i] =
                channels == 3
                    ? from[pixel]
                    : (0.299f * from[pixel]) + (0.587f * from[pixels + pixel]) + (0.114f * from[(2 * pixels) + pixel]);
        }

        return changed;
    }
}
