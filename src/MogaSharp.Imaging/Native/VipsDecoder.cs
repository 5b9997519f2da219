using MogaSharp.Vision;
using NetVips;

namespace MogaSharp.Imaging.Native;

/// <summary>Decodes with libvips: one named loader for one sniffed format, strictly, in groups of rows.</summary>
internal static class VipsDecoder
{
    public static DecodedPixels Decode(
        ReadOnlySpan<byte> data,
        EncodedFormat format,
        string name,
        ImageLimits limits,
        DecodeBuffers? buffers,
        CancellationToken cancellationToken
    )
    {
        HeaderCheck.Check(data, format, name, limits);
        VipsLibrary.EnsureStarted();
        try
        {
            TiffHeader? tiff = format == EncodedFormat.Tiff ? TiffHeader.Read(data) : null;
            using Source source = tiff?.Adapted(data) is { } adapted ? Source.NewFromMemory(adapted) : Source.NewFromMemory(data);
            using Image image = Open(source, format);
            int width = image.Width,
                height = image.Height;
            limits.CheckSize(width, height, name);
            using IDisposable? turn = LargeImages.Enter((long)width * height, cancellationToken);
            int orientation = Number(image, "orientation", 1);
            SampleConverter converter = Converter(image, tiff, name);
            if (format == EncodedFormat.Gif)
                converter.Transparent = GifStructure.Read(data, name, most: 1).Hidden;
            int length = width * height * 3;
            bool isTurned = Orientation.Turns(orientation);
            var pixels = new DecodedPixels(
                isTurned || buffers is null ? GC.AllocateUninitializedArray<byte>(length) : buffers.Pixels(length),
                width,
                height
            );
            ReadRows(image, pixels, converter, cancellationToken);
            bool hasMore = Number(image, "n-pages", 1) > 1 || (format == EncodedFormat.Png && PngStructure.IsAnimated(data));
            ImageConversions lost = converter.Conversions | (hasMore ? ImageConversions.Frames : 0);
            if (converter.Kind == SampleKind.Lab)
            {
                Span<byte> colors = pixels.Array.AsSpan(0, length);
                bool hasOffset = LabColor.HasOffset(colors);
                LabColor.ToRgb(colors, hasOffset);
                if (hasOffset)
                    lost |= ImageConversions.Guessed;
            }

            pixels = pixels with { Conversions = lost };
            return isTurned ? DecodedPixels.Of(Orientation.Apply(pixels.ToImage(), orientation)) : pixels;
        }
        catch (VipsException failure)
        {
            throw Corrupt(format, name, failure);
        }
    }

    /// <summary>The size that an image has when it is decoded.</summary>
    public static ImageSize ReadSize(ReadOnlySpan<byte> data, EncodedFormat format, string name, ImageLimits limits)
    {
        HeaderCheck.Check(data, format, name, limits);
        VipsLibrary.EnsureStarted();
        try
        {
            using Source source =
                format == EncodedFormat.Tiff && TiffHeader.Read(data).Adapted(data) is { } adapted
                    ? Source.NewFromMemory(adapted)
                    : Source.NewFromMemory(data);
            using Image image = Open(source, format);
            limits.CheckSize(image.Width, image.Height, name);
            return Orientation.IsTransposed(Number(image, "orientation", 1))
                ? new ImageSize(image.Height, image.Width)
                : new ImageSize(image.Width, image.Height);
        }
        catch (VipsException failure)
        {
            throw Corrupt(format, name, failure);
        }
    }

    /// <summary>Opens an image with the loader of its format.</summary>
    /// <param name="source">The encoded bytes.</param>
    /// <param name="format">The format.</param>
    /// <param name="options">What the loader takes beyond what all of them are told.</param>
    /// <exception cref="VipsException">It cannot be decoded.</exception>
    public static Image Open(Source source, EncodedFormat format, VOption? options = null)
    {
        string loader = format switch
        {
            EncodedFormat.Jpeg => "jpegload_source",
            EncodedFormat.Png => "pngload_source",
            EncodedFormat.WebP => "webpload_source",
            EncodedFormat.Tiff => "tiffload_source",
            EncodedFormat.Gif => "gifload_source",
            _ => throw new ArgumentOutOfRangeException(nameof(format), format, "The library is not asked for this format."),
        };
        options ??= [];
        options.Add("access", Enums.Access.Sequential);
        options.Add("fail_on", Enums.FailOn.Error);
        return (Image)VipsLibrary.Call(loader, options, null, source);
    }

    /// <summary>A number that comes with an image.</summary>
    public static int Number(Image image, string field, int otherwise) =>
        image.Contains(field) && image.Get(field) is int number ? number : otherwise;

    /// <summary>The exception for what libvips cannot decode, with its messages.</summary>
    public static ImageFormatException Corrupt(EncodedFormat format, string name, VipsException? failure = null)
    {
        string reason = failure is not null && VipsLibrary.Reason(failure) is { Length: > 0 } said ? $" ({said})" : "";
        return new ImageFormatException(name, $"The {format} image is truncated or corrupt{reason}.");
    }

    private static void ReadRows(Image image, DecodedPixels result, SampleConverter converter, CancellationToken cancellationToken)
    {
        (byte[] pixels, int width, int height) = result;
        using Region region = Region.New(image);
        int most = RowGroups.Rows(width * converter.BytesPerPixel);
        for (int top = 0; top < height; top += most)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int rows = Math.Min(most, height - top);
            ReadOnlySpan<byte> samples = region.Fetch(0, top, width, rows);
            int row = samples.Length / rows;
            for (int y = 0; y < rows; y++)
                converter.Convert(samples.Slice(y * row, row), pixels.AsSpan((top + y) * width * 3, width * 3));
        }
    }

    private static int BytesPerSample(Image image, string name) =>
        image.Format switch
        {
            Enums.BandFormat.Uchar => 1,
            Enums.BandFormat.Ushort => 2,
            _ => throw new ImageFormatException(name, "Samples other than unsigned 8-bit or 16-bit numbers cannot be read."),
        };

    /// <summary>What the samples are: for TIFF as its directory says, for the others gray or RGB, and opacity where there is one
    /// more.</summary>
    private static SampleConverter Converter(Image image, TiffHeader? tiff, string name)
    {
        int bands = image.Bands,
            bytes = BytesPerSample(image, name);
        if (tiff is { IsLab: true })
            return SampleConverter.For(SampleKind.Lab, bands, bytes, tiff.Opacity, name);
        SampleKind kind =
            image.Interpretation == Enums.Interpretation.Cmyk ? SampleKind.Cmyk
            : bands < 3 || tiff is { Colors: 1, Samples: > 1 } ? SampleKind.Gray
            : SampleKind.Rgb;
        return SampleConverter.For(kind, bands, bytes, tiff is null ? 0 : tiff.Opacity, name);
    }
}
