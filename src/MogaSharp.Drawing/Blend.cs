namespace MogaSharp.Drawing;

/// <summary>Lays a color over pixels: <c>(1 - opacity) * pixel + opacity * color</c>, rounded.</summary>
internal readonly struct Blend
{
    private const int One = 1 << 16;
    private readonly int _opacity;

    public Blend(double opacity)
    {
        if (opacity is not (>= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(opacity), opacity, "An opacity is 0 to 1.");
        _opacity = (int)Math.Round(opacity * One);
    }

    public void Over(Span<byte> pixel, RgbColor color)
    {
        pixel[0] = Mix(pixel[0], color.Red);
        pixel[1] = Mix(pixel[1], color.Green);
        pixel[2] = Mix(pixel[2], color.Blue);
    }

    private byte Mix(int under, int over) => (byte)(((under * (One - _opacity)) + (over * _opacity) + (One / 2)) / One);
}
