using NetVips;

namespace MogaSharp.Imaging.Native;

/// <summary>Decodes the frames of a GIF one after another, each as it shows over those before. Native memory holds a frame or two, however
/// many are read.</summary>
internal sealed class GifReader : IDisposable
{
    private const int UnknownDelay = 100;

    private readonly Source _source;
    private readonly Image _image;
    private readonly Region _region;
    private readonly string _name;
    private readonly GifOutline _outline;
    private readonly int _bands;

    private GifReader(Source source, VOption pages, GifOutline outline, string name)
    {
        (_source, _name, _outline) = (source, name, outline);
        try
        {
            _image = VipsDecoder.Open(source, EncodedFormat.Gif, pages);
            (Width, Height, _bands) = (_image.Width, _image.PageHeight, _image.Bands);
            Frames = _image.Height / Height;
            if (_bands is < 1 or > 4 || _image.Format != Enums.BandFormat.Uchar)
                throw VipsDecoder.Corrupt(EncodedFormat.Gif, name);
            _region = Region.New(_image);
        }
        catch (VipsException failure)
        {
            Dispose();
            throw VipsDecoder.Corrupt(EncodedFormat.Gif, name, failure);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The pixels of a row.</summary>
    public int Width { get; }

    /// <summary>The rows of a frame.</summary>
    public int Height { get; }

    /// <summary>The frames that can be read.</summary>
    public int Frames { get; }

    /// <summary>How long each frame is shown, in milliseconds.</summary>
    public int[] Delays
    {
        get
        {
            int[] delays = new int[Frames];
            Array.Fill(delays, UnknownDelay);
            if (_image.Contains("delay") && _image.Get("delay") is int[] known)
                known.AsSpan(0, Math.Min(known.Length, Frames)).CopyTo(delays);
            return delays;
        }
    }

    /// <summary>Opens all frames, whose pixels together must be within the limits.</summary>
    /// <param name="data">The file.</param>
    /// <param name="name">Its name in messages.</param>
    /// <param name="limits">What it may cost.</param>
    public static GifReader OpenAll(ReadOnlySpan<byte> data, string name, ImageLimits limits)
    {
        HeaderCheck.Check(data, EncodedFormat.Gif, name, limits);
        GifOutline outline = GifStructure.Read(data, name);
        VipsLibrary.EnsureStarted();
        var reader = new GifReader(Source.NewFromMemory(data), new VOption { { "n", -1 } }, outline, name);
        try
        {
            limits.CheckSize(reader.Width, reader.Height, name);
            limits.CheckFrames(reader.Width, reader.Height, reader.Frames, name);
            return reader;
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <summary>Opens some frames; null when there is none of them. Of the frames before, what shows through is decoded, but nothing
    /// kept.</summary>
    /// <param name="data">The file.</param>
    /// <param name="name">Its name in messages.</param>
    /// <param name="first">The frames to pass over.</param>
    /// <param name="count">The most frames to read, at least 1.</param>
    /// <param name="limits">What it may cost.</param>
    public static GifReader? OpenSome(byte[] data, string name, int first, int count, ImageLimits limits)
    {
        HeaderCheck.Check(data, EncodedFormat.Gif, name, limits);
        GifOutline outline = GifStructure.Read(data, name);
        if (first >= outline.Frames)
            return null;
        count = Math.Min(count, outline.Frames - first);
        VipsLibrary.EnsureStarted();
        var reader = new GifReader(Source.NewFromMemory(data), new VOption { { "page", first }, { "n", count } }, outline, name);
        try
        {
            limits.CheckSize(reader.Width, reader.Height, name);
            limits.CheckWork(reader.Width, reader.Height, (long)first + count, name);
            return reader;
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <summary>Decodes a frame. They must be read in their order, each once.</summary>
    /// <param name="frame">The frame, from 0.</param>
    /// <param name="cancellationToken">Ends decoding.</param>
    public RgbImage Read(int frame, CancellationToken cancellationToken)
    {
        byte[] pixels = GC.AllocateUninitializedArray<byte>(Width * Height * 3);
        bool isTransparent = false;
        int most = RowGroups.Rows(Width * _bands);
        for (int top = 0; top < Height; top += most)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int rows = Math.Min(most, Height - top);
            isTransparent |= Convert(Fetch((frame * Height) + top, rows), pixels.AsSpan(top * Width * 3, rows * Width * 3));
        }

        return new RgbImage(Width, Height, pixels) { Conversions = isTransparent ? ImageConversions.Opacity : ImageConversions.None };
    }

    public void Dispose()
    {
        _region?.Dispose();
        _image?.Dispose();
        _source.Dispose();
    }

    private byte[] Fetch(int top, int rows)
    {
        try
        {
            return _region.Fetch(0, top, Width, rows);
        }
        catch (VipsException failure)
        {
            throw VipsDecoder.Corrupt(EncodedFormat.Gif, _name, failure);
        }
    }

    // Rows come without gaps. A pixel of a GIF is opaque or not there.
    private bool Convert(ReadOnlySpan<byte> samples, Span<byte> rgb)
    {
        bool isTransparent = false,
            hasOpacity = _bands is 2 or 4,
            isGray = _bands < 3;
        for (int from = 0, to = 0; to < rgb.Length; from += _bands, to += 3)
        {
            bool isHidden = hasOpacity && samples[from + _bands - 1] == 0;
            isTransparent |= isHidden;
            (rgb[to], rgb[to + 1], rgb[to + 2]) =
                isHidden ? _outline.Hidden
                : isGray ? (samples[from], samples[from], samples[from])
                : (samples[from], samples[from + 1], samples[from + 2]);
        }

        return isTransparent;
    }
}
