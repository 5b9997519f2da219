namespace MogaSharp.Imaging.Tests;

public sealed class PreprocessorTests
{
    [Theory]
    [InlineData("chelsea")]
    [InlineData("coffee")]
    public void Evaluation_input_equals_the_official_one(string photo)
    {
        var expected = new FixtureFile($"eval_{photo}_224.safetensors");
        RgbImage image = ImageDecoder.Load(Fixtures.At($"{photo}.png"));
        var preprocessor = new Preprocessor(new PreprocessOptions(224, 224));
        AssertPixels.Equal(expected["crop_uint8_hwc"].Bytes, preprocessor.Crop(image).Pixels);

        float[] input = new float[preprocessor.InputLength];
        preprocessor.Process(image, input);
        ReadOnlySpan<float> sampled = expected["input_chw_every7"].Floats;
        float[] everySeventh = [.. input.Where((_, i) => i % 7 == 0)];
        Assert.Equal(sampled, everySeventh);
    }
}
