using MogaSharp.Cpu;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Testing;
using MogaSharp.Vision;

namespace MogaSharp.Training.Tests;

/// <summary>Finished models of the two oldest tasks are evaluated by the function that evaluates those of all others.</summary>
public sealed class ModelEvaluationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly CpuEngine _engine = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _engine.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 2)]
    [InlineData(64, 3)]
    public async Task A_classifier_has_the_figures_of_its_answers(int batch, int workers)
    {
        LoadedModel model = await ShippedAsync("moganet_xtiny_fashion");
        byte[] pixels = new byte[7 * 28 * 28];
        new Random(5).NextBytes(pixels);
        byte[] labels = [0, 1, 2, 3, 4, 8, 8];
        _folder.File("t10k-images-idx3-ubyte", IdxWriter.Bytes([7, 28, 28], pixels));
        _folder.File("t10k-labels-idx1-ubyte", IdxWriter.Bytes([7], labels));
        var progress = new List<(int, int)>();
        using ModelEvaluationResult result = ModelEvaluation.Run(
            model,
            $"idx:{_folder.FullName}",
            _engine,
            new()
            {
                Reading = new() { BatchSize = batch, Workers = workers },
                Progress = (done, count) => progress.Add((done, count)),
            },
            Token
        );
        using var classifier = new ImageClassifier(model, _engine);
        int right = labels.Index().Count(one => classifier.Predict(Gray(pixels.AsSpan(one.Index * 784, 784))).Best.Index == one.Item);
        Assert.Equal(7, result.Evaluation.Count);
        Assert.Equal(right / 7.0, result.Figures["top1"]);
        Assert.Empty(result.BadItems);
        Assert.Equal([.. Enumerable.Range(0, (7 + batch - 1) / batch).Select(i => (i * batch, 7))], progress);
    }

    [Fact]
    public async Task What_decoding_lost_is_told_and_what_cannot_be_read_is_named()
    {
        LoadedModel model = await ShippedAsync("moganet_xtiny_fashion");
        for (int label = 0; label < 10; label++)
        {
            Directory.CreateDirectory(_folder.File($"{label}"));
            Gray(new byte[784]).SavePng(_folder.File($"{label}/black.png"));
        }

        _folder.File("3/bad.png", "no image"u8.ToArray());
        // One gray pixel of 16 bits and its opacity.
        await File.WriteAllBytesAsync(
            _folder.File("4/clear.png"),
            Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABEAQAAADljNBBAAAADUlEQVR4nGNoEHIwBgAC7gEGBVGptQAAAABJRU5ErkJggg=="),
            Token
        );
        var told = new List<(string Name, ImageConversions Lost)>();
        using ModelEvaluationResult result = ModelEvaluation.Run(
            model,
            $"folder:{_folder.FullName}",
            _engine,
            new()
            {
                Reading = new()
                {
                    BatchSize = 4,
                    Converted = (name, lost) =>
                    {
                        lock (told)
                            told.Add((name, lost));
                    },
                },
            },
            Token
        );
        Assert.Equal(11, result.Evaluation.Count);
        Assert.EndsWith("bad.png", Assert.Single(result.BadItems).Name, StringComparison.Ordinal);
        (string file, ImageConversions conversions) = Assert.Single(told);
        Assert.EndsWith("clear.png", file, StringComparison.Ordinal);
        Assert.True(conversions.HasFlag(ImageConversions.Depth));
    }

    [Fact]
    public async Task A_set_without_a_single_image_that_can_be_read_is_refused_with_the_reason()
    {
        LoadedModel model = await ShippedAsync("moganet_xtiny_fashion");
        for (int label = 0; label < 10; label++)
        {
            Directory.CreateDirectory(_folder.File($"{label}"));
            _folder.File($"{label}/bad.png", "no image"u8.ToArray());
        }

        var refused = Assert.Throws<NothingToEvaluateException>(() =>
            ModelEvaluation.Run(model, $"folder:{_folder.FullName}", _engine, cancellationToken: Token)
        );
        Assert.StartsWith(
            $"None of the 10 images can be read. The first is {_folder.File("0/bad.png")}: This is not a JPEG",
            refused.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Clips_that_go_on_longer_than_the_network_predicts_take_several_runs()
    {
        LoadedModel model = await ShippedAsync("simvp_moga_small");
        byte[] digits = new byte[10 * 784];
        new Random(4).NextBytes(digits);
        _folder.File("t10k-images-idx3-ubyte", IdxWriter.Bytes([10, 28, 28], digits));
        string data = $"moving-mnist:{_folder.FullName}?testclips=3&out=12";
        using ModelEvaluationResult result = ModelEvaluation.Run(model, data, _engine, new() { Reading = new() { BatchSize = 2 } }, Token);
        using var predictor = new VideoPredictor(model, _engine);
        IClipDataset clips = ClipSpec.Parse(data).Open(DatasetSplit.Test);
        var metrics = new VideoMetrics(1, 64, 64);
        for (int i = 0; i < 3; i++)
        {
            float[] input = new float[10 * 4096],
                truth = new float[12 * 4096];
            clips.Read(i, new RandomStream(0, RandomPurpose.Clip, 0, 0), input, truth);
            metrics.Add(predictor.Predict(new Tensor(new Shape(1, 10, 1, 64, 64), input), 12, Token).Data, truth);
        }

        Assert.Equal(3, result.Evaluation.Count);
        Assert.Equal(metrics.Mse, result.Figures["mse"], 1e-9 * metrics.Mse);
    }

    [Fact]
    public async Task Data_of_another_task_is_refused()
    {
        LoadedModel classifier = await ShippedAsync("moganet_xtiny_fashion");
        TaskTraining video = TaskTraining.Of(ModelTask.Video);
        Assert.Equal(
            "moganet_xtiny_fashion is a model for classification; 'frames:x' takes one for video.",
            Assert.Throws<TrainingSetupException>(() => video.OpenEvaluation("frames:x", classifier.Card)).Message
        );
        Assert.Throws<DatasetSpecException>(() => ModelEvaluation.Run(classifier, "frames:x", _engine, cancellationToken: Token));
    }

    private static Task<LoadedModel> ShippedAsync(string name) =>
        ModelSource.LoadAsync(Path.Combine(Repository.Root, "models", name), new(), Token);

    private static RgbImage Gray(ReadOnlySpan<byte> pixels) => RgbImage.FromPixels(pixels, 28, 28, PixelLayout.Gray);
}
