using MogaSharp.Imaging;

namespace MogaSharp.Data;

/// <summary>How folders of frames become clips.</summary>
public sealed record FrameFolderOptions
{
    /// <summary>The frames that are seen. Default 10.</summary>
    public int InputFrames { get; init; } = 10;

    /// <summary>The frames that follow. Default 10.</summary>
    public int OutputFrames { get; init; } = 10;

    /// <summary>The frames from one clip of a video to the next, at least 1. Default 1: every window.</summary>
    public int Stride { get; init; } = 1;

    /// <summary>True for gray frames (luma), false for RGB. Default false.</summary>
    public bool IsGray { get; init; }

    /// <summary>The size to resize frames to, height and width (bilinear, shrinking without aliasing; the aspect may change); null to take
    /// them as they are.</summary>
    public (int Height, int Width)? Size { get; init; }

    /// <summary>The most bytes of decoded frames to keep in memory. Default 1 GiB.</summary>
    public long CacheBytes { get; init; } = 1L << 30;

    internal void Check()
    {
        AugmentationOptions.Require(InputFrames >= 1, nameof(InputFrames), "at least 1");
        AugmentationOptions.Require(OutputFrames >= 1, nameof(OutputFrames), "at least 1");
        AugmentationOptions.Require(Stride >= 1, nameof(Stride), "at least 1");
        AugmentationOptions.Require(
            Size is null or ({ } and { Height: >= 1 and <= 16384, Width: >= 1 and <= 16384 }),
            nameof(Size),
            "1 to 16384 a side"
        );
        AugmentationOptions.Require(CacheBytes >= 0, nameof(CacheBytes), "at least 0");
    }
}

/// <summary>
/// Videos as folders of numbered image files, such as KTH's: every folder below the root (or the root itself) that holds images is a
/// video, its frames as <see cref="FrameListing"/> has them, and every window of the asked length is a clip.
/// </summary>
public sealed class FrameFolders : IClipDataset
{
    // Deeper nesting means that a link leads back to a folder above it.
    private const int MaxDepth = 32;

    private readonly FrameFolderOptions _options;
    private readonly List<string[]> _videos = [];
    private readonly List<byte[]?[]> _kept = [];
    private readonly List<(int Video, int First)> _windows = [];
    private long _room;

    /// <summary>Lists the videos of a folder and reads the first frame, whose size all must have unless one is given.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="options">How frames become clips; the defaults when null.</param>
    /// <exception cref="DatasetException">There is no such folder, or no video is long enough.</exception>
    /// <exception cref="ImageFormatException">The first frame cannot be decoded.</exception>
    /// <exception cref="IOException">The first frame cannot be read.</exception>
    /// <exception cref="ImagingUnavailableException">libvips cannot be loaded.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public FrameFolders(string root, FrameFolderOptions? options = null)
    {
        _options = options ?? new FrameFolderOptions();
        _options.Check();
        if (!Directory.Exists(root))
            throw new DatasetException(root, "There is no such folder.");
        int frames = _options.InputFrames + _options.OutputFrames,
            longest = 0;
        var notes = new FrameNotes();
        foreach (string folder in WithSubfolders(root, 0))
        {
            FrameListing listing = FrameListing.Of(folder);
            string[] files = [.. listing.Files];
            longest = Math.Max(longest, files.Length);
            if (files.Length < frames)
            {
                if (files.Length > 0)
                    notes.AddShort(listing, frames);
                continue;
            }

            notes.Add(listing, files);
            for (int first = 0; first + frames <= files.Length; first += _options.Stride)
                _windows.Add((_videos.Count, first));
            _videos.Add(files);
            _kept.Add(new byte[files.Length][]);
        }
        if (longest == 0)
            throw new DatasetException(root, $"No folder in it holds frames ({string.Join(' ', ImageFolder.DefaultExtensions)}).");
        if (_windows.Count == 0)
            throw new DatasetException(
                root,
                $"The longest video has {longest} frames; a clip needs {frames} ({_options.InputFrames} in, {_options.OutputFrames} out)."
            );
        Notes = notes.Sentences;
        _room = _options.CacheBytes;
        (int height, int width) = _options.Size ?? SizeOf(Decode(_videos[0][0]));
        Shape = new ClipShape(_options.InputFrames, _options.OutputFrames, _options.IsGray ? 1 : 3, height, width);
    }

    /// <inheritdoc/>
    public int Count => _windows.Count;

    /// <summary>The number of videos that are long enough.</summary>
    public int Videos => _videos.Count;

    /// <inheritdoc/>
    public ClipShape Shape { get; }

    /// <summary>
    /// Files and videos that were left out, and frames whose numbers are missing or occur twice: the windows are those of the files, so
    /// that a clip across a gap jumps.
    /// </summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>The frames of a folder, in their order: <see cref="FrameListing.Files"/>.</summary>
    /// <param name="folder">The folder; its subfolders do not count.</param>
    public static string[] FramesOf(string folder) => [.. FrameListing.Of(folder).Files];

    /// <inheritdoc/>
    public string NameOf(int index) =>
        $"{Path.GetDirectoryName(_videos[_windows[index].Video][0])}, clip from frame {_windows[index].First}";

    /// <inheritdoc/>
    public void Read(int index, RandomStream random, Span<float> input, Span<float> output)
    {
        (int video, int first) = _windows[index];
        int pixels = Shape.Height * Shape.Width;
        for (int i = 0; i < Shape.Frames; i++)
        {
            byte[] frame = Frame(video, first + i);
            Span<float> target =
                i < Shape.InputFrames
                    ? input.Slice(i * Shape.FrameLength, Shape.FrameLength)
                    : output.Slice((i - Shape.InputFrames) * Shape.FrameLength, Shape.FrameLength);
            for (int channel = 0; channel < Shape.Channels; channel++)
                ClipValues.Write(frame.AsSpan(channel * pixels, pixels), target.Slice(channel * pixels, pixels));
        }
    }

    private static (int Height, int Width) SizeOf(RgbImage image) => (image.Height, image.Width);

    // A clip's name does not say which of its frames is broken.
    private static RgbImage Decode(string path)
    {
        string name = Path.GetFileName(path);
        try
        {
            return ImageDecoder.Load(path);
        }
        catch (ImageFormatException e)
        {
            throw new ImageFormatException(path, $"the frame {name}: {e.Problem}");
        }
        catch (FileNotFoundException e)
        {
            throw new IOException($"the frame {name} is gone, or a link that leads nowhere", e);
        }
    }

    private static IEnumerable<string> WithSubfolders(string folder, int depth)
    {
        if (depth > MaxDepth)
            throw new DatasetException(folder, $"Folders are nested more than {MaxDepth} deep, or a link leads to a folder above.");
        return Directory
            .EnumerateDirectories(folder)
            .Order(NaturalOrder.Instance)
            .SelectMany(inner => WithSubfolders(inner, depth + 1))
            .Prepend(folder);
    }

    // The planes of a frame, from memory if there was room for them. Windows overlap, so that most are needed many times.
    private byte[] Frame(int video, int number)
    {
        byte[]?[] kept = _kept[video];
        if (Volatile.Read(ref kept[number]) is { } known)
            return known;
        byte[] planes = Load(_videos[video][number]);
        if (Interlocked.Add(ref _room, -planes.Length) < 0 || Interlocked.CompareExchange(ref kept[number], planes, null) is not null)
            Interlocked.Add(ref _room, planes.Length);
        return planes;
    }

    private byte[] Load(string path)
    {
        RgbImage image = Decode(path);
        if (_options.Size is { } size && (image.Height, image.Width) != size)
            image = image.Resize(size.Width, size.Height, ResizeFilter.Bilinear);
        else if ((image.Height, image.Width) != (Shape.Height, Shape.Width))
            throw new DatasetException(
                path,
                $"It has {image.Width} x {image.Height} pixels, where other frames have {Shape.Width} x {Shape.Height}; give a size to "
                    + "resize them to."
            );
        return FramePlanes.Of(image, Shape.Channels);
    }
}
