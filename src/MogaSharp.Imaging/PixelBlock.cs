using System.Buffers;

namespace MogaSharp.Imaging;

/// <summary>Decoded pixels in memory that somebody else may own: rows from top to bottom, without gaps.</summary>
/// <param name="Pixels">height x width pixels of the layout.</param>
/// <param name="Width">Pixels of a row, at least 1.</param>
/// <param name="Height">Rows, at least 1.</param>
/// <param name="Layout">The order of the samples.</param>
public readonly record struct PixelBlock(ReadOnlyMemory<byte> Pixels, int Width, int Height, PixelLayout Layout)
{
    /// <summary>What the encoded image held beyond these pixels; none for images that were not decoded.</summary>
    public ImageConversions Conversions { get; init; }

    /// <summary>The pixels of an image, not copied.</summary>
    /// <param name="image">The image.</param>
    public static PixelBlock Of(RgbImage image) =>
        new(image.Pixels, image.Width, image.Height, PixelLayout.Rgb) { Conversions = image.Conversions };

    /// <summary>Copies a part of a row as gray (luma of ITU-R BT.601, as Pillow has it) or RGB (gray is repeated, opacity left
    /// out).</summary>
    /// <param name="y">The row.</param>
    /// <param name="x">The first pixel.</param>
    /// <param name="destination">The samples, written; their number says how many pixels are copied.</param>
    /// <param name="channels">1 (gray) or 3 (RGB).</param>
    public void CopyRow(int y, int x, Span<byte> destination, int channels)
    {
        int bytes = PixelConversion.BytesPerPixel(Layout),
            count = destination.Length / channels;
        ReadOnlySpan<byte> from = Pixels.Span.Slice(((y * Width) + x) * bytes, count * bytes);
        if (bytes == channels && (Layout is PixelLayout.Gray or PixelLayout.Rgb))
        {
            from.CopyTo(destination);
            return;
        }
        if (channels == 3)
        {
            PixelConversion.RowToRgb(from, Layout, destination);
            return;
        }
        byte[] rgb = ArrayPool<byte>.Shared.Rent(count * 3);
        PixelConversion.RowToRgb(from, Layout, rgb.AsSpan(0, count * 3));
        for (int i = 0; i < count; i++)
            destination[i] = PixelConversion.Luma(rgb[i * 3], rgb[(i * 3) + 1], rgb[(i * 3) + 2]);
        ArrayPool<byte>.Shared.Return(rgb);
    }
}
