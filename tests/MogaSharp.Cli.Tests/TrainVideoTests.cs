using System.Diagnostics;
using MogaSharp.Models;
using MogaSharp.Testing;
using MogaSharp.Torch;
using MogaSharp.Training;

namespace MogaSharp.Cli.Tests;

/// <summary><c>moga train --task video</c>: from beginning to end, stopped, killed, in two processes, wrongly called.</summary>
public sealed class TrainVideoTests : IDisposable
{
    private const string Small = """
        {
          "name": "simvp_small", "family": "simvp",
          "options": { "in_shape": [10, 1, 64, 64], "hid_s": 4, "hid_t": 8, "n_s": 2, "n_t": 2, "model_type": "incepu" },
          "preprocess": { "width": 64, "height": 64, "mean": [0], "std": [1] }, "clip": { "out_frames": 10 }
        }
        """;

    private readonly TemporaryFolder _folder = new();

    public TrainVideoTests()
    {
        Assert.SkipUnless(TorchRuntime.IsAvailable, TorchRuntime.Unavailability);
        File.WriteAllText(_folder.File("card.json"), Small);
        Directory.CreateDirectory(_folder.File("digits"));
        foreach ((string part, int seed) in new[] { ("train", 1), ("t10k", 2) })
        {
            byte[] pixels = new byte[20 * 100];
            new Random(seed).NextBytes(pixels);
            File.WriteAllBytes(_folder.File($"digits/{part}-images-idx3-ubyte"), IdxWriter.Bytes([20, 10, 10], pixels));
        }
    }

    private string Run => _folder.File("run");

    private string Last => Path.Combine(Run, "last.safetensors");

    // Two frames seen and two predicted, 5 updates an epoch, 3 epochs.
    private string Data => $"moving-mnist:{_folder.File("digits")}?in=2&out=2&clips=20&testclips=6";

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_run_ends_with_a_model_of_the_size_of_the_clips()
    {
        Outcome outcome = (await TrainAsync("--task", "video", "--model-set", "hid_T=16", "--set", "eval_clips=4")).Succeeded();
        Assert.Matches(
            @"^MSE \d+\.\d\d  MAE \d+\.\d\d  SSIM \(official\) -?\d\.\d{4}  PSNR \d+\.\d\d  epoch \d  .*/run/model\n$",
            outcome.Output
        );
        Assert.Contains(
            "simvp_small, 2 to 2 frames of 1 x 64 x 64, on 20 clips (4 to evaluate on), cpu",
            outcome.Errors,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "recipe mmnist-small: 3 epochs, batch 4, learning rate 0.001, Adam, amp None",
            outcome.Errors,
            StringComparison.Ordinal
        );
        Assert.Equal(
            3,
            outcome.ErrorLines.Count(line =>
                line.StartsWith("epoch ", StringComparison.Ordinal) && line.Contains(" clips/s", StringComparison.Ordinal)
            )
        );
        ModelCard card = ModelCard.Load(Path.Combine(Run, "model", "card.json"));
        var options = (SimVpOptions)card.Options;
        Assert.Equal([2, 1, 64, 64], options.InShape);
        Assert.Equal((16, 4, 2, TranslatorKind.IncepU), (options.HidT, options.HidS, card.Clip!.OutFrames, options.ModelType));
        Assert.True(card.Metrics["mse"] > 0);
        string text = File.ReadAllText(Path.Combine(Run, "model", "card.json"));
        Assert.Equal(text.IndexOf("\"family\"", StringComparison.Ordinal), text.LastIndexOf("\"family\"", StringComparison.Ordinal));
        // The figures of the training are those of an evaluation by the other engine.
        Outcome eval = (
            await Moga.RunAsync(
                "eval",
                "--model",
                Path.Combine(Run, "model", "card.json"),
                "--data",
                Data.Replace("testclips=6", "testclips=4", StringComparison.Ordinal),
                "--json"
            )
        ).Succeeded();
        foreach (string name in new[] { "mse", "mae", "ssim_official", "psnr" })
            Assert.Equal(card.Metrics[name], Find(eval.Json, name), 1e-3 * Math.Max(1, Math.Abs(card.Metrics[name])));
        Assert.True(File.Exists(Path.Combine(Run, "curves.svg")));
    }

    [Fact]
    public async Task A_run_that_is_stopped_or_killed_ends_as_if_it_had_not_been()
    {
        (await TrainAsync("--save-every", "1")).Succeeded();
        Dictionary<string, byte[]> straight = TrainFixture.State(Last);
        Directory.Delete(Run, recursive: true);
        Outcome stopped = (await TrainAsync("--stop-after", "3")).Succeeded();
        Assert.EndsWith(
            $"Stopped after update 3; to continue: moga train --resume --output {Run}\n",
            stopped.Errors,
            StringComparison.Ordinal
        );
        using (
            Process process = Moga.Start(
                null,
                null,
                ["train", "--resume", "--output", Run, "--device", "cpu", "--threads", "1", "--save-every", "1"]
            )
        )
        {
            while (!process.HasExited && Reached() < 7)
                await Task.Delay(10, TestContext.Current.CancellationToken);
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        Outcome resumed = (await ResumeAsync()).Succeeded();
        Assert.Contains("Continued from ", resumed.Errors, StringComparison.Ordinal);
        Dictionary<string, byte[]> now = TrainFixture.State(Last);
        Assert.Equal(straight.Keys.Order(StringComparer.Ordinal), now.Keys.Order(StringComparer.Ordinal));
        Assert.All(straight.Keys, name => Assert.True(straight[name].AsSpan().SequenceEqual(now[name]), name));
        Assert.Equal(4, File.ReadLines(Path.Combine(Run, "epochs.csv")).Count());
    }

    // Begun by two processes, ended by one; the translator of this model draws nothing by chance and averages nothing over a batch.
    [Fact]
    public async Task Two_processes_begin_what_one_ends()
    {
        Assert.SkipUnless(TorchProcessGroup.IsSupported(TorchDevice.Cpu), "the shim was built without c10d");
        // A clip for each process, and for one process each clip by itself: both add up the same two gradients and agree to the bit. One
        // process that takes both clips at once adds up their pixels in another order, and how far that leads depends on the processor's
        // kernels.
        string[] plain = ["--set", "optimizer=sgd", "--set", "learning_rate=0.01", "--batch", "2"];
        (await TrainAsync(["--stop-after", "13", "--set", "accumulation_steps=2", .. plain])).Succeeded();
        Dictionary<string, byte[]> begun = Learned();
        string rewritten = _folder.File("rewritten.safetensors");
        using (LoadedTrainingCheckpoint last = LoadedTrainingCheckpoint.Open(Last))
            (last.Content with { Recipe = last.Content.Recipe with { AccumulationSteps = 1 } }).Save(rewritten);
        File.Move(rewritten, Last, overwrite: true);
        Outcome one = (await ResumeAsync()).Succeeded();
        Dictionary<string, byte[]> ended = Learned();
        Directory.Delete(Run, recursive: true);
        Outcome two = (await TrainAsync(["--nproc", "2", "--stop-after", "13", .. plain])).Succeeded();
        Assert.Contains("cpu, 2 processes", two.Errors, StringComparison.Ordinal);
        AssertSame(begun, Learned());
        Assert.Equal(one.Output, (await ResumeAsync()).Succeeded().Output);
        AssertSame(ended, Learned());

        static void AssertSame(Dictionary<string, byte[]> expected, Dictionary<string, byte[]> actual)
        {
            Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
            Assert.All(expected.Keys, name => Assert.True(expected[name].AsSpan().SequenceEqual(actual[name]), name));
        }

        Dictionary<string, byte[]> Learned() =>
            TrainFixture
                .State(Last)
                .Where(pair => !pair.Key.StartsWith(TrainingCheckpoint.Random, StringComparison.Ordinal))
                .ToDictionary();
    }

    [Theory]
    [InlineData("--task classification", "simvp_small is a model for video, not for classification")]
    [InlineData("--task poetry", "'poetry' not recognized")]
    [InlineData("--preset t", "The recipe t is for classification; simvp_small is a model for video.")]
    [InlineData("--model-set depth=3", "simvp_small has no option 'depth'; there are in_shape, hid_s, hid_t,")]
    [InlineData("--model-set hid_t", "--model-set takes field=value, not 'hid_t'")]
    [InlineData("--model-set hid_t=x", "'x' is not a value of the model's option hid_t")]
    [InlineData(
        "--model-set hid_t=12",
        "simvp_small cannot be changed so. SimVp's options break a rule: hid_t, and hid_s times the frames, are multiples of 8"
    )]
    [InlineData("--model-set model_type=lstm", "simvp_small cannot be changed so. ")]
    [InlineData("--set loss=cross_entropy", "loss is mean_squared_error for video")]
    [InlineData("--set eval_clips=0", "eval_clips is 1 or more")]
    [InlineData("--batch 64", "The 20 training clips do not fill one batch of 64; take a batch_size of 20 or less.")]
    [InlineData("--data idx:DIGITS", "write moving-mnist:")]
    [InlineData(
        "--data moving-mnist:DIGITS?in=2&out=3&clips=20",
        "gives as many frames as it sees, 2, but the data's clips go on for 3; '?out=2' behind the data makes them fit"
    )]
    [InlineData("--data moving-mnist:/missing", "There is no folder '/missing'")]
    public async Task A_wrong_option_says_so(string options, string message)
    {
        (await Moga.RunAsync(Arguments(options.Replace("DIGITS", _folder.File("digits"), StringComparison.Ordinal).Split(' ')))).Failed(
            2,
            message
        );
        Assert.False(Directory.Exists(Run));
    }

    [Fact]
    public async Task A_run_is_resumed_only_as_what_it_was()
    {
        (await TrainAsync("--stop-after", "1")).Succeeded();
        (await ResumeAsync("--task", "classification")).Failed(2, "simvp_small is a model for video, not for classification");
        (await ResumeAsync("--model-set", "hid_t=32")).Failed(2, "--model-set is for a new run");
        (await ResumeAsync("--data", Data.Replace("in=2", "in=4", StringComparison.Ordinal))).Failed(
            2,
            "trains on clips of 2 frames of 1 x 64 x 64; the data has 4 frames of 1 x 64 x 64"
        );
        (await Moga.RunAsync("train", "--model", "moganet_small", "--data", Data)).Failed(
            2,
            "write folder:PATH or idx:PATH or tar:PATTERN"
        );
    }

    private static double Find(System.Text.Json.JsonElement parent, string name) =>
        parent.TryGetProperty(name, out System.Text.Json.JsonElement value)
            ? value.GetDouble()
            : parent.GetProperty("metrics").GetProperty(name).GetDouble();

    private long Reached()
    {
        try
        {
            return File.Exists(Last) ? TrainFixture.UpdateOf(Last) : 0;
        }
        catch (IOException)
        {
            // It is being given another name.
            return 0;
        }
    }

    // What is given again replaces what stands here.
    private string[] Arguments(params string[] more)
    {
        List<string> arguments =
        [
            "--model",
            _folder.File("card.json"),
            "--data",
            Data,
            "--preset",
            "mmnist-small",
            "--epochs",
            "3",
            "--batch",
            "4",
            "--output",
            Run,
            "--device",
            "cpu",
            "--threads",
            "1",
        ];
        foreach (string name in more.Where(word => word is "--data" or "--preset" or "--batch"))
            if (arguments.IndexOf(name) is >= 0 and int at)
                arguments.RemoveRange(at, 2);
        return ["train", .. arguments, .. more];
    }

    private Task<Outcome> TrainAsync(params string[] more) => Moga.RunAsync(Arguments(["--set", "learning_rate_batch=4", .. more]));

    private Task<Outcome> ResumeAsync(params string[] more) =>
        Moga.RunAsync(["train", "--resume", "--output", Run, "--device", "cpu", "--threads", "1", .. more]);
}
