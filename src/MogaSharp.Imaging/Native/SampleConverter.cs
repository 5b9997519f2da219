namespace MogaSharp.Imaging.Native;

/// <summary>Converts rows of decoded samples, 8 or 16 bits each, to 8-bit RGB.</summary>
internal sealed class SampleConverter
{
    private readonly int _bands;
    private readonly int _bytes;
    private readonly bool _isCmyk;

    private SampleConverter(int bands, int bytes, bool isCmyk)
    {
        _bands = bands;
        _bytes = bytes;
        _isCmyk = isCmyk;
    }

    public static SampleConverter For(int bands, int bytesPerSample, bool isCmyk, string name)
    {
        if (isCmyk ? bands != 4 : bands is < 1 or > 4)
            throw new ImageFormatException(name, $"{bands} samples a pixel cannot be read");
        return new SampleConverter(bands, bytesPerSample, isCmyk);
    }

    public void Convert(ReadOnlySpan<byte> samples, Span<byte> rgb)
    {
        if (_bytes == 1 && !_isCmyk && _bands != 2)
        {
            PixelConversion.RowToRgb(samples, _bands switch { 1 => PixelLayout.Grey, 3 => PixelLayout.Rgb, _ => PixelLayout.Rgba }, rgb);
            return;
        }
        int high = _bytes == 2 && BitConverter.IsLittleEndian ? 1 : 0;
        int step = _bands * _bytes;
        bool hasAlpha = !_isCmyk && (_bands is 2 or 4);
        for (int from = high, to = 0; to < rgb.Length; from += step, to += 3)
        {
            byte last = samples[from + ((_bands - 1) * _bytes)];
            for (int channel = 0; channel < 3; channel++)
            {
                byte value = samples[from + (_bands < 3 ? 0 : channel * _bytes)];
                rgb[to + channel] = _isCmyk ? PixelConversion.InkToLight(value, last)
                    : hasAlpha ? PixelConversion.OnWhite(value, last)
                    : value;
            }
        }
    }
}
