using System.Drawing;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>The pixels of a scene that is being drawn, and whose they are.</summary>
internal sealed class SceneCanvas(ImageSize size)
{
    private const int Channels = 3;

    private readonly byte[] _pixels = new byte[checked(size.Width * size.Height * Channels)];
    private readonly byte[] _owners = new byte[size.Width * size.Height];

    /// <summary>The samples, height x width x 3.</summary>
    public byte[] Pixels => _pixels;

    /// <summary>The number of the object that each pixel belongs to; 0 is the background.</summary>
    public byte[] Owners => _owners;

    /// <summary>Paints a pixel of the background.</summary>
    public void Store(int pixel, SceneColor color)
    {
        Span<byte> samples = _pixels.AsSpan(pixel * Channels, Channels);
        (samples[0], samples[1], samples[2]) = (ToByte(color.Red), ToByte(color.Green), ToByte(color.Blue));
    }

    /// <summary>Counts how many pixels of each owner an object would take.</summary>
    public void CountTaken(ScenePlace place, Span<int> taken)
    {
        taken.Clear();
        Rectangle window = place.Within(size);
        for (int y = window.Top; y < window.Bottom; y++)
        {
            ReadOnlySpan<byte> parts = place.Row(y, window.Left, window.Width),
                owners = _owners.AsSpan((y * size.Width) + window.Left, window.Width);
            for (int x = 0; x < parts.Length; x++)
                if (parts[x] > 0)
                    taken[owners[x]]++;
        }
    }

    /// <summary>Darkens what lies beside an object.</summary>
    public void CastShadow(ScenePlace place, int right, int down, double light)
    {
        ScenePlace shadow = place with { Right = place.Right + right, Down = place.Down + down };
        Rectangle window = shadow.Within(size);
        for (int y = window.Top; y < window.Bottom; y++)
        {
            ReadOnlySpan<byte> parts = shadow.Row(y, window.Left, window.Width);
            for (int x = 0; x < parts.Length; x++)
            {
                if (parts[x] == 0)
                    continue;
                foreach (ref byte sample in _pixels.AsSpan(((y * size.Width) + window.Left + x) * Channels, Channels))
                    sample = (byte)(sample * light);
            }
        }
    }

    /// <summary>Paints an object with smooth edges, and gives it its pixels.</summary>
    public void Paint(ScenePlace place, byte owner, SceneNoise noise)
    {
        foreach (ScenePart part in place.Thing.Parts)
            Paint(part, place.Map, place.Outline.Scale, noise);
        Rectangle window = place.Within(size);
        for (int y = window.Top; y < window.Bottom; y++)
        {
            ReadOnlySpan<byte> parts = place.Row(y, window.Left, window.Width);
            Span<byte> owners = _owners.AsSpan((y * size.Width) + window.Left, window.Width);
            for (int x = 0; x < parts.Length; x++)
                if (parts[x] > 0)
                    owners[x] = owner;
        }
    }

    /// <summary>Multiplies all pixels by a light that changes evenly from side to side, and adds noise.</summary>
    public void Light(double middle, double across, double down, double noise, RandomStream random)
    {
        double strength = noise / 127.5,
            step = across / size.Width;
        ulong bits = 0;
        int left = 0,
            at = 0;
        for (int y = 0; y < size.Height; y++)
        {
            double row = middle + (down * (((double)y / size.Height) - 0.5)) - (across * 0.5);
            for (int x = 0; x < size.Width; x++)
            {
                double light = row + (step * x);
                for (int channel = 0; channel < Channels; channel++, at++)
                {
                    if (left == 0)
                        (bits, left) = (random.NextUInt64(), 8);
                    _pixels[at] = ToByte((_pixels[at] * light) + (((int)(bits & 255) - 127.5) * strength));
                    bits >>= 8;
                    left--;
                }
            }
        }
    }

    private void Paint(ScenePart part, in AffineMap map, double scale, SceneNoise noise)
    {
        const double Grain = 9,
            Rough = 0.16,
            Shaded = 0.62;
        AffineMap back = map.Inverse();
        Rectangle window = SceneOutline.Window(part, map, scale);
        window.Intersect(new Rectangle(0, 0, size.Width, size.Height));
        double depth = part.Paint.Depth * scale;
        for (int y = window.Top; y < window.Bottom; y++)
        {
            (double left, double top) = back.Apply(window.Left + 0.5, y + 0.5);
            int row = (y * size.Width) + window.Left;
            for (int x = 0, run; x < window.Width; x += run)
            {
                double distance = part.Distance(left + (back.Xx * x), top + (back.Yx * x)) * scale,
                    opacity = Math.Min(1, 0.5 - distance);
                if (opacity <= 0)
                {
                    run = Math.Max(1, (int)(distance - 0.5));
                    continue;
                }

                // Deep inside nothing depends on the edge, as far as it cannot be nearer than this.
                run = Math.Clamp((int)(-distance - depth - 0.5), 1, window.Width - x);
                double inside = depth > 0 ? Math.Clamp(1 + (distance / depth), 0, 1) : 0,
                    round = 1 - ((1 - Shaded) * inside * inside) - (Rough / 2);
                for (int i = x; i < x + run; i++)
                {
                    (double u, double v) = (left + (back.Xx * i), top + (back.Yx * i));
                    double light = round + (Rough * noise.At(u * Grain, v * Grain));
                    Blend(row + i, part.Paint.At(u, v, noise).Times(light), opacity);
                }
            }
        }
    }

    private void Blend(int pixel, SceneColor color, double opacity)
    {
        Span<byte> samples = _pixels.AsSpan(pixel * Channels, Channels);
        samples[0] = ToByte(samples[0] + ((color.Red - samples[0]) * opacity));
        samples[1] = ToByte(samples[1] + ((color.Green - samples[1]) * opacity));
        samples[2] = ToByte(samples[2] + ((color.Blue - samples[2]) * opacity));
    }

    private static byte ToByte(double level) => (byte)Math.Clamp((int)(level + 0.5), 0, 255);
}
