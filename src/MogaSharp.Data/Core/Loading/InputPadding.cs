using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>Brings inputs of several sizes, which lie one behind the other, to the size of a batch.</summary>
internal static class InputPadding
{
    /// <summary>The smallest size that holds all of several ones and whose sides are multiples of a number.</summary>
    public static ImageSize Common(ReadOnlySpan<ImageSize> sizes, int multiple)
    {
        (int width, int height) = (1, 1);
        foreach (ImageSize size in sizes)
            (width, height) = (Math.Max(width, size.Width), Math.Max(height, size.Height));
        return SizeRules.UpToMultiple(new ImageSize(width, height), multiple);
    }

    /// <summary>Moves every row to its place, and writes zeros to the right of inputs and below them.</summary>
    /// <param name="values">First the inputs without gaps, afterwards those of the batch.</param>
    /// <param name="sizes">The sizes of the inputs.</param>
    /// <param name="channels">The planes of an input.</param>
    /// <param name="common">The size of the batch, not smaller than any input.</param>
    public static void Apply(Span<float> values, ReadOnlySpan<ImageSize> sizes, int channels, ImageSize common)
    {
        int plane = common.Width * common.Height,
            from = 0;
        foreach (ImageSize size in sizes)
            from += channels * size.Width * size.Height;
        // From the end, so that no row is written over before it was moved.
        for (int i = (sizes.Length * channels) - 1; i >= 0; i--)
        {
            ImageSize size = sizes[i / channels];
            Span<float> to = values.Slice(i * plane, plane);
            from -= size.Width * size.Height;
            if (size == common && from == i * plane)
                continue;
            for (int y = size.Height - 1; y >= 0; y--)
            {
                Span<float> row = to.Slice(y * common.Width, common.Width);
                values.Slice(from + (y * size.Width), size.Width).CopyTo(row);
                row[size.Width..].Clear();
            }

            to[(size.Height * common.Width)..].Clear();
        }
    }
}
