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
/// <param name="Channels">1 for grey, 3 for RGB; colours are turned into grey, grey is repeated.</param>
/// <param name="Start">The frames to pass over.</param>
/// <param name="MaxFrames">The frames to read at most.</param>
/// <param name="Size">The size to bring pictures to; null for their own.</param>
internal sealed record ClipReading(int Channels, int Start, int MaxFrames, (int Height, int Width)? Size);

/// <summary>Reads a clip: a folder of frames, an animated GIF, or an npy array.</summary>
internal static class ClipFile
{
    private const string Resize = "--size HxW resizes them";

    /// <summary>Reads the frames.</summary>
    /// <exception cref="UsageException">There is no such file or folder, or a folder holds no frames.</exception>
    /// <exception cref="FailureException">The frames do not fit each other, or the file is of another kind.</exception>
    /// <exception cref="ImageFormatException">A picture cannot be decoded.</exception>
    /// <exception cref="DatasetException">The array cannot be read.</exception>
    public static Clip Load(string path, ClipReading reading, CancellationToken cancellationToken)
    {
        if (Directory.Exists(path)) return FromPictures(Folder(path, reading, cancellationToken), reading);
        if (!File.Exists(path)) throw new UsageException($"there is no file or folder '{path}'");
        byte[] first = new byte[6];
        using (FileStream file = File.OpenRead(path)) file.ReadAtLeast(first, first.Length, throwOnEndOfStream: false);
        if (first.AsSpan().StartsWith("GIF8"u8))
        {
            GifAnimation animation = GifAnimation.Load(path, null, cancellationToken);
            return FromPictures([.. Wanted(animation.Frames, reading).Select((frame, i) => ($"{path}, frame {i}", frame))], reading);
        }

        if (first[0] == 0x93 && first.AsSpan(1).StartsWith("NUMPY"u8)) return Npy(path, reading);
        throw new FailureException($"{path}: neither a folder of frames, nor a GIF, nor an npy array");
    }

    private static List<(string Name, RgbImage Image)> Folder(string path, ClipReading reading, CancellationToken cancellationToken)
    {
        string[] files = FrameFolders.FramesOf(path);
        if (files.Length == 0) throw new UsageException($"the folder '{path}' has no frame ({string.Join(' ', ImageFolder.DefaultExtensions)})");
        var frames = new List<(string, RgbImage)>();
        foreach (string file in Wanted(files, reading))
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                frames.Add((file, ImageDecoder.Load(file)));
            }
            catch (ImageFormatException e)
            {
                throw new FailureException($"{file}: {e.Problem}");
            }
        }

        return frames;
    }

    private static IEnumerable<T> Wanted<T>(IEnumerable<T> frames, ClipReading reading) => frames.Skip(reading.Start).Take(reading.MaxFrames);

    private static Clip FromPictures(IReadOnlyList<(string Name, RgbImage Image)> pictures, ClipReading reading)
    {
        if (pictures.Count == 0) return new Clip([], 0, reading.Channels, 1, 1);
        (int height, int width) = reading.Size ?? (pictures[0].Image.Height, pictures[0].Image.Width);
        var clip = new Clip(new float[checked(pictures.Count * reading.Channels * height * width)], pictures.Count, reading.Channels, height, width);
        for (int i = 0; i < pictures.Count; i++)
        {
            RgbImage image = pictures[i].Image;
            if (reading.Size is null && (image.Height, image.Width) != (height, width))
                throw new FailureException($"{pictures[i].Name} has {image.Width} x {image.Height} pixels, where the first frame has {width} x {height}; {Resize}");
            if ((image.Height, image.Width) != (height, width)) image = image.Resize(width, height, ResizeFilter.Bilinear);
            byte[] planes = FramePlanes.Of(image, reading.Channels);
            Span<float> values = clip.Slice(i, 1).Span;
            for (int k = 0; k < planes.Length; k++) values[k] = planes[k] / 255f;
        }

        return clip;
    }

    private static Clip Npy(string path, ClipReading reading)
    {
        using NpyFile file = NpyFile.Open(path);
        (int frames, int channels, int height, int width, bool isInterleaved) = file.Shape switch
        {
            [var t, var h, var w] => (t, 1, h, w, false),
            [var t, var h, var w, (1 or 3) and var c] => (t, c, h, w, true),
            [var t, (1 or 3) and var c, var h, var w] => (t, c, h, w, false),
            _ => throw new FailureException($"{path}: an array of {string.Join(" x ", file.Shape)}; a clip is T x H x W, T x H x W x C or T x C x H x W, with 1 or 3 channels"),
        };
        if (file.Count == 0) throw new FailureException($"{path}: an array of {string.Join(" x ", file.Shape)} is empty");
        int count = Math.Clamp(frames - reading.Start, 0, reading.MaxFrames), length = checked(channels * height * width);
        float[] values = new float[checked(count * length)];
        file.Read((long)Math.Min(reading.Start, frames) * length, values);
        if (file.Type == NpyType.UInt8)
        {
            PixelLayout layout = channels == 1 ? PixelLayout.Grey : PixelLayout.Rgb;
            return FromPictures([.. Enumerable.Range(0, count).Select(i => ($"{path}, frame {i}", Picture(values.AsSpan(i * length, length), channels, height, width, isInterleaved, layout)))], reading);
        }

        if (values.Any(value => !(value is >= 0 and <= 1))) throw new FailureException($"{path}: numbers outside of 0..1; save values of 0..255 as uint8");
        if (reading.Size is { } size && size != (height, width)) throw new FailureException($"{path}: arrays of {file.Type} are not resized; save them as uint8, or with {size.Height} x {size.Width} pixels");
        if (isInterleaved) values = Planes(values, channels, height * width);
        return WithChannels(new Clip(values, count, channels, height, width), reading.Channels);
    }

    private static RgbImage Picture(ReadOnlySpan<float> samples, int channels, int height, int width, bool isInterleaved, PixelLayout layout)
    {
        byte[] bytes = new byte[samples.Length];
        int pixels = height * width;
        for (int i = 0; i < bytes.Length; i++) bytes[i] = (byte)samples[isInterleaved ? i : (i % channels * pixels) + (i / channels)];
        return RgbImage.FromPixels(bytes, width, height, layout);
    }

    private static float[] Planes(float[] values, int channels, int pixels)
    {
        float[] planes = new float[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            int frame = i / (pixels * channels), inFrame = i % (pixels * channels);
            planes[(((frame * channels) + (inFrame % channels)) * pixels) + (inFrame / channels)] = values[i];
        }

        return planes;
    }

    private static Clip WithChannels(Clip clip, int channels)
    {
        if (clip.Channels == channels) return clip;
        int pixels = clip.Height * clip.Width;
        var changed = clip with { Channels = channels, Values = new float[clip.Frames * channels * pixels] };
        for (int i = 0; i < changed.Values.Length; i++)
        {
            int frame = i / (pixels * channels), pixel = i % pixels;
            ReadOnlySpan<float> from = clip.Slice(frame, 1).Span;
            // The weights of ITU-R BT.601, as for pictures.
            changed.Values[i] = channels == 3 ? from[pixel] : (0.299f * from[pixel]) + (0.587f * from[pixels + pixel]) + (0.114f * from[(2 * pixels) + pixel]);
        }

        return changed;
    }
}
