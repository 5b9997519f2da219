namespace MogaSharp.Data;

/// <summary>
/// The colors that chance gives an image, in the order of MMSegmentation's PhotoMetricDistortion: brightness, contrast, saturation, hue, or
/// contrast last. Null leaves a step out.
/// </summary>
/// <param name="Brightness">What is added to every sample.</param>
/// <param name="Contrast">The factor of every sample.</param>
/// <param name="IsContrastLast">Whether contrast comes last.</param>
/// <param name="Saturation">The factor of saturations.</param>
/// <param name="Hue">How far hues are turned, in units of two degrees.</param>
internal sealed record PhotometricDistortion(double? Brightness, double? Contrast, bool IsContrastLast, double? Saturation, int? Hue)
{
    /// <summary>Draws the colors of an image.</summary>
    public static PhotometricDistortion Draw(PhotometricOptions options, RandomStream random)
    {
        return new PhotometricDistortion(
            Half() ? random.NextDouble(-options.Brightness, options.Brightness) : null,
            Half() ? random.NextDouble(1 - options.Contrast, 1 + options.Contrast) : null,
            Half(),
            Half() ? random.NextDouble(1 - options.Saturation, 1 + options.Saturation) : null,
            // As in the official code, the upper end is not among the values.
            Half() && options.Hue > 0
                ? random.NextInt(2 * options.Hue) - options.Hue
                : null
        );

        bool Half() => random.NextBool(0.5);
    }

    /// <summary>Changes the pixels of an RGB image in place.</summary>
    public void Apply(Span<byte> pixels)
    {
        if (Brightness is { } addend)
            Convert(pixels, 1, (float)addend);
        if (!IsContrastLast && Contrast is { } early)
            Convert(pixels, (float)early, 0);
        if (Saturation is { } saturation)
            Saturate(pixels, (float)saturation);
        if (Hue is { } hue)
            Turn(pixels, hue);
        if (IsContrastLast && Contrast is { } late)
            Convert(pixels, (float)late, 0);
    }

    private static void Convert(Span<byte> samples, float factor, float addend)
    {
        byte[] levels = Table(factor, addend);
        foreach (ref byte sample in samples)
            sample = levels[sample];
    }

    private static void Saturate(Span<byte> pixels, float factor)
    {
        byte[] levels = Table(factor, 0);
        for (int i = 0; i < pixels.Length; i += 3)
        {
            Span<byte> pixel = pixels.Slice(i, 3);
            (byte hue, byte saturation, byte value) = EightBitHsv.FromRgb(pixel);
            EightBitHsv.ToRgb(hue, levels[saturation], value, pixel);
        }
    }

    private static void Turn(Span<byte> pixels, int by)
    {
        for (int i = 0; i < pixels.Length; i += 3)
        {
            Span<byte> pixel = pixels.Slice(i, 3);
            (byte hue, byte saturation, byte value) = EightBitHsv.FromRgb(pixel);
            int turned = (hue + by + EightBitHsv.Hues) % EightBitHsv.Hues;
            EightBitHsv.ToRgb((byte)turned, saturation, value, pixel);
        }
    }

    // The fraction is cut off, as numpy's conversion does.
    private static byte[] Table(float factor, float addend) =>
        [.. Enumerable.Range(0, 256).Select(level => (byte)Math.Clamp((level * factor) + addend, 0, 255))];
}

/// <summary>Hue, saturation and value in eight bits each, the hue in units of two degrees, by the arithmetic of OpenCV.</summary>
internal static class EightBitHsv
{
    /// <summary>The number of hues.</summary>
    public const int Hues = 180;

    private const int Bits = 12;
    private const int Half = 1 << (Bits - 1);

    private static readonly int[] OverValue = Reciprocals(255);
    private static readonly int[] OverRange = Reciprocals(Hues / 6.0);

    /// <summary>Takes a color apart.</summary>
    /// <param name="pixel">Red, green and blue.</param>
    public static (byte Hue, byte Saturation, byte Value) FromRgb(ReadOnlySpan<byte> pixel)
    {
        (int red, int green, int blue) = (pixel[0], pixel[1], pixel[2]);
        int most = Math.Max(red, Math.Max(green, blue)),
            range = most - Math.Min(red, Math.Min(green, blue));
        int sixths =
            most == red ? green - blue
            : most == green ? blue - red + (2 * range)
            : red - green + (4 * range);
        int hue = ((sixths * OverRange[range]) + Half) >> Bits,
            saturation = ((range * OverValue[most]) + Half) >> Bits;
        return ((byte)(hue < 0 ? hue + Hues : hue), (byte)saturation, (byte)most);
    }

    /// <summary>Puts a color together.</summary>
    /// <param name="hue">0 to 179.</param>
    /// <param name="saturation">0 to 255.</param>
    /// <param name="value">0 to 255.</param>
    /// <param name="pixel">Red, green and blue, written.</param>
    public static void ToRgb(byte hue, byte saturation, byte value, Span<byte> pixel)
    {
        float place = hue * (6f / Hues),
            share = saturation * (1 / 255f),
            light = value * (1 / 255f);
        int sector = (int)place;
        float along = place - sector,
            least = light * (1 - share),
            falling = light * (1 - (share * along)),
            rising = light * (1 - (share * (1 - along)));
        (float red, float green, float blue) = sector switch
        {
            0 => (light, rising, least),
            1 => (falling, light, least),
            2 => (least, light, rising),
            3 => (least, falling, light),
            4 => (rising, least, light),
            _ => (light, least, falling),
        };
        (pixel[0], pixel[1], pixel[2]) = (Level(red), Level(green), Level(blue));
    }

    private static byte Level(float light) => (byte)MathF.Round(light * 255);

    // Fixed-point numbers over 0 to 255; over 0 it is 0, as such colors have neither hue nor saturation.
    private static int[] Reciprocals(double full) =>
        [0, .. Enumerable.Range(1, 255).Select(level => (int)Math.Round(full * (1 << Bits) / level))];
}
