namespace MogaSharp.Imaging.Native;

/// <summary>The samples of a pixel as a decoder gives them.</summary>
internal enum SampleKind
{
    /// <summary>One color, light.</summary>
    Gray,

    /// <summary>Red, green, blue.</summary>
    Rgb,

    /// <summary>Cyan, magenta, yellow, black.</summary>
    Cmyk,

    /// <summary>CIELAB. Rows keep L, a and b, for <see cref="LabColor"/> to convert.</summary>
    Lab,
}

/// <summary>Converts rows of decoded samples, 8 or 16 bits each, to 8-bit RGB, and remembers what that loses.</summary>
internal sealed class SampleConverter
{
    private readonly int _bands;
    private readonly int _bytes;
    private readonly int _alpha;
    private bool _isOpaque = true;

    private SampleConverter(SampleKind kind, int bands, int bytes, int alpha)
    {
        Kind = kind;
        _bands = bands;
        _bytes = bytes;
        _alpha = alpha;
    }

    /// <summary>What the samples are.</summary>
    public SampleKind Kind { get; }

    /// <summary>The bytes of a pixel's samples.</summary>
    public int BytesPerPixel => _bands * _bytes;

    /// <summary>What the rows converted so far have lost.</summary>
    public ImageConversions Conversions =>
        (_isOpaque ? 0 : ImageConversions.Opacity)
        | (Kind is SampleKind.Cmyk or SampleKind.Lab ? ImageConversions.ColorSpace : 0)
        | (_bytes > 1 ? ImageConversions.Depth : 0)
        | (_bands > Colors(Kind) + (_alpha >= 0 ? 1 : 0) ? ImageConversions.ExtraSamples : 0);

    /// <summary>
    /// What a pixel without any opacity becomes; null for the color that it has. libvips leaves out the colors of transparent pixels of a
    /// GIF, Pillow does not.
    /// </summary>
    public (byte Red, byte Green, byte Blue)? Transparent { get; set; }

    /// <summary>Makes a converter.</summary>
    /// <param name="kind">The colors, which come first.</param>
    /// <param name="bands">Samples of a pixel.</param>
    /// <param name="bytesPerSample">1 or 2.</param>
    /// <param name="alpha">Which of the samples after the colors is opacity, from 0; negative for none.</param>
    /// <param name="name">The image in messages.</param>
    /// <exception cref="ImageFormatException">A pixel has fewer samples than its colors need.</exception>
    public static SampleConverter For(SampleKind kind, int bands, int bytesPerSample, int alpha, string name)
    {
        int colors = Colors(kind);
        if (bands < colors)
            throw new ImageFormatException(name, $"Images of {bands} samples a pixel cannot be read.");
        return new SampleConverter(kind, bands, bytesPerSample, alpha >= 0 && colors + alpha < bands ? alpha : -1);
    }

    public void Convert(ReadOnlySpan<byte> samples, Span<byte> rgb)
    {
        NoteOpacity(samples);
        if (Kind == SampleKind.Lab)
        {
            for (int from = 0, to = 0; to < rgb.Length; from += _bands, to += 3)
                samples.Slice(from, 3).CopyTo(rgb[to..]);
            return;
        }

        if (_bytes == 1 && (_bands == 1 || (_bands is 3 or 4 && Kind == SampleKind.Rgb)))
        {
            PixelConversion.RowToRgb(
                samples,
                _bands switch
                {
                    1 => PixelLayout.Gray,
                    3 => PixelLayout.Rgb,
                    _ => PixelLayout.Rgba,
                },
                rgb
            );
            if (Transparent is { } color && _alpha >= 0)
                Paint(samples, rgb, color);
            return;
        }

        int high = _bytes == 2 && BitConverter.IsLittleEndian ? 1 : 0,
            step = BytesPerPixel;
        for (int from = high, to = 0; to < rgb.Length; from += step, to += 3)
        {
            for (int channel = 0; channel < 3; channel++)
            {
                byte value = samples[from + (Kind == SampleKind.Gray ? 0 : channel * _bytes)];
                rgb[to + channel] = Kind == SampleKind.Cmyk ? PixelConversion.InkToLight(value, samples[from + (3 * _bytes)]) : value;
            }
        }
    }

    private static void Paint(ReadOnlySpan<byte> samples, Span<byte> rgb, (byte Red, byte Green, byte Blue) color)
    {
        for (int from = 3, to = 0; to < rgb.Length; from += 4, to += 3)
            if (samples[from] == 0)
                (rgb[to], rgb[to + 1], rgb[to + 2]) = color;
    }

    private static int Colors(SampleKind kind) =>
        kind switch
        {
            SampleKind.Gray => 1,
            SampleKind.Cmyk => 4,
            _ => 3,
        };

    private void NoteOpacity(ReadOnlySpan<byte> samples)
    {
        if (_alpha < 0 || !_isOpaque)
            return;
        int step = BytesPerPixel;
        byte all = byte.MaxValue;
        for (int at = (Colors(Kind) + _alpha) * _bytes; at < samples.Length; at += step)
        for (int part = 0; part < _bytes; part++)
            all &= samples[at + part];
        _isOpaque = all == byte.MaxValue;
    }
}
