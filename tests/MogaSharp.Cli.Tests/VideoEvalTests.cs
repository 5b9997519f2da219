using System.Text.Json;
using MogaSharp.Cpu;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Testing;
using MogaSharp.Vision;

namespace MogaSharp.Cli.Tests;

public sealed class VideoEvalTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("cpu")]
    [InlineData("torch")]
    [InlineData("onnxruntime")]
    public async Task Measures_drawn_test_clips(string engine)
    {
        Assert.SkipWhen(engine == "torch" && !Torch.TorchRuntime.IsAvailable, "libtorch is not here");
        string card = VideoFixtures.WriteModel(
            _folder,
            outFrames: 4,
            metrics: [new("mmnist_mse", 25.57), new("mmnist_ssim", 0.943), new("other_mse", 1)]
        );
        WriteDigits();
        string data = $"moving-mnist:{_folder.FullName}?testclips=5";
        Outcome outcome = await Moga.RunAsync(
            "eval",
            "--data",
            data,
            "--model",
            card,
            "--task",
            "video",
            "--json",
            "--batch",
            "2",
            "--official-psnr",
            "--engine",
            engine
        );
        JsonElement result = outcome.Json;
        Assert.Equal(
            ("custom_video", 5, 3, 4),
            (
                result.GetProperty("model").GetString(),
                Number(result, "clips"),
                Number(result, "input_frames"),
                Number(result, "output_frames")
            )
        );
        Assert.Contains($"seed {ClipSpec.TestSeed}", result.GetProperty("source").GetString(), StringComparison.Ordinal);
        Assert.Equal(25.57, result.GetProperty("published").GetProperty("mse").GetDouble());
        Assert.Equal(0.943, result.GetProperty("published").GetProperty("ssim_official").GetDouble());
        Assert.Equal(2, result.GetProperty("published").EnumerateObject().Count());

        // The same by the library.
        IClipDataset clips = ClipSpec.Parse($"{data}&in=3&out=4").Open(DatasetSplit.Test);
        using var cpu = new CpuEngine();
        using var predictor = new VideoPredictor(
            ModelSource.Bind(ModelCard.Load(card), _folder.File("video.safetensors"), ema: false),
            cpu
        );
        var metrics = new VideoMetrics(1, 64, 64);
        for (int i = 0; i < 5; i++)
        {
            float[] input = new float[3 * 4096],
                truth = new float[4 * 4096];
            clips.Read(i, new RandomStream(0, RandomPurpose.Clip, 0, 0), input, truth);
            metrics.Add(
                predictor.Predict(new Tensor(new Shape(1, 3, 1, 64, 64), input), 4, TestContext.Current.CancellationToken).Data,
                truth
            );
        }
        JsonElement numbers = result.GetProperty("metrics");
        Assert.Equal(metrics.Mse, numbers.GetProperty("mse").GetDouble(), 1e-4 * metrics.Mse);
        Assert.Equal(metrics.Mae, numbers.GetProperty("mae").GetDouble(), 1e-4 * metrics.Mae);
        Assert.Equal(metrics.OfficialSsim, numbers.GetProperty("ssim_official").GetDouble(), 1e-4);
        Assert.Equal(metrics.Ssim, numbers.GetProperty("ssim").GetDouble(), 1e-4);
        Assert.Equal(metrics.Psnr, numbers.GetProperty("psnr").GetDouble(), 1e-3);
        Assert.Equal(metrics.OfficialPsnr, numbers.GetProperty("psnr_official").GetDouble(), 0.05);
    }

    [Fact]
    public async Task Prints_a_table_beside_the_published_numbers()
    {
        string card = VideoFixtures.WriteModel(_folder, metrics: [new("mmnist_mse", 25.57)]);
        WriteDigits();
        Outcome outcome = (
            await Moga.RunAsync("eval", "--data", $"moving-mnist:{_folder.FullName}?testclips=2", "--model", card)
        ).Succeeded();
        string[] lines = outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Matches(@"^custom_video on 2 clips, 3 to 3 frames of 64 x 64, \d+\.\d clips/s$", lines[0]);
        Assert.Matches(@"^metric +value +published$", lines[2]);
        Assert.Matches(@"^MSE \(summed over a frame\) +\d+\.\d\d +25\.57$", lines[3]);
        Assert.Matches(@"^SSIM as in the papers \(data range 2\) +-?0\.\d{4}$", lines[6]);
        Assert.Equal(9, lines.Length);
        Assert.Empty(outcome.Errors);
    }

    [Fact]
    public async Task Measures_folders_of_frames()
    {
        string card = VideoFixtures.WriteModel(_folder);
        Directory.CreateDirectory(_folder.File("videos/one"));
        for (int i = 0; i < 8; i++)
            new RgbImage(12, 10, [.. Enumerable.Range(0, 360).Select(k => (byte)(k + i))]).SavePng(_folder.File($"videos/one/{i}.png"));
        string data = $"frames:{_folder.File("videos")}";
        JsonElement result = (await Moga.RunAsync("eval", "--data", $"{data}?gray", "--model", card, "--json")).Json;
        Assert.Equal(3, Number(result, "clips"));
        Assert.False(result.TryGetProperty("notes", out _));
        Directory.CreateDirectory(_folder.File("gap/one"));
        foreach (int i in (int[])[0, 1, 2, 4, 5, 6])
            File.Copy(_folder.File($"videos/one/{i}.png"), _folder.File($"gap/one/{i}.png"));
        Outcome gap = await Moga.RunAsync("eval", "--data", $"frames:{_folder.File("gap")}?gray", "--model", card, "--json");
        string note = $"1 frame is missing in the numbers; the clips jump there ({_folder.File("gap/one")}: 3)";
        Assert.Equal(note, Assert.Single(gap.Json.GetProperty("notes").EnumerateArray()).GetString());
        Assert.Equal([$"note: {note}"], gap.ErrorLines);
        Assert.False(result.TryGetProperty("published", out _));
        (await Moga.RunAsync("eval", "--data", data, "--model", card)).Failed(
            2,
            "custom_video takes frames of 1 channels, '" + data + "' has 3; the option gray makes them gray"
        );
        (await Moga.RunAsync("eval", "--data", $"{data}?gray&in=2", "--model", card)).Failed(2, "custom_video sees 3 frames, '");
        (await Moga.RunAsync("eval", "--data", $"{data}?gray&size=11", "--model", card)).Failed(2, "multiples of 2");
        _folder.File("videos/one/4.png", "no picture"u8.ToArray());
        (await Moga.RunAsync("eval", "--data", $"{data}?gray", "--model", card)).Failed(
            1,
            "clip from frame 0: the frame 4.png: This is not a JPEG"
        );
    }

    [Fact]
    public async Task Data_and_model_must_be_for_the_same_task()
    {
        string card = VideoFixtures.WriteModel(_folder);
        WriteDigits();
        (await Moga.RunAsync("eval", "--data", "idx:x", "--task", "video")).Failed(
            2,
            "'idx:x' is not data for video; write moving-mnist, moving-fashion or frames:PATH"
        );
        (await Moga.RunAsync("eval", "--data", "frames:x", "--task", "classification")).Failed(
            2,
            "'frames:x' is not data for classification; those are clips"
        );
        (await Moga.RunAsync("eval", "--data", $"moving-mnist:{_folder.FullName}", "--model", "moganet_tiny")).Failed(
            2,
            "moganet_tiny is a model for classification"
        );
        (await Moga.RunAsync("eval", "--data", "moving-mnist", "--model", card)).Failed(
            2,
            "MNIST is not on this machine; 'moga data mnist' fetches it"
        );
        (await Moga.RunAsync("eval", "--data", "moving-mnist:/nowhere", "--model", card)).Failed(2, "There is no folder '/nowhere'");
        (await Moga.RunAsync("eval", "--data", "moving-mnist:x?frames=3", "--model", card)).Failed(2, "the unknown option 'frames'");
        (
            await Moga.RunAsync(
                "eval",
                "--data",
                $"moving-mnist:{_folder.FullName}",
                "--model",
                card,
                "--engine",
                "cpu",
                "--device",
                "cuda"
            )
        ).Failed(2, "--device cuda needs --engine torch");
    }

    private static int Number(JsonElement element, string name) => element.GetProperty(name).GetInt32();

    private void WriteDigits()
    {
        byte[] digits = new byte[10 * 784];
        new Random(4).NextBytes(digits);
        _folder.File("t10k-images-idx3-ubyte", IdxWriter.Bytes([10, 28, 28], digits));
    }
}
