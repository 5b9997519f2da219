using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data.Tests;

/// <summary>Ten gray images in place of handwritten digits: image i has i bars, or all are empty.</summary>
internal sealed class PlainDigits : List<ImageItem>, IImageDataset
{
    public PlainDigits(bool isEmpty = false)
        : base(Enumerable.Range(0, 10).Select(i => new PixelImageItem($"digit {i}", Bars(isEmpty ? 0 : i), new ClassIndex(i)))) { }

    public IReadOnlyList<string> ClassNames { get; } = [.. Enumerable.Range(0, 10).Select(i => $"{i}")];

    public static byte[] Pixels(int bars)
    {
        byte[] pixels = new byte[28 * 28];
        for (int bar = 0; bar < bars; bar++)
            pixels.AsSpan((3 + (2 * bar)) * 28, 28).Slice(6, 16).Fill(255);
        return pixels;
    }

    private static PixelBlock Bars(int bars) => new(Pixels(bars), 28, 28, PixelLayout.Gray);
}
