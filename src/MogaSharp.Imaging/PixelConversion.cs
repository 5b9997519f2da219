namespace MogaSharp.Imaging;

/// <summary>Conversions between pixel layouts, exact to the last unit.</summary>
internal static class PixelConversion
{
    public static int BytesPerPixel(PixelLayout layout) =>
        layout switch
        {
            PixelLayout.Gray => 1,
            PixelLayout.Rgb or PixelLayout.Bgr => 3,
            PixelLayout.Rgba or PixelLayout.Bgra => 4,
            _ => throw new ArgumentOutOfRangeException(nameof(layout), layout, "There is no such layout."),
        };

    /// <summary>Checks a pixel buffer and gives its stride in bytes (a stride of 0 means rows without gaps).</summary>
    public static int CheckBuffer(int length, int width, int height, PixelLayout layout, int stride)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        long row = (long)width * BytesPerPixel(layout);
        long step = stride == 0 ? row : stride;
        if (step < row)
            throw new ArgumentOutOfRangeException(nameof(stride), stride, $"A row has {row} bytes.");
        long needed = (step * (height - 1)) + row;
        if (length < needed)
            throw new ArgumentException($"{width} x {height} {layout} pixels need {needed} bytes, not {length}.");
        return (int)step;
    }

    /// <summary>Converts one row to RGB. Opacity is left out, as by Pillow's <c>convert("RGB")</c>.</summary>
    public static void RowToRgb(ReadOnlySpan<byte> source, PixelLayout layout, Span<byte> rgb)
    {
        switch (layout)
        {
            case PixelLayout.Gray:
                for (int from = 0, to = 0; to < rgb.Length; from++, to += 3)
                    rgb[to] = rgb[to + 1] = rgb[to + 2] = source[from];
                break;
            case PixelLayout.Rgb:
                source[..rgb.Length].CopyTo(rgb);
                break;
            case PixelLayout.Bgr:
                for (int at = 0; at < rgb.Length; at += 3)
                    (rgb[at], rgb[at + 1], rgb[at + 2]) = (source[at + 2], source[at + 1], source[at]);
                break;
            default:
                int red = layout == PixelLayout.Rgba ? 0 : 2;
                for (int from = 0, to = 0; to < rgb.Length; from += 4, to += 3)
                {
                    rgb[to] = source[from + red];
                    rgb[to + 1] = source[from + 1];
                    rgb[to + 2] = source[from + 2 - red];
                }
                break;
        }
    }

    /// <summary>The gray of a color: the luma of ITU-R BT.601 in 16-bit fixed point, rounded to nearest, as Pillow has it.</summary>
    public static byte Luma(byte red, byte green, byte blue) => (byte)(((red * 19595) + (green * 38470) + (blue * 7471) + 0x8000) >> 16);

    /// <summary>The plain ink model without a color profile: a sample of ink and the black ink to light.</summary>
    public static byte InkToLight(byte ink, byte black)
    {
        int light = 255 - black;
        int product = (ink * light) + 128;
        return (byte)(light - (((product >> 8) + product) >> 8));
    }
}
