using System.Text.Json;
using MogaSharp.Graph;
using MogaSharp.Models;
using MogaSharp.Testing;

namespace MogaSharp.Tasks.Tests;

public sealed class ModelCardTests : IDisposable
{
    private const string Good = """{ "name": "x", "options": { "arch": "tiny" }, "preprocess": { "width": 8, "height": 8 } }""";

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Catalogue =>
        [.. ModelCatalogue.Official.Cards.Where(card => card.Options is ClassifierOptions).Select(card => card.Name)];

    public static TheoryData<string, string> BadCards =>
        new()
        {
            { "", "JSON" },
            { "null", "The card is empty." },
            { "[]", "JSON" },
            { Good[..^3], "JSON" },
            { Good.Replace("\"name\"", "\"nam\"", StringComparison.Ordinal), "nam" },
            { Good.Replace("\"x\"", "null", StringComparison.Ordinal), "null" },
            { Good.Replace("\"x\"", "\" \"", StringComparison.Ordinal), "name is empty" },
            { Good.Replace("\"tiny\"", "\"huge\"", StringComparison.Ordinal), "No MogaNet size is called 'huge'" },
            { Good.Replace("\"tiny\"", "null", StringComparison.Ordinal), "null" },
            { Good.Replace("\"tiny\"", """{ "depths": [1] }""", StringComparison.Ordinal), "arch needs" },
            {
                Good.Replace("\"tiny\"", """{ "embed_dims": [8, 8], "depths": [1], "ffn_ratios": [4] }""", StringComparison.Ordinal),
                "one entry per stage"
            },
            {
                Good.Replace("\"tiny\"", """{ "embed_dims": [9], "depths": [1], "ffn_ratios": [4] }""", StringComparison.Ordinal),
                "break a rule"
            },
            {
                Good.Replace(
                    "\"tiny\"",
                    """{ "embed_dims": [8, 8, 8, 8], "depths": [1, 1, 1000000000, 1], "ffn_ratios": [4, 4, 4, 4] }""",
                    StringComparison.Ordinal
                ),
                "stages of"
            },
            {
                Good.Replace(
                    "\"tiny\"",
                    """{ "embed_dims": [8, 8, 8, 800000000], "depths": [1, 1, 1, 1], "ffn_ratios": [4, 4, 4, 4] }""",
                    StringComparison.Ordinal
                ),
                "channels are at most"
            },
            { WithOption("\"drop_rat\": 1"), "drop_rat" },
            { WithOption("\"patch_sizes\": null"), "options.patch_sizes" },
            { WithOption("\"patch_sizes\": [3, 3, 3, 1000]"), "patch sizes" },
            { WithOption("\"num_classes\": -1"), "classes" },
            { WithOption("\"num_classes\": 2000000000"), "classes are at most" },
            { WithOption("\"num_classes\": \"ten\""), "num_classes" },
            { WithOption("\"gate\": \"thrice\""), "gate" },
            { WithOption("\"gate\": 1"), "gate" },
            { Of("swin", "\"heads\": [5, 6, 12, 24]"), "Swin's options break a rule: heads divide" },
            { Of("swin", "\"gate\": \"once\""), "gate" },
            { Of("swin", "\"heads\": null"), "options.heads" },
            { Of("swin", "\"window\": 1000"), "window" },
            { Of("swin", "\"mlp_ratio\": 1000"), "MLP ratio is at most 64" },
            { Of("swin", "\"embed_dim\": 1000000000, \"heads\": [1, 1, 1, 1]"), "channels are at most" },
            { Of("hornet", "\"orders\": [2, 3, 4, 30]"), "orders" },
            { Of("hornet", "\"base_dim\": 3"), "multiples of 2^(order - 1)" },
            { Of("hornet", "\"filters\": [null]"), "one entry per stage" },
            { Of("hornet", "\"filters\": [null, null, null, { \"height\": 0, \"width\": 4 }]"), "at least one row" },
            { Of("hornet", "\"filters\": [null, null, null, { \"height\": 14, \"width\": 100000 }]"), "at most 1024 rows" },
            { Of("convnext", "\"kernel\": 6"), "kernel's side is odd" },
            { Of("convnext", "\"kernel\": 1001"), "kernel's side is at most" },
            { Of("convnext", "\"dims\": [96]"), "one entry per stage" },
            { Of("convnext", "\"depths\": [3, 3, 2000, 3]"), "stages of" },
            { WithPreprocess("\"width\": 0"), "from 1 to 16384" },
            { WithPreprocess("\"width\": 1000000"), "from 1 to 16384" },
            { WithPreprocess("\"channel_order\": \"brg\""), "'brg' is not one of rgb, bgr." },
            { WithPreprocess("\"crop\": 1.5"), "crop" },
            { WithPreprocess("\"crop\": 1e-9"), "crop" },
            { WithPreprocess("\"mean\": []"), "mean" },
            { WithPreprocess("\"mean\": [1, 2]"), "mean" },
            { WithPreprocess("\"std\": [0]"), "std" },
            { WithPreprocess("\"std\": [1, 1, -1]"), "std" },
            { With("\"family\": \"resnet\""), "there are moganet, convnext, hornet, swin, parcnet, simvp" },
            { With("\"clip\": { \"out_frames\": 1 }"), "it has a clip and is not a video model" },
            { With("\"labels\": [\"a\", \"b\"]"), "2 labels for 1000 classes" },
            { With("\"labels\": null"), "'labels'" },
            { WithPreprocess("\"mean\": null"), "preprocess.mean" },
            { With("\"labels\": [null]"), "a label is null" },
            { With("\"label_set\": \"nothing\""), "there are imagenet1k" },
            { With("\"label_set\": \"imagenet1k\", \"labels\": [\"a\"]"), "both" },
            { With("\"weights\": null"), "null" },
            { With("\"weights\": { \"url\": \"nonsense\" }"), "not an http or https address" },
            { With("\"weights\": { \"url\": \"file:///etc/passwd\" }"), "not an http or https address" },
            { With("\"weights\": { \"url\": \"https://example.org/\" }"), "not an http or https address" },
            { With("\"weights\": { \"url\": \"https://example.org/f/?dl=1\", \"save_as\": \"../w.pth\" }"), "not a file name" },
            { With("\"weights\": { \"url\": \"https://example.org/f/?dl=1\", \"save_as\": \"..\" }"), "not a file name" },
            { With("\"aliases\": [null]"), "an alias is null" },
            { With("\"metrics\": { \"a\": 1e999 }"), "'metrics.a': The number is too large" },
            { WithPreprocess("\"std\": [1e99]"), "The number is too large" },
            { With("\"family\": \"\\ud800\""), "not a model card" },
            { With("\"\\ud800 of a pair\": 1"), "not a model card" },
            { With("\"weights\": { \"sha256\": \"1234\" }"), "64 hexadecimal digits" },
        };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Catalogue))]
    public void Every_classifier_s_card_of_the_catalogue_builds_and_survives_a_file(string name)
    {
        ModelCard card = ModelCatalogue.Official.Find(name);
        Assert.Equal(name, card.Name);
        Assert.StartsWith(
            card.Family == "moganet" ? "https://github.com/Westlake-AI/" : "https://",
            card.Weights.Url,
            StringComparison.Ordinal
        );
        // ParC-Net's repository states none.
        Assert.Equal(name != "parcnet_s", card.License is not null);
        Assert.StartsWith("https://github.com/", card.Origin, StringComparison.Ordinal);
        Assert.NotNull(ModelSource.DownloadOf(card));
        Assert.Equal(1000, card.GetLabels().Length);
        // OpenMixup has published no accuracy of the first; the others are weights for ImageNet-22k.
        if (name is not ("openmixup_moganet_small_no_forcefp32" or "hornet_large_7x7" or "hornet_large_gf"))
            Assert.InRange(card.Metrics["imagenet1k_top1"], 60, 90);
        Assert.Equal(
            1000,
            card.CreateDefinition().Build(new Shape(1, 3, card.Preprocess.Height, card.Preprocess.Width)).Outputs[0].Value.Shape[1]
        );

        string path = _folder.File("card.json");
        File.WriteAllText(path, card.ToJson());
        ModelCard read = ModelCard.Load(path);
        Assert.Equal(card.ToJson(), read.ToJson());
        Assert.Equal(_folder.FullName, read.Folder);
    }

    [Fact]
    public void The_catalogue_s_names_and_files_are_unique()
    {
        Assert.Distinct(ModelCatalogue.Official.Cards.Select(card => card.Name));
        // There are no official weights for two networks.
        Assert.Equal(
            ["upernet_moganet_xlarge_512x512_160k_ade20k", "cascade_mask_rcnn_moganet_l_fpn_giou_4conv1f_ms_3x_coco"],
            ModelCatalogue.Official.Cards.Where(card => ModelSource.DownloadOf(card) is null).Select(card => card.Name)
        );
        Assert.Distinct(ModelCatalogue.Official.Cards.Select(card => ModelSource.DownloadOf(card)?.FileName).OfType<string>());
    }

    [Fact]
    public void The_gate_is_that_of_each_model_s_training()
    {
        foreach (ModelCard card in ModelCatalogue.Official.Cards.Where(card => card.Family == "moganet"))
        {
            bool isTwice =
                card.Name.StartsWith("openmixup_", StringComparison.Ordinal)
                && !card.Name.EndsWith("no_forcefp32", StringComparison.Ordinal);
            Assert.Equal(isTwice ? GateMode.Twice : GateMode.Once, Assert.IsType<MogaNetOptions>(card.Options).Gate);
        }
    }

    [Theory]
    [InlineData("moganet_tiny", "moganet_tiny")]
    [InlineData("MogaNet-T", "moganet_tiny")]
    [InlineData(" t ", "moganet_tiny")]
    [InlineData("xt", "moganet_xtiny")]
    [InlineData("x-tiny", "moganet_xtiny")]
    [InlineData("MOGANET_XTINY", "moganet_xtiny")]
    [InlineData("small", "moganet_small")]
    [InlineData("B", "moganet_base")]
    [InlineData("l", "moganet_large")]
    [InlineData("x_large", "moganet_xlarge")]
    [InlineData("moganet-xl", "moganet_xlarge")]
    [InlineData("swin_t", "swin_tiny_patch4_window7_224")]
    [InlineData("swin_base_patch4_window7_224.ms_in1k", "swin_base_patch4_window7_224")]
    [InlineData("ConvNeXt-T", "convnext_tiny")]
    [InlineData("convnext_large.fb_in1k", "convnext_large")]
    [InlineData("hornet_tiny_gf", "hornet_tiny_gf")]
    [InlineData("HorNet-S", "hornet_small_7x7")]
    public void Aliases_are_understood(string alias, string name) => Assert.Equal(name, ModelCatalogue.Official.Find(alias).Name);

    [Theory]
    [InlineData("moganet_tiny_256", "moganet_tiny_sz256")]
    [InlineData("mogant_base", "moganet_base")]
    [InlineData("openmixup_moganet_smal", "openmixup_moganet_small")]
    public void A_mistyped_name_gets_the_nearest(string wrong, string nearest)
    {
        var problem = Assert.Throws<UnknownModelException>(() => ModelCatalogue.Official.Find(wrong));
        Assert.Equal(3, problem.Nearest.Length);
        Assert.Equal(nearest, problem.Nearest[0]);
        Assert.Contains(wrong, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_custom_card_keeps_all_its_options()
    {
        string path = _folder.File("card.json");
        File.WriteAllText(
            path,
            """
            {
              // Comments and trailing commas are fine.
              "name": "custom",
              "options": {
                "arch": { "embed_dims": [16, 32], "depths": [0, 2], "ffn_ratios": [2, 1.5] }, "num_classes": 2,
                "in_channels": 4, "stem_norm": "group_norm",
                "patch_sizes": [3, 5], "patch_embeds": ["conv", "conv"], "attn_activation": "gelu",
                "attn_dw_dilation": [1, 1, 3], "attn_channel_split": [1, 1, 2],
                "attn_final_dilation": false, "gate": "twice", "conv_norm": "group_norm", "drop_path_rate": 0.25,
              },
              "preprocess": { "width": 40, "height": 24, "mean": [0.5], "std": [1, 2, 3], "mode": "squash", "filter": "lanczos" },
              "labels": ["no", "yes"], "license": "CC0", "metrics": { "set_top1": 12.5 }, "weights": { "file": "sub/w.pth", "ema": true },
            }
            """
        );
        ModelCard card = ModelCard.Load(path);
        MogaNetOptions options = Assert.IsType<MogaNetOptions>(card.Options);
        Assert.Equal([0, 2], options.Arch.Depths);
        Assert.Equal(1.5, options.Arch.FfnRatios[1]);
        Assert.Equal(NormKind.GroupNorm, options.StemNorm);
        Assert.Equal(ActivationKind.Gelu, options.AttnActivation);
        Assert.Equal(Path.Combine(_folder.FullName, "sub", "w.pth"), card.GetWeightsPath());
        Assert.Equal(["no", "yes"], card.GetLabels());
        Assert.Equal(new Shape(2, 2), card.CreateDefinition().Build(new Shape(2, 4, 24, 40)).Outputs[0].Value.Shape);
        File.WriteAllText(path, card.ToJson());
        Assert.Equal(card.ToJson(), ModelCard.Load(path).ToJson());
        using JsonDocument json = JsonDocument.Parse(card.ToJson());
        Assert.Equal("twice", json.RootElement.GetProperty("options").GetProperty("gate").GetString());
    }

    [Fact]
    public void A_card_of_another_family_keeps_its_options_and_can_be_changed()
    {
        ModelCard card = ModelCard.Parse(
            Of(
                "hornet",
                """ "base_dim": 32, "orders": [1, 2, 3, 3], "filters": [null, null, { "height": 4, "width": 3 }, null], "num_classes": 7 """
            ),
            "test"
        );
        HorNetOptions options = Assert.IsType<HorNetOptions>(card.Options);
        Assert.Equal(new GlobalLocalFilter(4, 3), options.Filters[2]);
        Assert.Equal((32, 7, "hornet", 1.0 / 3), (options.BaseDim, options.NumClasses, card.Family, options.Scale));
        Assert.Equal(card.ToJson(), ModelCard.Parse(card.ToJson(), "again").ToJson());
        ModelCard changed = card with { Options = options with { NumClasses = 3 } };
        Assert.Equal(new Shape(1, 3), changed.CreateDefinition().Build(new Shape(1, 3, 64, 64)).Outputs[0].Value.Shape);
    }

    [Theory]
    [MemberData(nameof(BadCards))]
    public void A_bad_card_is_refused_with_the_reason(string text, string reason)
    {
        string path = _folder.File("bad.json");
        File.WriteAllText(path, text);
        string message = Assert.Throws<ModelCardException>(() => ModelCard.Load(path)).Message;
        Assert.StartsWith($"{path}: ", message, StringComparison.Ordinal);
        Assert.Contains(reason, message, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void The_card_that_the_bad_ones_are_made_of_is_good()
    {
        File.WriteAllText(_folder.File("good.json"), Good);
        Assert.Equal("x", ModelCard.Load(_folder.File("good.json")).Name);
    }

    private static string Of(string family, string option) =>
        $$"""{ "name": "x", "family": "{{family}}", "options": { {{option}} }, "preprocess": { "width": 224, "height": 224 } }""";

    private static string With(string property) => $"{Good[..^1]}, {property} }}";

    private static string WithOption(string option) => Good.Replace("\"tiny\"", $"\"tiny\", {option}", StringComparison.Ordinal);

    private static string WithPreprocess(string setting) =>
        setting.StartsWith("\"width\"", StringComparison.Ordinal)
            ? Good.Replace("\"width\": 8", setting, StringComparison.Ordinal)
            : Good.Replace("\"height\": 8", $"\"height\": 8, {setting}", StringComparison.Ordinal);
}
