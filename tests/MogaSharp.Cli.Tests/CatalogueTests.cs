using System.Text.Json;
using MogaSharp.Models;
using MogaSharp.Testing;

namespace MogaSharp.Cli.Tests;

public sealed class CatalogueTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, string> Costs
    {
        get
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Repository.Fixture("params_macs.json")));
            var data = new TheoryData<string, string>();
            foreach (
                JsonElement entry in json
                    .RootElement.GetProperty("models")
                    .EnumerateArray()
                    .Where(e => e.GetProperty("family").GetString() is "moganet" or "hornet" or "timm")
            )
                data.Add(
                    $"{entry.GetProperty("model").GetString()} {entry.GetProperty("input")[1]}x{entry.GetProperty("input")[2]}",
                    entry.GetRawText()
                );
            return data;
        }
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Costs))]
    public async Task Info_counts_what_the_official_code_counts(string modelAndSize, string expectedJson)
    {
        string[] parts = modelAndSize.Split(' ');
        JsonElement expected = JsonDocument.Parse(expectedJson).RootElement;
        string model =
            parts[0] == "custom"
                ? Fixtures.WriteModel(
                    _folder,
                    new MogaNetOptions { Arch = new MogaNetArch([8, 16, 24, 32], [1, 1, 2, 1], [8, 8, 4, 4]), NumClasses = 10 }
                )
                : parts[0];
        foreach (string[] layers in new string[][] { [], ["--layers"] })
        {
            JsonElement info = (await Moga.RunAsync(["info", model, "--size", parts[1], "--json", .. layers])).Json;
            Assert.Equal(expected.GetProperty("params").GetInt64(), info.GetProperty("parameters").GetInt64());
            Assert.Equal(expected.GetProperty("macs").GetInt64(), info.GetProperty("multiply_adds").GetInt64());
            Assert.Equal(
                expected.GetProperty("macs_with_norm_pool").GetInt64(),
                info.GetProperty("multiply_adds_with_norm_and_pool").GetInt64()
            );
            JsonElement[] rows = [.. info.GetProperty("layers").EnumerateArray()];
            Assert.Equal(expected.GetProperty("params").GetInt64(), rows.Sum(row => row.GetProperty("parameters").GetInt64()));
            Assert.Equal(expected.GetProperty("macs").GetInt64(), rows.Sum(row => row.GetProperty("multiply_adds").GetInt64()));
        }
    }

    [Fact]
    public async Task Models_lists_name_size_params_macs_accuracy_and_address()
    {
        JsonElement[] entries = [.. (await Moga.RunAsync("models", "--json")).Json.EnumerateArray()];
        // Those that ship here, and the official ones.
        Assert.Equal(ModelCatalogue.Official.Cards.Length + 5, entries.Length);
        Assert.Equal(
            [
                "fpn_moganet_xtiny_scenes",
                "mask_rcnn_moganet_xtiny_scenes",
                "moganet_xtiny_fashion",
                "moganet_xtiny_pose_scenes",
                "simvp_moga_small",
            ],
            entries.Take(5).Select(entry => entry.GetProperty("name").GetString())
        );
        JsonElement tiny = entries.Single(entry => entry.GetProperty("name").GetString() == "moganet_tiny");
        Assert.Equal(224, tiny.GetProperty("height").GetInt32());
        Assert.Equal(5_197_332, tiny.GetProperty("parameters").GetInt64());
        Assert.Equal(1_083_283_008, tiny.GetProperty("multiply_adds").GetInt64());
        Assert.Equal(79.0, tiny.GetProperty("top1").GetDouble());
        Assert.Equal("once", tiny.GetProperty("gate").GetString());
        Assert.StartsWith("https://github.com/Westlake-AI/MogaNet/", tiny.GetProperty("weights").GetString(), StringComparison.Ordinal);

        string[] lines = (await Moga.RunAsync("models")).Succeeded().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(entries.Length + 1, lines.Length);
        Assert.All(
            entries,
            entry => Assert.Contains(lines, line => line.StartsWith(entry.GetProperty("name").GetString() + " ", StringComparison.Ordinal))
        );
    }

    [Fact]
    public async Task Video_models_are_listed_and_described()
    {
        JsonElement[] entries = [.. (await Moga.RunAsync("models", "--json")).Json.EnumerateArray()];
        JsonElement moga = entries.Single(entry => entry.GetProperty("name").GetString() == "simvp_moga_mmnist");
        Assert.Equal("video", moga.GetProperty("task").GetString());
        Assert.Equal(46_777_065, moga.GetProperty("parameters").GetInt64());
        Assert.Equal(25.57, moga.GetProperty("metrics").GetProperty("mmnist_mse").GetDouble());
        Assert.Equal(
            ["classification", "detection", "pose", "segmentation", "video"],
            entries.Select(entry => entry.GetProperty("task").GetString()!).Distinct().Order(StringComparer.Ordinal)
        );
        string line = (await Moga.RunAsync("models"))
            .Succeeded()
            .Output.Split('\n')
            .Single(line => line.StartsWith("simvp_moga_mmnist ", StringComparison.Ordinal));
        Assert.Contains("25.57 MSE", line, StringComparison.Ordinal);

        JsonElement info = (await Moga.RunAsync("info", "simvp_moga_mmnist", "--json")).Json;
        Assert.Equal("1x10x1x64x64", info.GetProperty("input").GetString());
        Assert.Equal("video", info.GetProperty("task").GetString());
        Assert.Equal(16_460_771_328, info.GetProperty("multiply_adds").GetInt64());
        Assert.Equal(16_519_426_048, info.GetProperty("multiply_adds_with_norm_and_pool").GetInt64());
        string table = (await Moga.RunAsync("info", "SimVP-MogaNet")).Succeeded().Output;
        Assert.Contains("hid.enc.7", table, StringComparison.Ordinal);
        Assert.Contains("10 frames in, 10 frames out", table, StringComparison.Ordinal);
        (await Moga.RunAsync("info", "simvp_moga_mmnist", "--size", "66")).Failed(2, "multiples of 4");
    }

    [Fact]
    public async Task Info_and_plan_print_tables()
    {
        string info = (await Moga.RunAsync("info", "moganet_tiny")).Succeeded().Output;
        Assert.Contains("blocks3.11", info, StringComparison.Ordinal);
        Assert.Contains("1,083,283,008", info, StringComparison.Ordinal);
        string layers = (await Moga.RunAsync("info", "xt", "--layers", "--size", "1x1")).Succeeded().Output;
        Assert.Contains("blocks3.9.attn.value.DW_conv2", layers, StringComparison.Ordinal);
        Assert.Contains("1x192x1x1", layers, StringComparison.Ordinal);
        Assert.Contains("arena", (await Moga.RunAsync("plan", "xt", "--size", "33x65")).Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bench_and_profile_measure()
    {
        string card = Fixtures.WriteModel(_folder, Fixtures.Small);
        JsonElement[] cases =
        [
            .. (
                await Moga.RunAsync("bench", card, "--batch", "1", "2", "--seconds", "1", "--threads", "1", "--size", "8x9", "--json")
            ).Json.EnumerateArray(),
        ];
        Assert.Equal(["1x3x8x9", "2x3x8x9"], cases.Select(entry => entry.GetProperty("input").GetString()));
        Assert.All(
            cases,
            entry => Assert.True(entry.GetProperty("median_ms").GetDouble() > 0 && entry.GetProperty("runs").GetInt32() >= 10)
        );
        string trace = _folder.File("trace.json");
        Outcome profile = await Moga.RunAsync("profile", card, "--runs", "3", "--trace", trace, "--json");
        Assert.NotEqual(0, profile.Json.GetArrayLength());
        JsonDocument.Parse(await File.ReadAllTextAsync(trace, TestContext.Current.CancellationToken)).Dispose();
        (await Moga.RunAsync("profile", card, "--trace", _folder.File("nowhere/trace.json"))).Failed(2, "there is no folder");
    }

    [Fact]
    public async Task Export_writes_one_file_and_says_where()
    {
        string card = Fixtures.WriteModel(_folder, Fixtures.Small),
            target = _folder.File("small.onnx");
        Outcome outcome = (await Moga.RunAsync("export", card, "--onnx", target, "--size", "16x24", "--dynamic-batch")).Succeeded();
        Assert.Equal(target + "\n", outcome.Output);
        // With ONNX Runtime on this machine, a line for each of two batches says what came of the check.
        Assert.InRange(outcome.ErrorLines.Length, 1, 2);
        Assert.All(outcome.ErrorLines, line => Assert.Matches("^(ONNX Runtime .* agrees to .* at [12]x3x16x24|not checked: )", line));
        Assert.Equal(["card.json", "small.onnx", "weights.safetensors"], _folder.FileNames.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_run_that_would_not_fit_into_memory_is_refused()
    {
        // One stage of 65536 channels on 1024 x 1024 positions: 256 GiB.
        string card = _folder.File("card.json");
        await File.WriteAllTextAsync(
            card,
            """
            {
              "name": "wide", "preprocess": { "width": 2048, "height": 2048 },
              "options": { "arch": { "embed_dims": [65536], "depths": [0], "ffn_ratios": [1] }, "patch_embeds": ["conv"], "num_classes": 2 }
            }
            """,
            TestContext.Current.CancellationToken
        );
        (await Moga.RunAsync("bench", card)).Failed(1, "A run on this input needs 2621");
    }

    [Fact]
    public async Task The_start_of_a_long_output_can_be_taken()
    {
        using var shell = Moga.StartOther("sh", _folder.FullName, null, "-c", $"({Moga.Shell} info xl --layers; echo $? > code) | head -1");
        Outcome outcome = await Moga.FinishAsync(shell);
        Assert.Equal("", outcome.Errors);
        Assert.Equal("moganet_xlarge, input 1x3x224x224\n", outcome.Output);
        Assert.Equal("0\n", await File.ReadAllTextAsync(_folder.File("code"), TestContext.Current.CancellationToken));
    }
}
