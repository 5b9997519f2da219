using MogaSharp.Data;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Testing;

namespace MogaSharp.Training.Tests;

/// <summary>Evaluation during training sees images as the card says, as the product does.</summary>
public sealed class ImagePreprocessingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(ResizeFilter.Nearest, ChannelOrder.Rgb)]
    [InlineData(ResizeFilter.PlainBilinear, ChannelOrder.Bgr)]
    [InlineData(ResizeFilter.Bicubic, ChannelOrder.Bgr)]
    public void Evaluation_resizes_with_the_card_s_filter_and_order(ResizeFilter filter, ChannelOrder order)
    {
        var model = new PreprocessCard
        {
            Width = 16,
            Height = 16,
            Filter = filter,
            ChannelOrder = order,
            Mean = [0.5f, 0.4f, 0.3f],
        };
        PreprocessCard card = ImageTrainingData.Preprocessing(SmallRun.Recipe, model);
        Assert.Equal((filter, order), (card.Filter, card.ChannelOrder));
        SmallRun.WriteIdx(_folder.FullName);
        var set = new IdxDataset(_folder.FullName, DatasetSplit.Test);
        using var data = new ImageTrainingData(
            new IdxDataset(_folder.FullName, DatasetSplit.Train),
            set,
            SmallRun.Recipe,
            card,
            workers: 1
        );
        var preprocessor = new Preprocessor(
            new PreprocessOptions(card.Width, card.Height)
            {
                CropFraction = card.Crop,
                Filter = filter,
                IsBgr = order == ChannelOrder.Bgr,
                Mean = card.Mean,
                StandardDeviation = card.Std,
            }
        );
        float[] expected = new float[preprocessor.InputLength];
        PixelBlock pixels = set[0].ReadPixels();
        preprocessor.Process(pixels.Pixels.Span, pixels.Width, pixels.Height, pixels.Layout, 0, expected);
        TrainingBatch first = data.Evaluate(TestContext.Current.CancellationToken).First();
        Assert.Equal(expected, first.Inputs.Span[..expected.Length].ToArray());
    }
}
