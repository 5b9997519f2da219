namespace MogaSharp.Imaging.Tests;

/// <summary>The resizer gives Pillow's pixels, none off by even one.</summary>
public sealed class ResamplerTests
{
    private static readonly FixtureFile Photo = new("resize_chelsea.safetensors");
    private static readonly FixtureFile Small = new("resize.safetensors");

    public static TheoryData<string> PhotoCases => [.. Photo.Names];

    public static TheoryData<string> SmallCases => [.. Small.Names.Where(name => name.Contains('_', StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(PhotoCases))]
    public void A_photo_equals_that_of_Pillow(string name)
    {
        Fixture expected = Photo[name];
        RgbImage photo = ImageDecoder.Load(Fixtures.At("chelsea.png"));
        RgbImage resized = photo.Resize(expected.Shape[1], expected.Shape[0], Filter(name.Split('_')[0]));
        AssertPixels.Equal(expected.Bytes, resized.Pixels);
    }

    [Theory]
    [MemberData(nameof(SmallCases))]
    public void A_small_image_equals_that_of_Pillow(string name)
    {
        string[] parts = name.Split('_');
        Fixture source = Small[parts[0]], expected = Small[name];
        byte[] resized = new byte[expected.Bytes.Length];
        int channels = parts[0] == "grey" ? 1 : 3;
        Resampler.Resize(source.Bytes, source.Shape[1], source.Shape[0], channels, resized, expected.Shape[1], expected.Shape[0], Filter(parts[1]));
        AssertPixels.Equal(expected.Bytes, resized);
    }

    private static ResizeFilter Filter(string name) => Enum.Parse<ResizeFilter>(name, ignoreCase: true);
}
