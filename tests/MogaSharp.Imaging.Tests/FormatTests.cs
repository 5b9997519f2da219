using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using MogaSharp.Testing;

namespace MogaSharp.Imaging.Tests;

/// <summary>Every format and feature gives Pillow's pixels, none off by even one.</summary>
public sealed class FormatTests
{
    private static readonly FixtureFile Expected = Fixtures.Tensors("expected.safetensors");

    // Pillow converts it by lcms, whose tables round.
    private const string Lab = "lab.tif";

    public static TheoryData<string> Files => [.. Fixtures.FormatFiles.Where(file => file != Lab)];

    [Theory]
    [MemberData(nameof(Files))]
    public void Pixels_equal_those_of_Pillow(string file)
    {
        RgbImage image = ImageDecoder.Load(Fixtures.At("formats", file));
        Assert.Equal(Expected.SizeOf(file), (image.Height, image.Width));
        AssertPixels.Equal(Expected.Bytes(file), image.Pixels);
    }

    [Fact]
    public void Colors_of_CIELAB_are_within_two_of_those_of_Pillow_and_of_the_image_they_were_made_from()
    {
        byte[] pixels = ImageDecoder.Load(Fixtures.At("formats", Lab)).Pixels;
        Assert.All(pixels.Zip(Expected.Bytes(Lab)), pair => Assert.InRange(pair.First - pair.Second, -2, 2));
        Assert.All(pixels.Zip(Expected.Bytes("raw.tif")), pair => Assert.InRange(pair.First - pair.Second, -2, 2));
    }

    [Fact]
    public void CIELAB_as_color_profiles_store_it_is_recognized_and_said()
    {
        byte[] file = Fixtures.Format(Lab);
        RgbImage image = ImageDecoder.Decode(file);
        // The strip begins behind the header of eight bytes.
        for (int i = 8; i < 8 + image.Pixels.Length; i += 3)
            (file[i + 1], file[i + 2]) = ((byte)(file[i + 1] ^ 128), (byte)(file[i + 2] ^ 128));
        RgbImage other = ImageDecoder.Decode(file);
        Assert.Equal(image.Pixels, other.Pixels);
        Assert.Equal(ImageConversions.ColorSpace | ImageConversions.Guessed, other.Conversions);
    }

    [Fact]
    public void CIELAB_is_found_in_files_of_either_byte_order()
    {
        byte[] file = Fixtures.Format(Lab),
            turned = [.. file];
        // The directory comes last; the same file, with numbers the other way round.
        Assert.Equal((byte)'I', file[0]);
        int directory = BitConverter.ToInt32(file, 4),
            count = BitConverter.ToUInt16(file, directory);
        Turn(turned, 2, 2);
        Turn(turned, 4, 4);
        Turn(turned, directory, 2);
        for (int entry = directory + 2; entry < directory + 2 + (count * 12); entry += 12)
        {
            int type = BitConverter.ToUInt16(file, entry + 2),
                values = BitConverter.ToInt32(file, entry + 4),
                size = type switch
                {
                    3 => 2,
                    4 => 4,
                    5 => 8,
                    _ => 1,
                };
            int place = size * values > 4 ? BitConverter.ToInt32(file, entry + 8) : entry + 8;
            for (int i = 0; i < values * size; i += Math.Min(size, 4))
                Turn(turned, place + i, Math.Min(size, 4));
            if (place != entry + 8)
                Turn(turned, entry + 8, 4);
            Turn(turned, entry, 2);
            Turn(turned, entry + 2, 2);
            Turn(turned, entry + 4, 4);
        }

        Turn(turned, directory + 2 + (count * 12), 4);
        (turned[0], turned[1]) = ((byte)'M', (byte)'M');
        AssertPixels.Equal(ImageDecoder.Decode(file).Pixels, ImageDecoder.Decode(turned).Pixels);

        static void Turn(byte[] bytes, int at, int length) => bytes.AsSpan(at, length).Reverse();
    }

    [Fact]
    public void A_further_page_behind_the_end_of_a_TIFF_is_not_missed()
    {
        byte[] file = Fixtures.Format("raw.tif"),
            whole = ImageDecoder.Decode(file).Pixels;
        int directory = BitConverter.ToInt32(file, 4),
            next = directory + 2 + (BitConverter.ToUInt16(file, directory) * 12);
        BitConverter.TryWriteBytes(file.AsSpan(next), file.Length + 100);
        RgbImage image = ImageDecoder.Decode(file);
        AssertPixels.Equal(whole, image.Pixels);
        Assert.Equal(ImageConversions.None, image.Conversions);
    }

    [Theory]
    [InlineData("rgb.png", ImageConversions.None)]
    [InlineData("rgba.png", ImageConversions.Opacity)]
    [InlineData("grey_alpha.png", ImageConversions.Opacity)]
    [InlineData("grey_key.png", ImageConversions.Opacity)]
    [InlineData("palette_alpha.png", ImageConversions.Opacity)]
    [InlineData("lossless_alpha.webp", ImageConversions.Opacity)]
    [InlineData("32_alpha.bmp", ImageConversions.Opacity)]
    [InlineData("32.bmp", ImageConversions.None)]
    [InlineData("transparent.gif", ImageConversions.Opacity)]
    [InlineData("palette.gif", ImageConversions.None)]
    [InlineData("animated.gif", ImageConversions.Frames)]
    [InlineData("animated.webp", ImageConversions.Frames)]
    [InlineData("pages.tif", ImageConversions.Frames)]
    [InlineData("rgba.tif", ImageConversions.Opacity)]
    [InlineData("rgba_associated.tif", ImageConversions.Opacity)]
    [InlineData("rgb_infrared.tif", ImageConversions.ExtraSamples)]
    [InlineData("rgb_two_more.tif", ImageConversions.ExtraSamples)]
    [InlineData("rgb_alpha_more.tif", ImageConversions.ExtraSamples | ImageConversions.Opacity)]
    [InlineData("grey_more.tif", ImageConversions.ExtraSamples)]
    [InlineData("cmyk_more.tif", ImageConversions.ExtraSamples | ImageConversions.ColorSpace)]
    [InlineData("cmyk.tif", ImageConversions.ColorSpace)]
    [InlineData("cmyk.jpg", ImageConversions.ColorSpace)]
    [InlineData(Lab, ImageConversions.ColorSpace)]
    [InlineData("rgb16.png", ImageConversions.Depth)]
    [InlineData("rgba16.png", ImageConversions.Depth | ImageConversions.Opacity)]
    [InlineData("rgb16_infrared.tif", ImageConversions.Depth | ImageConversions.ExtraSamples)]
    public void What_decoding_loses_is_said(string file, ImageConversions lost)
    {
        Assert.Equal(lost, ImageDecoder.Load(Fixtures.At("formats", file)).Conversions);
        Assert.Equal(lost, ImageDecoder.Load(Fixtures.At("formats", file), new DecodeBuffers()).Conversions);
    }

    [Fact]
    public void An_opaque_image_with_opacity_has_lost_nothing()
    {
        // 32_alpha.bmp with every alpha at its most.
        byte[] bitmap = Fixtures.Format("32_alpha.bmp");
        for (int at = BitConverter.ToInt32(bitmap, 10) + 3; at < bitmap.Length; at += 4)
            bitmap[at] = 255;
        Assert.Equal(ImageConversions.None, ImageDecoder.Decode(bitmap).Conversions);
    }

    [Theory]
    [InlineData("rgb.png")]
    [InlineData("yuv420.jpg")]
    [InlineData("progressive.jpg")]
    [InlineData("palette.gif")]
    [InlineData("lossy.webp")]
    [InlineData("24.bmp")]
    [InlineData("raw.tif")]
    public void Bytes_behind_the_end_play_no_part(string file)
    {
        // A phone's motion photo: a video behind the image, in which marks of scans come by chance.
        byte[] video =
        [
            .. Enumerable.Repeat<byte[]>([0x66, 0x74, 0x79, 0x70, 0xFF, 0xDA, 0x00, 0x2C, 0xFF, 0xD8], 500).SelectMany(bytes => bytes),
        ];
        AssertPixels.Equal(Expected.Bytes(file), ImageDecoder.Decode([.. Fixtures.Format(file), .. video]).Pixels);
    }

    [Fact]
    public void Marks_of_scans_within_a_segment_play_no_part()
    {
        // An application segment, such as a thumbnail in EXIF, may hold any bytes.
        byte[] data = Fixtures.Format("yuv420.jpg"),
            marks = [.. Enumerable.Repeat<byte[]>([0xFF, 0xDA], 400).SelectMany(bytes => bytes)];
        byte[] segment = [0xFF, 0xEB, (byte)((marks.Length + 2) >> 8), (byte)(marks.Length + 2), .. marks];
        AssertPixels.Equal(Expected.Bytes("yuv420.jpg"), ImageDecoder.Decode([.. data[..2], .. segment, .. data[2..]]).Pixels);
    }

    [Fact]
    public void Memory_that_is_used_again_gives_the_same_pixels()
    {
        var buffers = new DecodeBuffers();
        foreach (string file in Fixtures.FormatFiles.Concat(Fixtures.FormatFiles.Reverse()))
        {
            PixelBlock image = ImageDecoder.Load(Fixtures.At("formats", file), buffers);
            if (file == Lab)
                continue;
            Assert.Equal(Expected.SizeOf(file), (image.Height, image.Width));
            AssertPixels.Equal(Expected.Bytes(file), image.Pixels.ToArray());
        }

        using SafeFileHandle handle = File.OpenHandle(Fixtures.At("rocket.jpg"));
        long length = RandomAccess.GetLength(handle);
        Assert.Contains(
            "x: The image is cut off",
            Assert.Throws<EndOfStreamException>(() => ImageDecoder.Load(handle, 0, length + 1, buffers, "x")).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ImageFormatException>(() => ImageDecoder.Load(handle, 0, length, buffers, "x", new ImageLimits { MaxBytes = 100 }));
        Assert.Throws<ImageFormatException>(() => ImageDecoder.Load(handle, 1, length - 1, buffers, "x"));
    }

    [Theory]
    [InlineData(PixelLayout.Gray)]
    [InlineData(PixelLayout.Rgb)]
    [InlineData(PixelLayout.Bgr)]
    [InlineData(PixelLayout.Rgba)]
    [InlineData(PixelLayout.Bgra)]
    public void Parts_of_rows_are_copied_from_every_layout(PixelLayout layout)
    {
        int bytes = layout switch
        {
            PixelLayout.Gray => 1,
            PixelLayout.Rgb or PixelLayout.Bgr => 3,
            _ => 4,
        };
        byte[] samples = [.. Enumerable.Range(0, 5 * 3 * bytes).Select(i => (byte)(i * 37))];
        var block = new PixelBlock(samples, 5, 3, layout);
        RgbImage whole = RgbImage.FromPixels(samples, 5, 3, layout);
        byte[] rgb = new byte[9],
            gray = new byte[3];
        block.CopyRow(2, 1, rgb, 3);
        Assert.Equal(whole.Row(2)[3..12].ToArray(), rgb);
        block.CopyRow(2, 1, gray, 1);
        for (int i = 0; i < 3; i++)
            Assert.InRange(gray[i] - ((0.299 * rgb[i * 3]) + (0.587 * rgb[(i * 3) + 1]) + (0.114 * rgb[(i * 3) + 2])), -0.51, 0.51);
    }

    [Fact]
    public void Every_expectation_has_its_file() => Assert.Equal(Expected.Names.Order(StringComparer.Ordinal), Fixtures.FormatFiles);

    [Fact]
    public void A_photo_of_the_usual_kind_equals_that_of_Pillow()
    {
        RgbImage image = ImageDecoder.Load(Fixtures.At("rocket.jpg"));
        Assert.Equal((640, 427), (image.Width, image.Height));
        Assert.Equal(
            "3d4435cc745752b7f9724df88c6e18817de3ce7e3d2d71c55f85f7831e68f197",
            Convert.ToHexStringLower(SHA256.HashData(image.Pixels))
        );
    }
}
