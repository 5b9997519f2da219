namespace MogaSharp.Imaging;

/// <summary>Turns interleaved pixels into planes and back.</summary>
public static class FramePlanes
{
    /// <summary>The planes of an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="channels">1 for gray (the luma of ITU-R BT.601, as Pillow has it) or 3 for red, green and blue.</param>
    /// <returns>channels x height x width samples.</returns>
    public static byte[] Of(RgbImage image, int channels)
    {
        if (channels is not (1 or 3))
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "1 or 3");
        int pixels = image.Width * image.Height;
        byte[] planes = new byte[pixels * channels];
        if (channels == 1)
        {
            PixelBlock block = PixelBlock.Of(image);
            for (int y = 0; y < image.Height; y++)
                block.CopyRow(y, 0, planes.AsSpan(y * image.Width, image.Width), 1);
            return planes;
        }
        for (int i = 0; i < pixels; i++)
        {
            for (int channel = 0; channel < 3; channel++)
                planes[(channel * pixels) + i] = image.Pixels[(i * 3) + channel];
        }
        return planes;
    }

    /// <summary>The image of planes with values of 0..1: what is outside is cut, the rest rounded to 8 bits; one plane is gray.</summary>
    /// <param name="planes">channels x height x width values; NaN becomes black.</param>
    /// <param name="channels">1 or 3.</param>
    /// <param name="height">The height in pixels.</param>
    /// <param name="width">The width in pixels.</param>
    /// <exception cref="ArgumentException">The number of values is another one.</exception>
    public static RgbImage ToImage(ReadOnlySpan<float> planes, int channels, int height, int width)
    {
        if (channels is not (1 or 3))
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "1 or 3");
        int pixels = checked(height * width);
        if (planes.Length != channels * pixels)
            throw new ArgumentException($"{planes.Length} values are not {channels} planes of {height} x {width}.", nameof(planes));
        byte[] samples = new byte[pixels * 3];
        for (int i = 0; i < samples.Length; i++)
        {
            float value = planes[(channels == 1 ? 0 : i % 3 * pixels) + (i / 3)];
            samples[i] = value > 0 ? (byte)MathF.Round(Math.Min(value, 1) * 255) : (byte)0;
        }
        return new RgbImage(width, height, samples);
    }
}
