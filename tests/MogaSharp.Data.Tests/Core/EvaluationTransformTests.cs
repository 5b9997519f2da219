using MogaSharp.Imaging;

namespace MogaSharp.Data.Tests;

public sealed class EvaluationTransformTests
{
    [Fact]
    public void Evaluation_with_one_plane_takes_the_gray()
    {
        PixelBlock gray = Reference.Image("grey");
        var options = new PreprocessOptions(20, 20) { Mean = [0.3f], StandardDeviation = [0.4f] };
        float[] three = new float[1200],
            one = new float[400];
        new Preprocessor(options).Process(gray.Pixels.Span, gray.Width, gray.Height, gray.Layout, 0, three);
        new EvaluationTransform(options, 1).Apply(gray, new RandomStream(0, RandomPurpose.Augmentation, 0, 0), one);
        Assert.Equal(three[..400], one);
        Assert.Throws<ArgumentException>(() => new EvaluationTransform(new PreprocessOptions(20, 20), 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new EvaluationTransform(options, 2));
    }
}
