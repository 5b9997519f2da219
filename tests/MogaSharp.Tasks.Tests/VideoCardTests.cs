using System.Collections.Immutable;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Weights;

namespace MogaSharp.Tasks.Tests;

/// <summary>The cards of video models, and the checkpoints that OpenSTL writes for them.</summary>
public sealed class VideoCardTests : IDisposable
{
    private const string Good = """
        {
          "name": "x",
          "family": "simvp",
          "options": { "model_type": "moga" },
          "preprocess": { "width": 64, "height": 64 },
          "clip": { "out_frames": 10 }
        }
        """;

    // What OpenSTL and Lightning save: names of the names list, numbers that say where they belong.
    private const string Script = """
        import json, sys
        import torch
        names, folder = json.load(open(sys.argv[1])), sys.argv[2]
        state = {}
        for place, (name, (shape, kind, *_)) in enumerate(names.items()):
            shape = [int(extent) for extent in shape]
            count = 1
            for extent in shape: count *= extent
            numbers = torch.arange(count, dtype=torch.float64) * 0.001 + place
            state[name] = (numbers.long() if kind == "keep:int64" else numbers.float()).reshape(shape)
        first = next(iter(state.values()))
        adam = {"state": {0: {"step": 7, "exp_avg": torch.ones_like(first), "exp_avg_sq": torch.ones_like(first)}},
                "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.999), "params": [0]}]}
        torch.save(state, folder + "/plain.pth")
        torch.save({"epoch": 200, "optimizer": adam, "state_dict": state,
                    "scheduler": {"total_steps": 5, "last_epoch": 3}}, folder + "/checkpoint.pth")
        torch.save({"state_dict": {"module." + name: value for name, value in state.items()}}, folder + "/parallel.pth")
        lightning = {"model." + name: value for name, value in state.items()}
        torch.save({"epoch": 200, "global_step": 9, "pytorch-lightning_version": "1.9.5", "state_dict": lightning,
                    "optimizer_states": [adam],
                    "lr_schedulers": [{"_step_count": 3}], "loops": {"fit_loop": {"state_dict": {}}},
                    "hyper_parameters": {"model_type": "moga", "in_shape": [4, 2, 32, 32]}},
                   folder + "/lightning.ckpt")
        torch.save({"module." + name: value for name, value in lightning.items()}, folder + "/wrapped.pth")
        torch.save(state, folder + "/legacy.pth", _use_new_zipfile_serialization=False)
        """;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<TranslatorKind> Translators => [.. Enum.GetValues<TranslatorKind>()];

    public static TheoryData<string, string> BadCards =>
        new()
        {
            { Good.Replace(",\n  \"clip\": { \"out_frames\": 10 }", "", StringComparison.Ordinal), "it predicts video and has no clip" },
            {
                Good.Replace("\"out_frames\": 10", "\"out_frames\": 0", StringComparison.Ordinal),
                "frames to predict are not from 1 to 1024"
            },
            {
                Good.Replace("\"out_frames\": 10", "\"out_frames\": 10, \"range\": [1, 0]", StringComparison.Ordinal),
                "range is not a lower and a higher number"
            },
            { Good.Replace("\"out_frames\": 10", "\"out_frames\": 10, \"range\": null", StringComparison.Ordinal), "clip.range" },
            {
                Good.Replace("\"name\": \"x\"", "\"name\": \"x\", \"labels\": [\"a\"]", StringComparison.Ordinal),
                "it has labels and is not a classifier"
            },
            { Option("\"model_type\": \"lstm\""), "model_type" },
            { Option("\"num_classes\": 10"), "num_classes" },
            { Option("\"in_shape\": [10, 1, 64]"), "SimVp's options break a rule: in_shape" },
            { Option("\"in_shape\": [10, 1, 66, 64]"), "multiples of 4" },
            { Option("\"in_shape\": [10, 1, 20000, 64]"), "rows and columns are at most 16384" },
            { Option("\"in_shape\": [5, 1, 64, 64], \"hid_s\": 2"), "multiples of 8" },
            { Option("\"n_s\": 3"), "n_s is even" },
            { Option("\"n_t\": 1"), "n_t is 2 or more" },
            { Option("\"n_t\": 1000000000"), "n_t is at most" },
            { Option("\"hid_s\": 7"), "hid_s is even" },
            { Option("\"hid_t\": 2000000000"), "channels are at most" },
            { Option("\"mlp_ratio\": 1e9"), "mlp_ratio 64" },
            { Option("\"drop_path_rate\": 1"), "drop rates" },
            { Option("\"spatio_kernel_enc\": 2"), "odd sides" },
            { Option("\"spatio_kernel_dec\": 100001"), "at most 255" },
        };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Translators))]
    public void Moving_MNIST_has_two_cards_of_every_translator(TranslatorKind translator)
    {
        string official = translator.ToString().ToLowerInvariant();
        foreach (
            (string name, string epochs) in new[]
            {
                ($"simvp_{official}_mmnist", "_ep200.pth"),
                ($"simvp_{official}_mmnist_ep2000", "_ep2000.pth"),
            }
        )
        {
            ModelCard card = ModelCatalogue.Official.Find(name);
            Assert.Equal((name, ModelTask.Video, "simvp"), (card.Name, card.Options.Task, card.Family));
            Assert.Equal(
                SimVpFixture.Load($"mmnist_{official}_b1").Options with
                {
                    InShape = [],
                },
                (SimVpOptions)card.Options with
                {
                    InShape = [],
                }
            );
            Assert.Equal(new Shape(3, 10, 1, 64, 64), card.InputShape(3));
            Assert.Equal((10, 0f, 1f), (card.Clip!.OutFrames, card.Clip.Range[0], card.Clip.Range[1]));
            Assert.Equal((0f, 1f), (Assert.Single(card.Preprocess.Mean), Assert.Single(card.Preprocess.Std)));
            Assert.StartsWith(
                "https://github.com/chengtan9907/OpenSTL/releases/download/mmnist-weights/mmnist_simvp_s_",
                card.Weights.Url,
                StringComparison.Ordinal
            );
            Assert.EndsWith(epochs, card.Weights.Url, StringComparison.Ordinal);
            Assert.InRange(card.Metrics["mmnist_mse"], 15, 36);
            Assert.InRange(card.Metrics["mmnist_mae"], 49, 96);
            Assert.InRange(card.Metrics["mmnist_ssim"], 0.91, 0.97);
            Assert.InRange(card.Metrics["mmnist_psnr"], 21, 26);
            Assert.Empty(card.GetLabels());

            string path = _folder.File("card.json");
            File.WriteAllText(path, card.ToJson());
            Assert.Equal(card.ToJson(), ModelCard.Load(path).ToJson());
            Assert.Contains($"\"model_type\": \"{official}\"", card.ToJson(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("SimVP-MogaNet", "simvp_moga_mmnist")]
    [InlineData("simvp_moga", "simvp_moga_mmnist")]
    [InlineData("simvp_v2", "simvp_gsta_mmnist")]
    [InlineData("SimVPv1", "simvp_incepu_mmnist")]
    [InlineData("mmnist_simvp_s_vit_one_ep2000", "simvp_vit_mmnist_ep2000")]
    [InlineData("simvp_moganet_mmnist_ep2000", "simvp_moga_mmnist_ep2000")]
    public void Aliases_are_understood(string alias, string name) => Assert.Equal(name, ModelCatalogue.Official.Find(alias).Name);

    [Fact]
    public void No_name_or_alias_stands_for_two_models() =>
        Assert.Distinct(ModelCatalogue.Official.Cards.SelectMany(card => card.Aliases.Append(card.Name)));

    [Theory]
    [MemberData(nameof(BadCards))]
    public void A_bad_card_is_refused_with_the_reason(string text, string reason) =>
        Assert.Contains(reason, Assert.Throws<ModelCardException>(() => ModelCard.Parse(text, "card")).Message, StringComparison.Ordinal);

    [Fact]
    public void The_card_that_the_bad_ones_are_made_of_is_good()
    {
        ModelCard card = ModelCard.Parse(Good, "card");
        Assert.Equal(TranslatorKind.Moga, Assert.IsType<SimVpOptions>(card.Options).ModelType);
        Assert.Equal([0, 1], card.Clip!.Range);
    }

    [Theory]
    [InlineData("moga")]
    [InlineData("swin")]
    [InlineData("incepu")]
    [InlineData("hornet")]
    public async Task Checkpoints_load_in_every_form_that_OpenSTL_and_PyTorch_save(string translator)
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        Assert.SkipUnless(
            (await Python.Run(token, "-c", "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is None)")).ExitCode
                == 0,
            "PyTorch for Python is not installed."
        );
        SimVpFixture official = SimVpFixture.Load($"small_{translator}_b2");
        (int exitCode, _, string errors) = await Python.Run(
            token,
            "-c",
            Script,
            Repository.Fixture("simvp", $"small_{translator}.names.json"),
            _folder.FullName
        );
        Assert.True(exitCode == 0, errors);

        ModelCard card = new()
        {
            Name = "small",
            Options = official.Options,
            Preprocess = new PreprocessCard
            {
                Width = 32,
                Height = 32,
                Mean = [0],
                Std = [1],
            },
            Clip = new ClipCard { OutFrames = 4 },
        };
        string[] names = [.. official.Names().Select(entry => entry.Key)];
        // What the network's geometry says is computed, whatever a file holds of it.
        var computed = official
            .Build()
            .Parameters.Where(spec => spec.Initializer is Initializer.Computed)
            .Select(spec => spec.Name)
            .ToHashSet();
        foreach (string file in new[] { "plain.pth", "checkpoint.pth", "parallel.pth", "lightning.ckpt", "wrapped.pth", "legacy.pth" })
        {
            LoadedModel model = ModelSource.Bind(card, _folder.File(file), ema: false);
            Assert.IsType<IVideoDefinition>(model.Definition, exactMatch: false);
            foreach ((string name, int place) in names.Select((name, place) => (name, place)).Where(pair => !computed.Contains(pair.name)))
            {
                Tensor tensor = model.Weights[name];
                for (int i = 0; i < tensor.Data.Length; i++)
                {
                    double number = (i * 0.001) + place;
                    Assert.Equal(
                        name.EndsWith("num_batches_tracked", StringComparison.Ordinal) ? (float)Math.Truncate(number) : (float)number,
                        tensor.Data[i]
                    );
                }
            }
        }

        ModelCard other = card with { Options = official.Options with { ModelType = TranslatorKind.Vit } };
        Assert.Contains(
            "do not fit the network",
            Assert.Throws<WeightMismatchException>(() => ModelSource.Bind(other, _folder.File("plain.pth"), ema: false)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_video_model_does_not_classify()
    {
        ModelCard card = ModelCatalogue.Official.Find("simvp_gsta_mmnist");
        using var engine = new Cpu.CpuEngine();
        LoadedModel model = LoadedModel.Create(card, new WeightSet(ImmutableDictionary<string, Tensor>.Empty));
        Assert.Contains(
            "simvp_gsta_mmnist: The model is for video; it does not classify images.",
            Assert.Throws<ModelCardException>(() => new ImageClassifier(model, engine)).Message,
            StringComparison.Ordinal
        );
    }

    private static string Option(string option) =>
        Good.Replace(
            "\"model_type\": \"moga\"",
            option.StartsWith("\"model_type", StringComparison.Ordinal) ? option : $"\"model_type\": \"moga\", {option}",
            StringComparison.Ordinal
        );
}
