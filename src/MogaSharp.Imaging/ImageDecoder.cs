using System.Buffers;
using Microsoft.Win32.SafeHandles;
using MogaSharp.Imaging.Native;
using MogaSharp.Vision;

namespace MogaSharp.Imaging;

/// <summary>
/// Reads JPEG, PNG, WebP, BMP, TIFF and GIF (each the first page or frame) into 8-bit RGB. The first bytes decide the format.
/// Rotation by EXIF is applied; opacity is left out, as by Pillow's <c>convert("RGB")</c>; 16-bit samples keep their high byte; CMYK is
/// converted with the plain ink model; color profiles are ignored. As with Pillow, an image that ends too early is refused, while a JPEG
/// whose pixel data is damaged in between is decoded as far as its marks allow. Safe to use from many threads at once.
/// </summary>
public static class ImageDecoder
{
    /// <summary>Reads an image file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limits">What the image may cost; <see cref="ImageLimits.Default"/> when null.</param>
    /// <exception cref="ImageFormatException">The file is not an image that can be decoded, or larger than the limits.</exception>
    /// <exception cref="ImagingUnavailableException">libvips cannot be loaded (BMP does not need it).</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static RgbImage Load(string path, ImageLimits? limits = null)
    {
        using FileStream stream = Open(path, FileOptions.SequentialScan);
        return Load(stream, Path.GetFileName(path), limits);
    }

    /// <summary>Reads an image from a stream, to the end of the stream.</summary>
    /// <param name="stream">The stream; it stays open.</param>
    /// <param name="name">The name of the image in messages.</param>
    /// <param name="limits">What the image may cost; <see cref="ImageLimits.Default"/> when null.</param>
    /// <exception cref="ImageFormatException">The stream is not an image that can be decoded, or larger than the limits.</exception>
    /// <exception cref="ImagingUnavailableException">libvips cannot be loaded (BMP does not need it).</exception>
    public static RgbImage Load(Stream stream, string name = "image", ImageLimits? limits = null)
    {
        limits ??= ImageLimits.Default;
        using MemoryStream buffer = BufferFor(stream, name, limits);
        byte[] chunk = new byte[ChunkBytes];
        for (int count; (count = stream.Read(chunk)) > 0; )
            Append(buffer, chunk, count, name, limits);
        return DecodeAny(buffer.GetBuffer().AsSpan(0, (int)buffer.Length), name, limits, null, CancellationToken.None).ToImage();
    }

    /// <summary>Reads an image file without blocking; decoding runs on the thread pool.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limits">What the image may cost; <see cref="ImageLimits.Default"/> when null.</param>
    /// <param name="cancellationToken">Stops reading and decoding.</param>
    /// <exception cref="ImageFormatException">The file is not an image that can be decoded, or larger than the limits.</exception>
    /// <exception cref="ImagingUnavailableException">libvips cannot be loaded (BMP does not need it).</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async Task<RgbImage> LoadAsync(string path, ImageLimits? limits = null, CancellationToken cancellationToken = default)
    {
        FileStream stream = Open(path, FileOptions.SequentialScan | FileOptions.Asynchronous);
        await using (stream.ConfigureAwait(false))
            return await LoadAsync(stream, Path.GetFileName(path), limits, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads an image from a stream without blocking; decoding runs on the thread pool.</summary>
    /// <param name="stream">The stream; it stays open.</param>
    /// <param name="name">The name of the image in messages.</param>
    /// <param name="limits">What the image may cost; <see cref="ImageLimits.Default"/> when null.</param>
    /// <param name="cancellationToken">Stops reading and decoding.</param>
    /// <exception cref="ImageFormatException">The stream is not an image that can be decoded, or larger than the limits.</exception>
    /// <exception cref="ImagingUnavailableException">libvips cannot be loaded (BMP does not need it).</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async Task<RgbImage> LoadAsync(
        Stream stream,
        string name = "image",
        ImageLimits? limits = null,
        CancellationToken cancellationToken = default
    )
    {
        limits ??= ImageLimits.Default;
        using MemoryStream buffer = BufferFor(stream, name, limits);
        byte[] chunk = new byte[ChunkBytes];
        for (int count; (count = await stream.ReadAsync(chunk, cancellationToken).ConfigureAwait(false)) > 0; )
            Append(buffer, chunk, count, name, limits);
        ReadOnlyMemory<byte> data = buffer.GetBuffer().AsMemory(0, (int)buffer.Length);
        return await DecodeAsync(data, name, limits, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Decodes an image in memory.</summary>
    /// <param name="data">The encoded image.</param>
    /// <param name="name">The name of the image in messages.</param>
    /// <param name="limits">What the image may cost; <see cref="ImageLimits.Default"/> when null.</param>
    /// <exception cref="ImageFormatException">The data is not an image that can be decoded, or larger than the limits.</exception>
    /// <exception cref="ImagingUnavailableException">libvips cannot be loaded (BMP does not need it).</exception>
    public static RgbImage Decode(ReadOnlySpan<byte> data, string name = "image", ImageLimits? limits = null) =>
        DecodeAny(data, name, limits ?? ImageLimits.Default, null, CancellationToken.None).ToImage();

    /// <summary>Decodes an image in memory without blocking, on the thread pool.</summary>
    /// <param name="data">The encoded image; not to be changed before it is decoded.</param>
    /// <param name="name">The name of the image in messages.</param>
    /// <param name="limits">What the image may cost; <see cref="ImageLimits.Default"/> when null.</param>
    /// <param name="cancellationToken">Stops decoding.</param>
    /// <exception cref="ImageFormatException">The data is not an image that can be decoded, or larger than the limits.</exception>
    /// <exception cref="ImagingUnavailableException">libvips cannot be loaded (BMP does not need it).</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static Task<RgbImage> DecodeAsync(
        ReadOnlyMemory<byte> data,
        string name = "image",
        ImageLimits? limits = null,
        CancellationToken cancellationToken = default
    ) => Task.Run(() => DecodeAny(data.Span, name, limits ?? ImageLimits.Default, null, cancellationToken).ToImage(), cancellationToken);

    /// <summary>Reads a part of a file, such as an image in an archive, into memory that is used again.</summary>
    /// <param name="handle">The file.</param>
    /// <param name="offset">Where the image begins.</param>
    /// <param name="length">The bytes of the encoded image.</param>
    /// <param name="buffers">The memory. The result lies in it, unless the image had to be turned.</param>
    /// <param name="name">The name of the image in messages.</param>
    /// <param name="limits">What the image may cost; <see cref="ImageLimits.Default"/> when null.</param>
    /// <exception cref="ImageFormatException">The data is not an image that can be decoded, or larger than the limits.</exception>
    /// <exception cref="ImagingUnavailableException">libvips cannot be loaded (BMP does not need it).</exception>
    /// <exception cref="EndOfStreamException">The file is shorter.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static PixelBlock Load(
        SafeFileHandle handle,
        long offset,
        long length,
        DecodeBuffers buffers,
        string name = "image",
        ImageLimits? limits = null
    )
    {
        limits ??= ImageLimits.Default;
        limits.CheckBytes(length, name);
        Span<byte> data = buffers.Encoded((int)length).AsSpan(0, (int)length);
        for (int read = 0; read < data.Length; )
        {
            int count = RandomAccess.Read(handle, data[read..], offset + read);
            if (count == 0)
                throw new EndOfStreamException($"{name}: The image is cut off; its file has become shorter.");
            read += count;
        }
        return DecodeAny(data, name, limits, buffers, CancellationToken.None).ToBlock();
    }

    /// <summary>Reads an image file into memory that is used again.</summary>
    /// <param name="path">The file.</param>
    /// <param name="buffers">The memory. The result lies in it, unless the image had to be turned.</param>
    /// <param name="limits">What the image may cost; <see cref="ImageLimits.Default"/> when null.</param>
    /// <exception cref="ImageFormatException">The file is not an image that can be decoded, or larger than the limits.</exception>
    /// <exception cref="ImagingUnavailableException">libvips cannot be loaded (BMP does not need it).</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static PixelBlock Load(string path, DecodeBuffers buffers, ImageLimits? limits = null)
    {
        using FileStream stream = Open(path, FileOptions.SequentialScan);
        return Load(stream.SafeFileHandle, 0, stream.Length, buffers, Path.GetFileName(path), limits);
    }

    /// <summary>Reads how large the image of a file is, as it would be decoded. Its pixels are not decoded (but for BMP), so they may be
    /// damaged all the same.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limits">What the image may cost; <see cref="ImageLimits.Default"/> when null.</param>
    /// <exception cref="ImageFormatException">The file is not an image that can be decoded, or larger than the limits.</exception>
    /// <exception cref="ImagingUnavailableException">libvips cannot be loaded (BMP does not need it).</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ImageSize ReadSize(string path, ImageLimits? limits = null)
    {
        limits ??= ImageLimits.Default;
        string name = Path.GetFileName(path);
        using FileStream stream = Open(path, FileOptions.SequentialScan);
        limits.CheckBytes(stream.Length, name);
        byte[] rented = ArrayPool<byte>.Shared.Rent((int)stream.Length);
        try
        {
            Span<byte> data = rented.AsSpan(0, (int)stream.Length);
            stream.ReadExactly(data);
            EncodedFormat format = data.IsEmpty ? EncodedFormat.Unknown : FormatSniffer.Sniff(data);
            if (format is not (EncodedFormat.Unknown or EncodedFormat.Bmp))
                return VipsDecoder.ReadSize(data, format, name, limits);
            (_, int width, int height) = DecodeAny(data, name, limits, null, CancellationToken.None);
            return new ImageSize(width, height);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private const int ChunkBytes = 1 << 16;

    private static DecodedPixels DecodeAny(
        ReadOnlySpan<byte> data,
        string name,
        ImageLimits limits,
        DecodeBuffers? buffers,
        CancellationToken cancellationToken
    )
    {
        limits.CheckBytes(data.Length, name);
        cancellationToken.ThrowIfCancellationRequested();
        if (data.IsEmpty)
            throw new ImageFormatException(name, "The file is empty.");
        return FormatSniffer.Sniff(data) switch
        {
            EncodedFormat.Unknown => throw new ImageFormatException(name, ForeignFormats.Problem(data)),
            EncodedFormat.Bmp => DecodedPixels.Of(BmpDecoder.Decode(data, name, limits)),
            EncodedFormat format => VipsDecoder.Decode(data, format, name, limits, buffers, cancellationToken),
        };
    }

    internal static FileStream Open(string path, FileOptions options)
    {
        if (Directory.Exists(path))
            throw new ImageFormatException(path, "This is a directory.");
        return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1, options);
    }

    private static MemoryStream BufferFor(Stream stream, string name, ImageLimits limits)
    {
        if (!stream.CanSeek)
            return new MemoryStream();
        long length = stream.Length - stream.Position;
        limits.CheckBytes(length, name);
        return new MemoryStream((int)Math.Max(length, 0));
    }

    private static void Append(MemoryStream buffer, byte[] chunk, int count, string name, ImageLimits limits)
    {
        // What is not an image is not read to its end, which it may not have.
        ReadOnlySpan<byte> read = chunk.AsSpan(0, count);
        if (buffer.Length == 0 && count >= FormatSniffer.MaxBytes && FormatSniffer.Sniff(read) == EncodedFormat.Unknown)
            throw new ImageFormatException(name, ForeignFormats.Problem(read));
        limits.CheckBytes(buffer.Length + count, name);
        buffer.Write(chunk, 0, count);
    }
}
