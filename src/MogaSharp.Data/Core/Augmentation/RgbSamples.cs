using System.Buffers;
using MogaSharp.Imaging;

namespace MogaSharp.Data;

/// <summary>The samples of an image as RGB, rows without gaps: as they lie where they are RGB, else in rented memory that goes back when
/// they are disposed of.</summary>
internal readonly ref struct RgbSamples
{
    private readonly byte[]? _rented;

    /// <summary>Takes or copies the samples.</summary>
    /// <param name="image">The image.</param>
    /// <param name="isMirrored">Whether left and right are exchanged.</param>
    public RgbSamples(PixelBlock image, bool isMirrored = false)
    {
        const int Channels = 3;
        int row = image.Width * Channels,
            length = checked(row * image.Height);
        if (image.Layout == PixelLayout.Rgb && !isMirrored)
        {
            Span = image.Pixels.Span[..length];
            return;
        }

        _rented = ArrayPool<byte>.Shared.Rent(length);
        for (int y = 0; y < image.Height; y++)
            image.CopyRow(y, 0, _rented.AsSpan(y * row, row), Channels);
        if (isMirrored)
            Flip.Horizontal(_rented.AsSpan(0, length), image.Width, Channels);
        Span = _rented.AsSpan(0, length);
    }

    /// <summary>The samples, height x width x 3.</summary>
    public ReadOnlySpan<byte> Span { get; }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        if (_rented is not null)
            ArrayPool<byte>.Shared.Return(_rented);
    }
}
