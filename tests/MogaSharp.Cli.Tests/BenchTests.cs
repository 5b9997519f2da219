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
        JsonElement row = (await Moga.RunAsync("bench", card, "--train", "--size", "32", "--batch", "4", "--seconds", "1", "--threads", "1", "--json")).Json[0];
        Assert.Equal(("custom", "4x3x32x32", "cpu", 1), (row.GetProperty("model").GetString(), row.GetProperty("input").GetString(), row.GetProperty("device").GetString(), row.GetProperty("threads").GetInt32()));
        Assert.True(row.GetProperty("steps").GetInt32() >= 5);
        Assert.Equal(4000 / row.GetProperty("median_ms").GetDouble(), row.GetProperty("images_per_second").GetDouble(), 1e-6);
        Assert.False(row.TryGetProperty("peer", out _));
        Outcome table = (await Moga.RunAsync("bench", card, "--train", "--size", "32", "--batch", "2", "--seconds", "1", "--amp", "bf16", "--channels-last")).Succeeded();
        Assert.Contains("Bf16", table.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_measured_says_so()
    {
        string card = Fixtures.WriteModel(_folder, Fixtures.Small);
        (await Moga.RunAsync("bench", card, "--train", "--device", "tpu")).Failed(2, "'tpu' is no device; write cpu, cuda or cuda:N");
        (await Moga.RunAsync("bench", card, "--train", "--official", "missing.py")).Failed(2, "there is no file 'missing.py'");
        (await Moga.RunAsync("bench", card, "--train", "--size", "32", "--official", card)).Failed(2, "the official code has no size like custom");
        (await Moga.RunAsync("bench", card, "--train", "--size", "32", "--official", _folder.FullName)).Failed(2, $"'{_folder.FullName}' is a folder; for custom the peer is the file models/moganet.py");
        (await Moga.RunAsync("bench", "simvp_moga_small", "--train", "--official", _folder.FullName)).Failed(2, $"'{_folder.FullName}' has no folder simvp; for simvp_moga_small the peer is the folder video_prediction");
        Directory.CreateDirectory(_folder.File("simvp"));
        (await Moga.RunAsync("bench", "simvp_vit_mmnist", "--train", "--official", _folder.FullName)).Failed(2, "the translator of simvp_vit_mmnist is made of timm's blocks, which the peer does without");
    }

    [Theory]
    [InlineData("cpu")]
    [InlineData("torch")]
    public async Task Inference_is_measured_on_every_engine(string engine)
    {
        string card = Fixtures.WriteModel(_folder, Fixtures.Small);
        JsonElement row = (await Moga.RunAsync("bench", card, "--engine", engine, "--size", "32", "--batch", "4", "--seconds", "1", "--threads", "1", "--json")).Json[0];
        Assert.Equal(engine, row.GetProperty("engine").GetString());
        Assert.Equal(4000 / row.GetProperty("median_ms").GetDouble(), row.GetProperty("images_per_second").GetDouble(), 1e-6);
        Assert.Equal(engine == "cpu", row.TryGetProperty("peak_share", out _));
        Outcome table = (await Moga.RunAsync("bench", card, "--engine", engine, "--size", "32", "--seconds", "1")).Succeeded();
        Assert.Contains("multiply-add peak of", table.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clips_are_measured()
    {
        Outcome table = (await Moga.RunAsync("bench", "simvp_moga_small", "--train", "--batch", "1", "--seconds", "1", "--threads", "1")).Succeeded();
        Assert.Contains("clips/s", table.Output, StringComparison.Ordinal);
        Assert.Contains("1x10x1x64x64", table.Output, StringComparison.Ordinal);
    }
}
