namespace MogaSharp.Imaging.Native;

/// <summary>Decodes with libvips: one named loader for one sniffed format, strictly, in groups of rows.</summary>
internal static unsafe class VipsDecoder
{
    private const int FormatByte = 0;
    private const int FormatUShort = 2;
    private const int InterpretationCmyk = 15;

    // Groups of rows bound the native memory; the loaders work in strips or tiles of about this many rows.
    private const int RowsAtOnce = 64;

    public static DecodedPixels Decode(
        ReadOnlySpan<byte> data, EncodedFormat format, string name, ImageLimits limits, DecodeBuffers? buffers, CancellationToken cancellationToken)
    {
        HeaderCheck.Check(data, format, name, limits);
        VipsLibrary.EnsureStarted();
        string loader = format switch
        {
            EncodedFormat.Jpeg => "jpegload_buffer",
            EncodedFormat.Png => "pngload_buffer",
            EncodedFormat.WebP => "webpload_buffer",
            EncodedFormat.Tiff => "tiffload_buffer",
            EncodedFormat.Gif => "gifload_buffer",
            _ => throw new ArgumentOutOfRangeException(nameof(format), format, "libvips is not asked for this format"),
        };
        // Warnings about earlier images must not appear in the message about this one.
        VipsApi.ClearErrors();
        fixed (byte* bytes = data)
        {
            using var operation = new VipsOperation(loader, "access=sequential,fail_on=error");
            operation.SetBlob("buffer", bytes, data.Length);
            if (!operation.TryBuild()) throw Corrupt(format.ToString(), name);
            using VipsObject image = operation.GetImage("out");
            int width = VipsApi.Width(image.Handle), height = VipsApi.Height(image.Handle);
            limits.CheckSize(width, height, name);
            using IDisposable? turn = LargeImages.Enter((long)width * height, cancellationToken);
            int orientation = VipsApi.Orientation(image.Handle);
            SampleConverter converter = Converter(image, format == EncodedFormat.Tiff ? TiffHeader.Read(data) : null, name);
            if (format == EncodedFormat.Gif) converter.Transparent = GifStructure.Read(data, name, most: 1).Hidden;
            int length = width * height * 3;
            bool isTurned = Orientation.Turns(orientation);
            var pixels = new DecodedPixels(isTurned || buffers is null ? GC.AllocateUninitializedArray<byte>(length) : buffers.Pixels(length), width, height);
            ReadRows(image, pixels, converter, format.ToString(), name, cancellationToken);
            bool hasMore = VipsApi.Pages(image.Handle) > 1 || (format == EncodedFormat.Png && PngStructure.IsAnimated(data));
            ImageConversions lost = converter.Conversions | (hasMore ? ImageConversions.Frames : 0);
            if (converter.Kind == SampleKind.PackedLab)
            {
                Span<byte> colors = pixels.Array.AsSpan(0, length);
                bool hasOffset = LabColor.HasOffset(colors);
                LabColor.ToRgb(colors, hasOffset);
                if (hasOffset) lost |= ImageConversions.Guessed;
            }

            pixels = pixels with { Conversions = lost };
            return isTurned ? DecodedPixels.Of(Orientation.Apply(pixels.ToImage(), orientation)) : pixels;
        }
    }

    /// <summary>Draws an SVG picture of our own. The only loader of those that libvips distrusts that is let in, and only by name.</summary>
    public static RgbImage DrawSvg(ReadOnlySpan<byte> svg)
    {
        const string Name = "SVG";
        VipsLibrary.EnsureStarted();
        VipsApi.ClearErrors();
        VipsApi.Block("VipsForeignLoadSvg", 0);
        fixed (byte* bytes = svg)
        {
            using var operation = new VipsOperation("svgload_buffer", "access=sequential");
            operation.SetBlob("buffer", bytes, svg.Length);
            if (!operation.TryBuild()) throw Corrupt(Name, Name);
            using VipsObject image = operation.GetImage("out");
            int width = VipsApi.Width(image.Handle), height = VipsApi.Height(image.Handle);
            SampleConverter converter = Converter(image, null, Name);
            var pixels = new DecodedPixels(new byte[width * height * 3], width, height);
            ReadRows(image, pixels, converter, Name, Name, CancellationToken.None);
            return pixels.ToImage();
        }
    }

    private static void ReadRows(
        VipsObject image, DecodedPixels result, SampleConverter converter, string format, string name, CancellationToken cancellationToken)
    {
        (byte[] pixels, int width, int height) = result;
        using var region = new VipsObject(VipsApi.NewRegion(image.Handle));
        if (region.Handle == 0) throw Corrupt(format, name);
        for (int top = 0; top < height; top += RowsAtOnce)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int rows = Math.Min(RowsAtOnce, height - top);
            byte* samples = VipsApi.Fetch(region.Handle, 0, top, width, rows, out nuint length);
            if (samples == null) throw Corrupt(format, name);
            var all = new ReadOnlySpan<byte>(samples, checked((int)length));
            int row = all.Length / rows;
            for (int y = 0; y < rows; y++) converter.Convert(all.Slice(y * row, row), pixels.AsSpan((top + y) * width * 3, width * 3));
            VipsApi.Free(samples);
        }
    }

    private static int BytesPerSample(VipsObject image, string name) => VipsApi.Format(image.Handle) switch
    {
        FormatByte => 1,
        FormatUShort => 2,
        _ => throw new ImageFormatException(name, "samples other than unsigned 8-bit or 16-bit numbers cannot be read"),
    };

    /// <summary>What the samples are: for TIFF as its directory says, for the others grey or RGB, and opacity where there is one more.</summary>
    private static SampleConverter Converter(VipsObject image, TiffHeader? tiff, string name)
    {
        int bands = VipsApi.Bands(image.Handle), bytes = BytesPerSample(image, name);
        if (tiff is { IsLab: true }) return SampleConverter.For(SampleKind.PackedLab, bands, bytes, -1, name);
        SampleKind kind = VipsApi.Interpretation(image.Handle) == InterpretationCmyk ? SampleKind.Cmyk : bands < 3 || tiff is { Colors: 1, Samples: > 1 } ? SampleKind.Grey : SampleKind.Rgb;
        return SampleConverter.For(kind, bands, bytes, tiff is null ? 0 : tiff.Opacity, name);
    }

    /// <summary>The exception for what libvips cannot decode, with its messages.</summary>
    public static ImageFormatException Corrupt(string format, string name)
    {
        // The library keeps one list of messages for all threads, so another thread may have taken ours.
        string reason = VipsLibrary.TakeErrors() is { Length: > 0 } errors ? $" ({errors})" : "";
        return new ImageFormatException(name, $"truncated or corrupt {format} image{reason}");
    }
}
