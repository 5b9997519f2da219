using MogaSharp.Testing;

namespace MogaSharp.Imaging.Tests;

/// <summary>The resizer gives Pillow's pixels, none off by even one.</summary>
public sealed class ResamplerTests
{
    private static readonly FixtureFile Photo = Fixtures.Tensors("resize_chelsea.safetensors");
    private static readonly FixtureFile Small = Fixtures.Tensors("resize.safetensors");

    public static TheoryData<string> PhotoCases => [.. Photo.Names];

    public static TheoryData<string> SmallCases => [.. Small.Names.Where(name => name.Contains('_', StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(PhotoCases))]
    public void A_photo_equals_that_of_Pillow(string name)
    {
        (int height, int width) = Photo.SizeOf(name);
        RgbImage photo = ImageDecoder.Load(Fixtures.At("chelsea.png"));
        RgbImage resized = photo.Resize(width, height, Filter(name.Split('_')[0]));
        AssertPixels.Equal(Photo.Bytes(name), resized.Pixels);
    }

    [Theory]
    [MemberData(nameof(SmallCases))]
    public void A_small_image_equals_that_of_Pillow(string name)
    {
        string[] parts = name.Split('_');
        (int height, int width) = Small.SizeOf(parts[0]);
        (int newHeight, int newWidth) = Small.SizeOf(name);
        byte[] expected = Small.Bytes(name),
            resized = new byte[expected.Length];
        int channels = parts[0] == "grey" ? 1 : 3;
        Resampler.Resize(Small.Bytes(parts[0]), width, height, channels, resized, newWidth, newHeight, Filter(parts[1]));
        AssertPixels.Equal(expected, resized);
    }

    private static ResizeFilter Filter(string name) => Enum.Parse<ResizeFilter>(name, ignoreCase: true);
}
