using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Drawing;

/// <summary>Tints every pixel of an image by its class. Needs nothing native.</summary>
public static class LabelMapOverlay
{
    private const double DefaultOpacity = 0.5;

    /// <summary>A tinted copy of an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="map">The classes of its pixels; pixels of no class stay as they are.</param>
    /// <param name="colors">The color of each class.</param>
    /// <param name="opacity">How much of the color there is: 0 (none) to 1 (nothing else).</param>
    /// <exception cref="ArgumentException">The map has another size than the image, or a class without a color.</exception>
    public static RgbImage Draw(RgbImage image, LabelMap map, IReadOnlyList<RgbColor> colors, double opacity = DefaultOpacity)
    {
        if (map.Size != new ImageSize(image.Width, image.Height))
            throw new ArgumentException($"A map of {map.Size} does not fit an image of {image.Width} x {image.Height}.", nameof(map));
        if (!(opacity is >= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(opacity), opacity, "The opacity lies from 0 to 1.");
        var blend = new Blend(opacity);
        byte[] pixels = [.. image.Pixels];
        for (int i = 0; i < map.Labels.Length; i++)
        {
            byte label = map.Labels[i];
            if (label == LabelMap.Ignored)
                continue;
            if (label >= colors.Count)
                throw new ArgumentException($"The map has the class {label}; there are {colors.Count} colors.", nameof(colors));
            blend.Over(pixels.AsSpan(3 * i, 3), colors[label]);
        }

        return new RgbImage(image.Width, image.Height, pixels);
    }
}
