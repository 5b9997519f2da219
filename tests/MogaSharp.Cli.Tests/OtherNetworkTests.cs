using System.Text.Json;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Torch;

namespace MogaSharp.Cli.Tests;

/// <summary>The commands on the networks that MogaNet is measured against, small ones with formula weights.</summary>
public sealed class OtherNetworkTests : IDisposable
{
    private static readonly Dictionary<string, ClassifierOptions> Small = new(StringComparer.Ordinal)
    {
        ["convnext"] = new ConvNeXtOptions
        {
            Dims = [8, 16, 16, 24],
            Depths = [1, 1, 2, 1],
            NumClasses = 10,
        },
        ["hornet"] = new HorNetOptions
        {
            BaseDim = 16,
            Depths = [1, 1, 1, 1],
            Orders = [2, 3, 3, 4],
            NumClasses = 10,
        },
        ["hornet_gf"] = new HorNetOptions
        {
            BaseDim = 16,
            Depths = [1, 1, 1, 1],
            Orders = [2, 3, 3, 4],
            Filters = [null, null, new(4, 3), new(2, 2)],
            NumClasses = 10,
        },
        ["swin"] = new SwinOptions
        {
            EmbedDim = 8,
            Depths = [2, 2, 2, 2],
            Heads = [1, 2, 2, 4],
            Window = 2,
            NumClasses = 10,
        },
        ["parcnet"] = new ParCNetOptions
        {
            Dims = [8, 8, 16, 16, 24, 24],
            LocalDepths = [1, 1],
            Depths = [1, 2, 1],
            GlobalDims = [16, 32, 32],
            KernelSizes = [8, 4, 2],
            NumClasses = 10,
        },
    };

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Families => [.. Small.Keys];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Families))]
    public async Task Pictures_are_classified_measured_and_evaluated(string family)
    {
        string card = Fixtures.WriteModel(_folder, Small[family]);
        JsonElement[] results =
        [
            .. (
                await Moga.RunAsync("classify", Fixtures.Sample("bag_0018.png"), "--model", card, "--json", "-k", "10")
            ).Json.EnumerateArray(),
        ];
        Assert.Equal(1, results[0].GetProperty("predictions").EnumerateArray().Sum(entry => entry.GetProperty("score").GetDouble()), 4);
        Fixtures.WriteIdx(_folder.File("idx"));
        Assert.InRange(
            (await Moga.RunAsync("eval", "--card", card, "--data", $"idx:{_folder.File("idx")}", "--json"))
                .Json.GetProperty("top1")
                .GetDouble(),
            0,
            1
        );
        JsonElement bench = (await Moga.RunAsync("bench", card, "--seconds", "1", "--threads", "1", "--json")).Json[0];
        Assert.True(bench.GetProperty("median_ms").GetDouble() > 0);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public async Task Export_writes_a_file_that_ONNX_Runtime_agrees_with(string family)
    {
        string card = Fixtures.WriteModel(_folder, Small[family]),
            target = _folder.File("small.onnx");
        Outcome outcome = (await Moga.RunAsync("export", card, "--onnx", target)).Succeeded();
        Assert.Matches("^(ONNX Runtime .* agrees to |not checked: )", Assert.Single(outcome.ErrorLines));
        Assert.True(File.Exists(target));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public async Task Training_ends_with_a_model_that_the_other_commands_take(string family)
    {
        string model = await TrainAsync(family);
        Assert.InRange(
            (await Moga.RunAsync("eval", "--card", Path.Combine(model, "card.json"), "--data", $"idx:{_folder.File("idx")}", "--json"))
                .Json.GetProperty("top1")
                .GetDouble(),
            0,
            1
        );
    }

    [Fact]
    public async Task What_PyTorch_keeps_beside_the_weights_is_exported_with_its_type()
    {
        string listing = (await Moga.RunAsync("inspect", Path.Combine(await TrainAsync("swin"), "model.pth"))).Succeeded().Output;
        Assert.Matches(@"layers\.0\.blocks\.0\.attn\.relative_position_index\s+Int64", listing);
        Assert.Matches(@"layers\.0\.blocks\.1\.attn_mask\s+Float32", listing);
    }

    // The folder of the model that a short run exports.
    private async Task<string> TrainAsync(string family)
    {
        Assert.SkipUnless(TorchRuntime.IsAvailable, TorchRuntime.Unavailability);
        Fixtures.WriteIdx(_folder.File("idx"));
        foreach (string file in Directory.GetFiles(_folder.File("idx")))
            File.Copy(file, file.Replace("t10k", "train", StringComparison.Ordinal));
        string card = Fixtures.WriteModel(_folder, Small[family]),
            run = _folder.File("run");
        string[] settings =
        [
            "epochs=2",
            "warmup_epochs=0",
            "cooldown_epochs=0",
            "image_size=64",
            "squash=true",
            "amp=none",
            "learning_rate_batch=4096",
        ];
        string preset = family switch
        {
            "hornet_gf" => "hornet_tiny_gf",
            "hornet" => "hornet_tiny_7x7",
            "swin" => "swin_t",
            "parcnet" => "parcnet_s",
            _ => "convnext_tiny",
        };
        (
            await Moga.RunAsync([
                "train",
                "--model",
                card,
                "--preset",
                preset,
                "--data",
                $"idx:{_folder.File("idx")}",
                "--output",
                run,
                "--batch",
                "6",
                "--device",
                "cpu",
                "--threads",
                "1",
                .. settings.SelectMany(setting => new[] { "--set", setting }),
            ])
        ).Succeeded();
        return Path.Combine(run, "model");
    }

    [Fact]
    public async Task Info_shows_every_block()
    {
        string convnext = (await Moga.RunAsync("info", "convnext_tiny")).Succeeded().Output;
        Assert.Matches(@"\nstages\.2\.blocks\.8 +1x384x14x14 +1,201,920 +", convnext);
        Assert.Matches(@"\nstages\.1\.downsample\.1 +1x192x28x28 ", convnext);
        Assert.Matches(@"\nlayers\.2\.blocks\.5 +1x384x14x14 ", (await Moga.RunAsync("info", "swin_t")).Succeeded().Output);
        Assert.Matches(@"\nstages\.2\.17 +1x256x14x14 ", (await Moga.RunAsync("info", "hornet_tiny_gf")).Succeeded().Output);
        Assert.Contains("5,037,088", (await Moga.RunAsync("info", "parcnet_s")).Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_size_that_windows_do_not_tile_is_refused() =>
        (await Moga.RunAsync("info", "swin_t", "--size", "200")).Failed(
            2,
            "Windows of 7x7 pixels, shifted by 0, do not tile a map of 50x50"
        );

    [Fact]
    public async Task Ablations_are_listed_for_any_MogaNet()
    {
        JsonElement json = (await Moga.RunAsync("models", "--ablations", "--json")).Json;
        JsonElement[] entries = [.. json.GetProperty("ablations").EnumerateArray()];
        Assert.Equal(
            ["full", "mlp", "mlp-se", "dwconv-7x7", "no-decomposition", "no-gate", "baseline"],
            entries.Select(entry => entry.GetProperty("name").GetString())
        );
        Assert.Equal(
            (5_197_332, 1_083_283_008),
            (entries[0].GetProperty("parameters").GetInt64(), entries[0].GetProperty("multiply_adds").GetInt64())
        );
        Assert.Equal(4_851_956, entries[5].GetProperty("parameters").GetInt64());
        Assert.Equal("has_gate=false", entries[5].GetProperty("settings")[0].GetString());
        string table = (await Moga.RunAsync("models", "--ablations", "--model", "moganet_small")).Succeeded().Output;
        Assert.Contains("moganet_small, input 1x3x224x224", table, StringComparison.Ordinal);
        Assert.Contains("25,335,675", table, StringComparison.Ordinal);
        (await Moga.RunAsync("models", "--ablations", "--model", "swin_t")).Failed(2, "is not a MogaNet");
    }
}
