using System.Buffers;

namespace MogaSharp.Imaging.Native;

/// <summary>Decodes the frames of a GIF one after another, each as it shows over those before. Native memory holds a frame or two, however many are read.</summary>
internal sealed unsafe class GifReader : IDisposable
{
    private const string Format = "Gif";
    private const int FormatByte = 0;
    private const int RowsAtOnce = 64;
    private const int UnknownDelay = 100;

    private readonly VipsOperation _operation;
    private readonly VipsObject _image;
    private readonly VipsObject _region;
    private readonly string _name;
    private readonly GifOutline _outline;
    private readonly int _bands;

    private GifReader(byte* data, int length, string pages, GifOutline outline, string name)
    {
        (_name, _outline) = (name, outline);
        VipsLibrary.EnsureStarted();
        VipsApi.ClearErrors();
        _operation = new VipsOperation("gifload_buffer", $"{pages},access=sequential,fail_on=error");
        try
        {
            _operation.SetBlob("buffer", data, length);
            if (!_operation.TryBuild()) throw VipsDecoder.Corrupt(Format, name);
            _image = _operation.GetImage("out");
            (Width, Height, _bands) = (VipsApi.Width(_image.Handle), VipsApi.PageHeight(_image.Handle), VipsApi.Bands(_image.Handle));
            Frames = VipsApi.Height(_image.Handle) / Height;
            if (_bands is < 1 or > 4 || VipsApi.Format(_image.Handle) != FormatByte) throw VipsDecoder.Corrupt(Format, name);
            _region = new VipsObject(VipsApi.NewRegion(_image.Handle));
            if (_region.Handle == 0) throw VipsDecoder.Corrupt(Format, name);
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
            if (VipsApi.TypeOfField(_image.Handle, "delay") == 0 || VipsApi.GetNumbers(_image.Handle, "delay", out int* numbers, out int count) != 0) return delays;
            new ReadOnlySpan<int>(numbers, Math.Min(count, delays.Length)).CopyTo(delays);
            return delays;
        }
    }

    /// <summary>Opens all frames, whose pixels together must be within the limits.</summary>
    /// <param name="data">The file, which must stay where it is.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="name">Its name in messages.</param>
    /// <param name="limits">What it may cost.</param>
    public static GifReader OpenAll(byte* data, int length, string name, ImageLimits limits)
    {
        var bytes = new ReadOnlySpan<byte>(data, length);
        HeaderCheck.Check(bytes, EncodedFormat.Gif, name, limits);
        var reader = new GifReader(data, length, "n=-1", GifStructure.Read(bytes, name), name);
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

    /// <summary>Opens some frames; null when there is none of them. Of the frames before, what shows through is decoded, but nothing kept.</summary>
    /// <param name="data">The file.</param>
    /// <param name="name">Its name in messages.</param>
    /// <param name="first">The frames to pass over.</param>
    /// <param name="count">The most frames to read, at least 1.</param>
    /// <param name="limits">What it may cost.</param>
    public static GifReader? OpenSome(PinnedBytes data, string name, int first, int count, ImageLimits limits)
    {
        HeaderCheck.Check(data.Span, EncodedFormat.Gif, name, limits);
        GifOutline outline = GifStructure.Read(data.Span, name);
        if (first >= outline.Frames) return null;
        count = Math.Min(count, outline.Frames - first);
        var reader = new GifReader(data.Pointer, data.Span.Length, $"page={first},n={count}", outline, name);
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
        for (int top = 0; top < Height; top += RowsAtOnce)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int rows = Math.Min(RowsAtOnce, Height - top);
            byte* samples = VipsApi.Fetch(_region.Handle, 0, (frame * Height) + top, Width, rows, out nuint length);
            if (samples == null) throw VipsDecoder.Corrupt(Format, _name);
            isTransparent |= Convert(new ReadOnlySpan<byte>(samples, checked((int)length)), pixels.AsSpan(top * Width * 3, rows * Width * 3));
            VipsApi.Free(samples);
        }

        return new RgbImage(Width, Height, pixels) { Conversions = isTransparent ? ImageConversions.Opacity : ImageConversions.None };
    }

    public void Dispose()
    {
        _region.Dispose();
        _image.Dispose();
        _operation.Dispose();
    }

    // Rows come without gaps. A pixel of a GIF is opaque or not there.
    private bool Convert(ReadOnlySpan<byte> samples, Span<byte> rgb)
    {
        bool isTransparent = false, hasOpacity = _bands is 2 or 4, isGrey = _bands < 3;
        for (int from = 0, to = 0; to < rgb.Length; from += _bands, to += 3)
        {
            bool isHidden = hasOpacity && samples[from + _bands - 1] == 0;
            isTransparent |= isHidden;
            (rgb[to], rgb[to + 1], rgb[to + 2]) = isHidden ? _outline.Hidden
                : isGrey ? (samples[from], samples[from], samples[from])
                : (samples[from], samples[from + 1], samples[from + 2]);
        }

        return isTransparent;
    }
}

/// <summary>Bytes that stay where they are until they are disposed.</summary>
internal sealed unsafe class PinnedBytes(byte[] bytes) : IDisposable
{
    private MemoryHandle _pin = bytes.AsMemory().Pin();

    public byte* Pointer => (byte*)_pin.Pointer;

    public ReadOnlySpan<byte> Span => bytes;

    public void Dispose() => _pin.Dispose();
}
