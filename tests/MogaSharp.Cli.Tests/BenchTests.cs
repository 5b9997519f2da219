using System.Text.Json;
using MogaSharp.Testing;
using MogaSharp.Torch;

namespace MogaSharp.Cli.Tests;

/// <summary><c>moga bench</c> where it uses libtorch.</summary>
public sealed class BenchTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public BenchTests() => Assert.SkipUnless(TorchRuntime.IsAvailable, TorchRuntime.Unavailability);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Steps_are_measured()
    {
        string card = Fixtures.WriteModel(_folder, Fixtures.Small);
        JsonElement row = (
            await Moga.RunAsync("bench", card, "--train", "--size", "32", "--batch", "4", "--seconds", "1", "--threads", "1", "--json")
        ).Json[0];
        Assert.Equal(
            ("custom", "4x3x32x32", "cpu", 1),
            (
                row.GetProperty("model").GetString(),
                row.GetProperty("input").GetString(),
                row.GetProperty("device").GetString(),
                row.GetProperty("threads").GetInt32()
            )
        );
        Assert.True(row.GetProperty("steps").GetInt32() >= 5);
        Assert.Equal(4000 / row.GetProperty("median_ms").GetDouble(), row.GetProperty("images_per_second").GetDouble(), 1e-6);
        Assert.False(row.TryGetProperty("peer", out _));
        Outcome table = (
            await Moga.RunAsync(
                "bench",
                card,
                "--train",
                "--size",
                "32",
                "--batch",
                "2",
                "--seconds",
                "1",
                "--amp",
                "bf16",
                "--channels-last"
            )
        ).Succeeded();
        Assert.Contains("Bf16", table.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_measured_says_so()
    {
        string card = Fixtures.WriteModel(_folder, Fixtures.Small);
        (await Moga.RunAsync("bench", card, "--train", "--device", "tpu")).Failed(2, "'tpu' is not a device; write cpu, cuda or cuda:N");
        (await Moga.RunAsync("bench", card, "--train", "--official", "missing.py")).Failed(2, "There is no file 'missing.py'");
        (await Moga.RunAsync("bench", card, "--train", "--size", "32", "--official", card)).Failed(
            2,
            "The official code has no size like custom"
        );
        (await Moga.RunAsync("bench", card, "--train", "--size", "32", "--official", _folder.FullName)).Failed(
            2,
            $"'{_folder.FullName}' is a folder; for custom the peer is the file models/moganet.py"
        );
        (await Moga.RunAsync("bench", "simvp_moga_small", "--train", "--official", _folder.FullName)).Failed(
            2,
            $"'{_folder.FullName}' has no folder simvp; for simvp_moga_small the peer is the folder video_prediction"
        );
        Directory.CreateDirectory(_folder.File("simvp"));
        (await Moga.RunAsync("bench", "simvp_vit_mmnist", "--train", "--official", _folder.FullName)).Failed(
            2,
            "The translator of simvp_vit_mmnist is made of timm's blocks, which the peer does without"
        );
    }

    [Theory]
    [InlineData("cpu")]
    [InlineData("torch")]
    [InlineData("onnxruntime")]
    public async Task Inference_is_measured_on_every_engine(string engine)
    {
        string card = Fixtures.WriteModel(_folder, Fixtures.Small);
        JsonElement row = (
            await Moga.RunAsync(
                "bench",
                card,
                "--engine",
                engine,
                "--size",
                "32",
                "--batch",
                "4",
                "--seconds",
                "1",
                "--threads",
                "1",
                "--json"
            )
        ).Json[0];
        Assert.Equal(engine, row.GetProperty("engine").GetString());
        Assert.Equal(4000 / row.GetProperty("median_ms").GetDouble(), row.GetProperty("images_per_second").GetDouble(), 1e-6);
        Assert.Equal(engine == "cpu", row.TryGetProperty("peak_share", out _));
        Outcome table = (await Moga.RunAsync("bench", card, "--engine", engine, "--size", "32", "--seconds", "1")).Succeeded();
        Assert.Contains("multiply-add peak of", table.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Onnx_runtime_runs_in_turn_with_the_same_weights()
    {
        string card = Fixtures.WriteModel(_folder, Fixtures.Small);
        string[] command = ["bench", card, "--compare", "onnxruntime", "--size", "32", "--batch", "2", "--seconds", "1", "--threads", "1"];
        JsonElement row = (await Moga.RunAsync([.. command, "--json"])).Json[0];
        Assert.Matches(@"^ONNX Runtime 1\.\d+\.\d+$", row.GetProperty("peer").GetString());
        Assert.Equal(
            row.GetProperty("peer_median_ms").GetDouble() / row.GetProperty("median_ms").GetDouble(),
            row.GetProperty("ratio").GetDouble(),
            1e-9
        );
        Assert.InRange(row.GetProperty("peer_difference").GetDouble(), 0, 1e-5);
        Assert.Contains(
            "run in turn; largest difference of an output ",
            (await Moga.RunAsync(command)).Succeeded().Output,
            StringComparison.Ordinal
        );
    }

    // The official code is not part of this repository; what stands in for it has its interface.
    private const string OfficialStandIn = """
        import torch

        class MogaNet(torch.nn.Module):
            def __init__(self, arch, num_classes):
                super().__init__()
                self.conv = torch.nn.Conv2d(3, 8, 3)
                self.norm = torch.nn.BatchNorm2d(8)
                self.head = torch.nn.Linear(8, num_classes)

            def forward(self, x):
                return self.head(self.norm(self.conv(x)).mean((2, 3)))
        """;

    [Theory]
    [InlineData("", "TorchSharp ")]
    [InlineData("--train", "TorchSharp ")]
    [InlineData("--train", "PyTorch ")]
    public async Task The_official_code_runs_in_turn(string mode, string peer)
    {
        bool isTorchSharp = peer == "TorchSharp ";
        if (isTorchSharp && !File.Exists(Path.Combine(Repository.Root, "artifacts", "torchsharp", ".built")))
            Assert.Skip("The peer is not built; 'benchmarks/torchsharp_peer build' builds it.");
        (int exitCode, _, string errors) = await Python.Run(TestContext.Current.CancellationToken, "-c", "import torch");
        Assert.SkipUnless(exitCode == 0, errors);
        string official = _folder.File("moganet.py");
        File.WriteAllText(official, OfficialStandIn);
        string[] command =
        [
            "bench",
            "moganet_xtiny",
            "--official",
            official,
            "--size",
            "32",
            "--batch",
            "2",
            "--seconds",
            "1",
            "--threads",
            "1",
            .. mode.Split(' ', StringSplitOptions.RemoveEmptyEntries),
        ];
        Outcome table = (await Moga.RunAsync(isTorchSharp ? [.. command, "--compare", "torchsharp"] : command)).Succeeded();
        Assert.Contains($"peer: {peer}", table.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_that_ends_says_why()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/python3"), "There is no Python.");
        string official = _folder.File("moganet.py");
        File.WriteAllText(official, "raise SystemExit('the official code is broken')");
        Outcome outcome = await Moga.RunAsync("bench", "moganet_xtiny", "--train", "--size", "32", "--official", official);
        Assert.Equal(1, outcome.ExitCode);
        Assert.Equal("moga: The peer in Python ended; its message is above.", outcome.ErrorLines[^1]);
    }

    [Theory]
    [InlineData("--train --compare onnxruntime", "ONNX Runtime does not train")]
    [InlineData("--train --provider cpu", "--provider is for inference; training runs on libtorch")]
    [InlineData("--compare torchsharp", "--compare torchsharp needs --official")]
    [InlineData("--train --compare torchsharp", "--compare torchsharp needs --official")]
    [InlineData("--official OFFICIAL", "--official is for --train and --compare torchsharp")]
    [InlineData(
        "--official OFFICIAL --train --compare torchsharp --amp bf16 --size 32",
        "The peer torchsharp trains in float32 on the CPU only"
    )]
    [InlineData("--compare tensorflow", "'tensorflow'")]
    public async Task A_peer_that_does_not_fit_is_refused(string options, string message)
    {
        string official = _folder.File("moganet.py");
        File.WriteAllText(official, OfficialStandIn);
        (
            await Moga.RunAsync(["bench", "moganet_xtiny", .. options.Replace("OFFICIAL", official, StringComparison.Ordinal).Split(' ')])
        ).Failed(2, message);
    }

    [Fact]
    public async Task Clips_are_measured()
    {
        Outcome table = (
            await Moga.RunAsync("bench", "simvp_moga_small", "--train", "--batch", "1", "--seconds", "1", "--threads", "1")
        ).Succeeded();
        Assert.Contains("clips/s", table.Output, StringComparison.Ordinal);
        Assert.Contains("1x10x1x64x64", table.Output, StringComparison.Ordinal);
    }
}
