using System.Collections.Immutable;
using MogaSharp.Cpu;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Weights;

namespace MogaSharp.Tasks.Tests;

public sealed class VideoPredictorTests : IDisposable
{
    private static readonly SimVpOptions Small = new()
    {
        InShape = [3, 1, 16, 16],
        HidS = 8,
        HidT = 16,
        NS = 2,
        NT = 2,
        ModelType = TranslatorKind.Moga,
        MlpRatio = 2,
    };

    private readonly CpuEngine _engine = new(new CpuEngineOptions(1));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _engine.Dispose();

    [Fact]
    public void Predicts_what_the_reference_does()
    {
        LoadedModel model = Model(Small);
        using var predictor = new VideoPredictor(model, _engine);
        Assert.Equal(
            (3, 3, 1, new Shape(1, 3, 1, 16, 16)),
            (predictor.InputFrames, predictor.OutputFrames, predictor.Channels, predictor.InputShape)
        );
        Tensor clips = FormulaWeights.Input(new Shape(2, 3, 1, 16, 16));
        Tensor predicted = predictor.Predict(clips, cancellationToken: Token);
        Assert.Equal(clips.Shape, predicted.Shape);
        AssertClose(Reference(model, clips), predicted.Data);
    }

    [Fact]
    public void Other_lengths_are_cut_or_take_further_runs()
    {
        LoadedModel model = Model(Small);
        using var predictor = new VideoPredictor(model, _engine);
        Tensor clips = FormulaWeights.Input(new Shape(2, 3, 1, 16, 16));
        Tensor once = predictor.Predict(clips, 3, Token),
            twice = predictor.Predict(once, 3, Token),
            thrice = predictor.Predict(twice, 3, Token);
        Tensor seven = predictor.Predict(clips, 7, Token),
            one = predictor.Predict(clips, 1, Token);
        Assert.Equal((new Shape(2, 7, 1, 16, 16), new Shape(2, 1, 1, 16, 16)), (seven.Shape, one.Shape));
        for (int clip = 0; clip < 2; clip++)
        {
            Assert.Equal(Frames(once, clip, 0, 3), Frames(seven, clip, 0, 3));
            Assert.Equal(Frames(twice, clip, 0, 3), Frames(seven, clip, 3, 3));
            Assert.Equal(Frames(thrice, clip, 0, 1), Frames(seven, clip, 6, 1));
            Assert.Equal(Frames(once, clip, 0, 1), Frames(one, clip, 0, 1));
        }

        using var four = new VideoPredictor(Model(Small, new ClipCard { OutFrames = 4 }), _engine);
        Assert.Equal(4, four.OutputFrames);
        Assert.Equal(Frames(seven, 1, 0, 4), Frames(four.Predict(clips, cancellationToken: Token), 1, 0, 4));
    }

    [Fact]
    public void Values_are_brought_to_the_network_s_scale_and_back()
    {
        LoadedModel model = Model(Small with { InShape = [3, 3, 16, 16] });
        var preprocess = new PreprocessCard
        {
            Width = 16,
            Height = 16,
            Mean = [0.1f, 0.2f, 0.3f],
            Std = [0.5f],
        };
        using var predictor = new VideoPredictor(model with { Card = model.Card with { Preprocess = preprocess } }, _engine);
        Tensor clip = FormulaWeights.Input(new Shape(1, 3, 3, 16, 16));
        int Channel(int i) => i / 256 % 3;
        var scaled = new Tensor(clip.Shape, [.. clip.Data.Select((value, i) => (value - preprocess.Mean[Channel(i)]) / 0.5f)]);
        float[] expected = [.. Reference(model, scaled).Select((value, i) => (value * 0.5f) + preprocess.Mean[Channel(i)])];
        AssertClose(expected, predictor.Predict(clip, cancellationToken: Token).Data);

        var wrong = model with { Card = model.Card with { Preprocess = preprocess with { Std = [1, 1] } } };
        Assert.Contains(
            "3 means and 2 deviations for 3 channels",
            Assert.Throws<ModelCardException>(() => new VideoPredictor(wrong, _engine)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Images_give_images()
    {
        using var predictor = new VideoPredictor(Model(Small), _engine);
        RgbImage[] clip = [.. Enumerable.Range(0, 3).Select(i => Picture(20, 24, i))];
        ImmutableArray<RgbImage> predicted = predictor.Predict(clip, 2, Token);
        Assert.Equal([(24, 20), (24, 20)], predicted.Select(image => (image.Width, image.Height)));
        var input = new Tensor(
            new Shape(1, 3, 1, 20, 24),
            [.. clip.SelectMany(image => FramePlanes.Of(image, 1)).Select(sample => sample / 255f)]
        );
        Assert.Equal(input.Data, predictor.ToClip(clip).Data);
        Tensor values = predictor.Predict(input, 2, Token);
        Assert.Equal(FramePlanes.ToImage(values.Span[480..], 1, 20, 24).Pixels, predicted[1].Pixels);

        Assert.Contains(
            "takes clips of 3 frames, not 2",
            Assert.Throws<ArgumentException>(() => predictor.Predict(clip[..2], cancellationToken: Token)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "Frame 2 has 8 x 20 pixels, frame 0 has 24 x 20.",
            Assert
                .Throws<ArgumentException>(() => predictor.Predict([clip[0], clip[1], Picture(20, 8, 0)], cancellationToken: Token))
                .Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Batches_from_many_threads_are_those_of_one()
    {
        using var predictor = new VideoPredictor(Model(Small), _engine);
        Tensor[] inputs = [.. Enumerable.Range(0, 6).Select(i => FormulaWeights.Input(new Shape(1 + (i % 2), 3, 1, 16, 16), $"input{i}"))];
        Tensor[] expected = [.. inputs.Select(input => predictor.Predict(input, 4, Token))];
        Tensor[] found = await Task.WhenAll(inputs.Select(input => Task.Run(() => predictor.Predict(input, 4, Token), Token)));
        for (int i = 0; i < inputs.Length; i++)
            Assert.Equal(expected[i].Data, found[i].Data);
    }

    [Fact]
    public void Clips_that_do_not_fit_are_refused()
    {
        using var predictor = new VideoPredictor(Model(Small), _engine);
        Assert.Contains(
            "takes clips of shape (N, 3, 1, H, W), it got 1x2x1x16x16",
            Refused(new Shape(1, 2, 1, 16, 16)),
            StringComparison.Ordinal
        );
        Assert.Contains("it got 1x3x3x16x16", Refused(new Shape(1, 3, 3, 16, 16)), StringComparison.Ordinal);
        Assert.Contains("it got 3x1x16x16", Refused(new Shape(3, 1, 16, 16)), StringComparison.Ordinal);
        Assert.Contains("multiples of 2", Refused(new Shape(1, 3, 1, 17, 16)), StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => predictor.Predict(new Tensor(new Shape(1, 3, 1, 16, 16)), 0, Token));
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => predictor.Predict(new Tensor(new Shape(1, 3, 1, 16, 16)), 3, cancelled.Token));
        predictor.Dispose();
        Assert.Throws<ObjectDisposedException>(() => predictor.Predict(new Tensor(new Shape(1, 3, 1, 16, 16)), 3, Token));

        string Refused(Shape shape) =>
            Assert.Throws<GraphException>(() => predictor.Predict(new Tensor(shape), cancellationToken: Token)).Message;
    }

    [Fact]
    public async Task Models_are_loaded_by_card_and_others_are_refused()
    {
        using var folder = new TemporaryFolder();
        LoadedModel model = Model(Small);
        CheckpointWriter.SaveSafetensors(folder.File("w.safetensors"), StateDict.From(model.Weights).Tensors);
        await File.WriteAllTextAsync(
            folder.File("card.json"),
            (model.Card with { Weights = new WeightsCard { File = "w.safetensors" } }).ToJson(),
            Token
        );
        using VideoPredictor loaded = await VideoPredictor.CreateAsync(folder.File("card.json"), _engine, cancellationToken: Token);
        using var predictor = new VideoPredictor(model, _engine);
        Tensor clip = FormulaWeights.Input(new Shape(1, 3, 1, 16, 16));
        Assert.Equal(predictor.Predict(clip, cancellationToken: Token).Data, loaded.Predict(clip, cancellationToken: Token).Data);
        ModelCardException refused = await Assert.ThrowsAsync<ModelCardException>(() =>
            VideoPredictor.CreateAsync(ShippedModel.CardPath, _engine, cancellationToken: Token)
        );
        Assert.Equal("moganet_xtiny_fashion: The model is for classification; it does not predict video.", refused.Message);
    }

    private static float[] Frames(Tensor clips, int clip, int first, int count) =>
        clips.Data[(((clip * clips.Shape[1]) + first) * 256)..(((clip * clips.Shape[1]) + first + count) * 256)];

    private static float[] Reference(LoadedModel model, Tensor clips)
    {
        ComputationGraph graph = model.Definition.Build(clips.Shape);
        return [.. new ReferenceInterpreter(graph, model.Weights).Run(clips)["output"].Data.Select(value => (float)value)];
    }

    private static void AssertClose(float[] expected, float[] found)
    {
        Assert.Equal(expected.Length, found.Length);
        Assert.InRange(expected.Zip(found, (a, b) => Math.Abs(a - b)).Max(), 0, 1e-4);
        Assert.InRange(expected.Max() - expected.Min(), 0.1, 100);
    }

    private static LoadedModel Model(SimVpOptions options, ClipCard? clip = null)
    {
        var card = new ModelCard
        {
            Name = "small",
            Options = options,
            Preprocess = new PreprocessCard
            {
                Width = 16,
                Height = 16,
                Mean = [0],
                Std = [1],
            },
            Clip = clip ?? new ClipCard { OutFrames = 3 },
        };
        return LoadedModel.Create(card, FormulaWeights.Create(card.CreateDefinition().Build(card.InputShape()).Parameters));
    }

    private static RgbImage Picture(int height, int width, int seed)
    {
        byte[] pixels = new byte[height * width * 3];
        new Random(seed).NextBytes(pixels);
        return new RgbImage(width, height, pixels);
    }
}
