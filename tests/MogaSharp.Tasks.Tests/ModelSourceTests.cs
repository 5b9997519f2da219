using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Weights;

namespace MogaSharp.Tasks.Tests;

public sealed class ModelSourceTests : IDisposable
{
    private const string SmallOptions =
        """{ "arch": { "embed_dims": [8, 8, 16, 16], "depths": [1, 1, 1, 1], "ffn_ratios": [4, 4, 2, 2] }, "num_classes": 7 }""";

    private static readonly MogaNetArch SmallArch = new([8, 8, 16, 16], [1, 1, 1, 1], [4, 4, 2, 2]);

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_custom_size_is_loaded_by_its_card_or_the_card_s_folder()
    {
        string card = WriteSmall("""{ "file": "w.safetensors" }""", classes: 7);
        foreach (string path in new[] { card, _folder.FullName })
        {
            LoadedModel loaded = await ModelSource.LoadAsync(path, new ModelSourceOptions(), Token);
            Assert.Equal(7, ((IClassifierDefinition)loaded.Definition).NumClasses);
            Assert.Equal(["0", "1", "2", "3", "4", "5", "6"], loaded.Card.GetLabels());
        }
    }

    [Fact]
    public async Task The_class_count_is_that_of_the_weights_and_labels_become_numbers()
    {
        string card = WriteSmall("""{ "file": "w.safetensors" }""", classes: 3, labels: """["a", "b", "c", "d", "e", "f", "g"]""");
        LoadedModel loaded = await ModelSource.LoadAsync(card, new ModelSourceOptions(), Token);
        Assert.Equal(3, ((ClassifierOptions)loaded.Card.Options).NumClasses);
        Assert.Equal(["0", "1", "2"], loaded.Card.GetLabels());
        Assert.Equal(new Shape(3, 16), loaded.Weights["head.weight"].Shape);
        using var engine = new Cpu.CpuEngine();
        using var classifier = new ImageClassifier(loaded, engine);
        Assert.Equal(3, classifier.Predict(new byte[27], 3, 3, Imaging.PixelLayout.Rgb, cancellationToken: Token).Top(10).Length);
    }

    [Fact]
    public async Task A_card_without_classes_takes_a_classifier_s_weights_and_cannot_classify()
    {
        string card = WriteSmall(
            """{ "file": "w.safetensors" }""",
            classes: 3,
            options: SmallOptions.Replace("7", "0", StringComparison.Ordinal)
        );
        LoadedModel loaded = await ModelSource.LoadAsync(card, new ModelSourceOptions(), Token);
        Assert.Equal(0, ((IClassifierDefinition)loaded.Definition).NumClasses);
        using var engine = new Cpu.CpuEngine();
        Assert.Contains(
            "has no classes",
            Assert.Throws<ModelCardException>(() => new ImageClassifier(loaded, engine)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_network_for_other_channels_cannot_classify_images()
    {
        var arch = new MogaNetOptions
        {
            Arch = SmallArch,
            InChannels = 1,
            NumClasses = 2,
        };
        ModelCard card = new()
        {
            Name = "one",
            Options = arch,
            Preprocess = new PreprocessCard { Width = 8, Height = 8 },
        };
        Save(arch.CreateDefinition(), "one.safetensors");
        LoadedModel loaded = await ModelSource.LoadAsync(
            card,
            new ModelSourceOptions { WeightsPath = _folder.File("one.safetensors") },
            Token
        );
        using var engine = new Cpu.CpuEngine();
        Assert.Contains(
            "takes 1 channels",
            Assert.Throws<ModelCardException>(() => new ImageClassifier(loaded, engine)).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("mode", "\"mode\": \"stretch\"", "'stretch' is not one of keep_aspect, squash, fit, box.")]
    [InlineData("mode", "\"mode\": 1", "The value is not one of keep_aspect, squash, fit, box.")]
    [InlineData(
        "filter",
        "\"filter\": \"cubic\"",
        "'cubic' is not one of nearest, box, bilinear, hamming, bicubic, lanczos, plain_bilinear."
    )]
    [InlineData("channel_order", "\"channel_order\": \"brg\"", "'brg' is not one of rgb, bgr.")]
    public void An_unknown_word_for_preprocessing_is_named_with_those_that_there_are(string property, string setting, string problem)
    {
        string card = WriteSmall("""{ "file": "w.safetensors" }""", classes: 7, preprocess: setting);
        string message = Assert.Throws<ModelCardException>(() => ModelCard.Load(card)).Message;
        Assert.StartsWith($"{card}: This is not a model card: line ", message, StringComparison.Ordinal);
        Assert.EndsWith($"'preprocess.{property}': {problem}", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_architecture_s_weights_are_refused_with_what_differs()
    {
        string card = WriteSmall("""{ "file": "w.safetensors" }""", classes: 7);
        var options = new ModelSourceOptions { WeightsPath = Repository.Fixture("checkpoints", "b_state_dict.pth") };
        var problem = await Assert.ThrowsAsync<WeightMismatchException>(() => ModelSource.LoadAsync(card, options, Token));
        Assert.NotEmpty(problem.Mismatch.Unexpected);
        Assert.NotEmpty(problem.Mismatch.WrongShape);
        // All of them are in the exception; the message names the first few of each kind.
        Assert.All(problem.Mismatch.Unexpected.Take(5), name => Assert.Contains(name, problem.Message, StringComparison.Ordinal));
        Assert.InRange(problem.Message.Length, 100, 2000);
    }

    [Fact]
    public async Task The_moving_average_is_taken_when_asked_for()
    {
        string path = Repository.Fixture("checkpoints", "a_timm_saver.pth.tar");
        ModelCard card = new()
        {
            Name = "timm",
            Preprocess = new PreprocessCard { Width = 64, Height = 64 },
            Options = new MogaNetOptions { Arch = new MogaNetArch([8, 16, 24, 32], [1, 1, 2, 1], [8, 8, 4, 4]), NumClasses = 10 },
        };
        async Task<float[]> Head(bool? ema, bool inCard) =>
            (
                await ModelSource.LoadAsync(
                    card with
                    {
                        Weights = new WeightsCard { Ema = inCard },
                    },
                    new ModelSourceOptions { WeightsPath = path, Ema = ema },
                    Token
                )
            )
                .Weights["head.weight"]
                .Data;
        float[] trained = await Head(null, false),
            average = await Head(true, false);
        Assert.NotEqual(trained, average);
        Assert.Equal(average, await Head(null, true));
        Assert.Equal(trained, await Head(false, true));
    }

    [Fact]
    public async Task Missing_weights_are_told_apart()
    {
        string absent = WriteSmall("""{ "file": "absent.safetensors" }""", classes: 7);
        await Assert.ThrowsAsync<FileNotFoundException>(() => ModelSource.LoadAsync(absent, new ModelSourceOptions(), Token));
        string none = WriteSmall("{}", classes: 7);
        foreach ((string model, string reason) in new[] { (none, "names no weights"), ("moganet_tiny", "downloads are off") })
        {
            var problem = await Assert.ThrowsAsync<FileNotFoundException>(() =>
                ModelSource.LoadAsync(model, new ModelSourceOptions(), Token)
            );
            Assert.Contains(reason, problem.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Weights_are_downloaded_when_the_card_has_an_address()
    {
        WriteSmall("{}", classes: 7);
        await using var server = new TestServer(await File.ReadAllBytesAsync(_folder.File("w.safetensors"), Token));
        string card = WriteSmall($$"""{ "file": "not-here.safetensors", "url": "{{server.Address}}" }""", classes: 7);
        using var client = new HttpClient();
        var options = new ModelSourceOptions
        {
            Downloader = new ModelDownloader(client, new DownloadOptions { CacheFolder = _folder.File("cache") }),
        };
        LoadedModel loaded = await ModelSource.LoadAsync(card, options, Token);
        Assert.Equal(7, ((IClassifierDefinition)loaded.Definition).NumClasses);
        await ModelSource.LoadAsync(card, options, Token);
        Assert.Single(server.Requests);
    }

    [Fact]
    public void Names_that_are_nothing_are_told_apart()
    {
        Assert.Equal(
            "moganet_tiny",
            Assert.Throws<UnknownModelException>(() => ModelSource.FindCard("moganet_tny", ModelCatalogue.Official)).Nearest[0]
        );
        Assert.Throws<FileNotFoundException>(() => ModelSource.FindCard(_folder.File("absent.json"), ModelCatalogue.Official));
        Directory.CreateDirectory(_folder.File("folder.json"));
        var problem = Assert.Throws<ModelCardException>(() => ModelSource.FindCard(_folder.File("folder.json"), ModelCatalogue.Official));
        Assert.Contains("This is a folder", problem.Message, StringComparison.Ordinal);
    }

    private string WriteSmall(string weights, int classes, string? options = null, string labels = "[]", string preprocess = "\"crop\": 1")
    {
        Save(new MogaNetOptions { Arch = SmallArch, NumClasses = classes }.CreateDefinition(), "w.safetensors");
        string path = _folder.File("card.json");
        File.WriteAllText(
            path,
            $$"""
            {
              "name": "small",
              "options": {{options ?? SmallOptions}},
              "preprocess": { "width": 16, "height": 16, {{preprocess}} },
              "labels": {{labels}},
              "weights": {{weights}}
            }
            """
        );
        return path;
    }

    private void Save(IModelDefinition network, string name) =>
        CheckpointWriter.SaveSafetensors(
            _folder.File(name),
            StateDict.From(FormulaWeights.Create(network.Build(network.InputShape(1, 8, 8)).Parameters)).Tensors
        );
}
