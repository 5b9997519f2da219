using System.Security.Cryptography;
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
    public void Every_expectation_has_its_file() => Assert.Equal(Expected.Names.Order(StringComparer.Ordinal), Fixtures.FormatFiles);

    [Fact]
    public void A_photo_of_the_usual_kind_equals_that_of_Pillow()
    {
        RgbImage image = ImageDecoder.Load(Fixtures.At("rocket.jpg"));
        Assert.Equal((640, 427), (image.Width, image.Height));
        Assert.Equal("3d4435cc745752b7f9724df88c6e18817de3ce7e3d2d71c55f85f7831e68f197", Convert.ToHexStringLower(SHA256.HashData(image.Pixels)));
    }
}
