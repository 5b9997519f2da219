using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using MogaSharp.Testing;

namespace MogaSharp.Imaging.Tests;

/// <summary>Every format and feature gives Pillow's pixels, none off by even one.</summary>
public sealed class FormatTests
{
    private static readonly FixtureFile Expected = Fixtures.Tensors("expected.safetensors");

    public static TheoryData<string> Files => [.. Fixtures.FormatFiles];

    [Theory]
    [MemberData(nameof(Files))]
    public void Pixels_equal_those_of_Pillow(string file)
    {
        RgbImage image = ImageDecoder.Load(Fixtures.At("formats", file));
        Assert.Equal(Expected.SizeOf(file), (image.Height, image.Width));
        AssertPixels.Equal(Expected.Bytes(file), image.Pixels);
    }

    [Fact]
    public void Memory_that_is_used_again_gives_the_same_pixels()
    {
        var buffers = new DecodeBuffers();
        foreach (string file in Fixtures.FormatFiles.Concat(Fixtures.FormatFiles.Reverse()))
        {
            PixelBlock image = ImageDecoder.Load(Fixtures.At("formats", file), buffers);
            Assert.Equal(Expected.SizeOf(file), (image.Height, image.Width));
            AssertPixels.Equal(Expected.Bytes(file), image.Pixels.ToArray());
        }

        using SafeFileHandle handle = File.OpenHandle(Fixtures.At("rocket.jpg"));
        long length = RandomAccess.GetLength(handle);
        Assert.Contains("x is cut off", Assert.Throws<EndOfStreamException>(() => ImageDecoder.Load(handle, 0, length + 1, buffers, "x")).Message, StringComparison.Ordinal);
        Assert.Throws<ImageFormatException>(() => ImageDecoder.Load(handle, 0, length, buffers, "x", new ImageLimits { MaxBytes = 100 }));
        Assert.Throws<ImageFormatException>(() => ImageDecoder.Load(handle, 1, length - 1, buffers, "x"));
    }

    [Theory]
    [InlineData(PixelLayout.Grey)]
    [InlineData(PixelLayout.Rgb)]
    [InlineData(PixelLayout.Bgr)]
    [InlineData(PixelLayout.Rgba)]
    [InlineData(PixelLayout.Bgra)]
    public void Parts_of_rows_are_copied_from_every_layout(PixelLayout layout)
    {
        int bytes = layout switch { PixelLayout.Grey => 1, PixelLayout.Rgb or PixelLayout.Bgr => 3, _ => 4 };
        byte[] samples = [.. Enumerable.Range(0, 5 * 3 * bytes).Select(i => (byte)(i * 37))];
        var block = new PixelBlock(samples, 5, 3, layout);
        RgbImage whole = RgbImage.FromPixels(samples, 5, 3, layout);
        byte[] rgb = new byte[9], grey = new byte[3];
        block.CopyRow(2, 1, rgb, 3);
        Assert.Equal(whole.Row(2)[3..12].ToArray(), rgb);
        block.CopyRow(2, 1, grey, 1);
        for (int i = 0; i < 3; i++) Assert.InRange(grey[i] - ((0.299 * rgb[i * 3]) + (0.587 * rgb[(i * 3) + 1]) + (0.114 * rgb[(i * 3) + 2])), -0.51, 0.51);
    }

    [Fact]
    public void Every_expectation_has_its_file() => Assert.Equal(Expected.Names.Order(StringComparer.Ordinal), Fixtures.FormatFiles);

    [Fact]
    public void A_photo_of_the_usual_kind_equals_that_of_Pillow()
    {
        RgbImage image = ImageDecoder.Load(Fixtures.At("rocket.jpg"));
        Assert.Equal((640, 427), (image.Width, image.Height));
        Assert.Equal("3d4435cc745752b7f9724df88c6e18817de3ce7e3d2d71c55f85f7831e68f197", Convert.ToHexStringLower(SHA256.HashData(image.Pixels)));
    }
}
