using System.Diagnostics;
using MogaSharp.Models;
using MogaSharp.Training;
using MogaSharp.Weights;

namespace MogaSharp.Cli.Tests;

/// <summary><c>moga train</c> from beginning to end, stopped, killed, resumed.</summary>
public sealed class TrainTests : IDisposable
{
    private readonly TrainFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task A_run_ends_with_a_model_that_the_other_commands_take()
    {
        _fixture.WriteIdx("idx", train: 72, classes: 4, test: 240);
        Outcome outcome = (await _fixture.TrainAsync("--dtype", "float16", "--set", "rand_augment=none", "--seed", "3")).Succeeded();
        Assert.Matches(@"^top-1 \d+\.\d\d%  top-5 100\.00%  epoch \d  .*/run/model\n$", outcome.Output);
        Assert.Contains("custom, 4 classes, on 72 images (240 to evaluate on), cpu", outcome.Errors, StringComparison.Ordinal);
        Assert.Contains(
            "recipe small: 2 epochs and 1 of cool-down: 3 in all, batch 8, learning rate 0.004, AdamW, amp None",
            outcome.Errors,
            StringComparison.Ordinal
        );
        Assert.Equal(3, outcome.ErrorLines.Count(line => line.StartsWith("epoch ", StringComparison.Ordinal)));
        string[] files =
        [
            .. Directory
                .GetFiles(_fixture.Run)
                .Select(Path.GetFileName)
                .OfType<string>()
                .Where(name => !name.StartsWith("events.", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal),
        ];
        Assert.Equal(
            [
                ".lock",
                "best.safetensors",
                "curves.png",
                "curves.svg",
                "epochs.csv",
                "last.safetensors",
                "log.jsonl",
                "previous.safetensors",
                "recipe.json",
            ],
            files
        );
        TrainingRecipe used = RecipeJson.Load(Path.Combine(_fixture.Run, "recipe.json"));
        Assert.Equal(("", 3), (used.RandAugment, used.Seed));
        string card = Path.Combine(_fixture.Run, "model", "card.json");
        ModelCard model = ModelCard.Load(card);
        Assert.Equal(
            (4, 16, ResizeMode.Squash),
            (((MogaNetOptions)model.Options).NumClasses, model.Preprocess.Width, model.Preprocess.Mode)
        );
        Assert.Contains("recipe small: ", model.Origin, StringComparison.Ordinal);
        double top1 = (await Moga.RunAsync("eval", "--card", card, "--data", $"idx:{_fixture.Folder.File("idx")}", "--json"))
            .Json.GetProperty("top1")
            .GetDouble();
        // Float16 weights on another engine may move one of 240 images over a border.
        Assert.Equal(model.Metrics["top1"], 100 * top1, 0.45);

        // The newest checkpoint is a weight file as well, average included.
        foreach (string ema in new[] { "", "--ema" })
            (
                await Moga.RunAsync([
                    "eval",
                    "--card",
                    card,
                    "--weights",
                    Path.Combine(_fixture.Run, "last.safetensors"),
                    "--data",
                    $"idx:{_fixture.Folder.File("idx")}",
                    .. ema.Length > 0 ? new[] { ema } : [],
                ])
            ).Succeeded();
    }

    [Fact]
    public async Task Stopping_and_resuming_gives_the_same_run()
    {
        (await _fixture.TrainAsync()).Succeeded();
        Dictionary<string, byte[]> straight = TrainFixture.State(Path.Combine(_fixture.Run, "last.safetensors"));
        Directory.Delete(_fixture.Run, recursive: true);
        Outcome stopped = (await _fixture.TrainAsync("--stop-after", "13")).Succeeded();
        Assert.EndsWith(
            $"Stopped after update 13; to continue: moga train --resume --output {_fixture.Run}\n",
            stopped.Errors,
            StringComparison.Ordinal
        );
        Assert.Empty(stopped.Output);
        Outcome resumed = (await _fixture.ResumeAsync()).Succeeded();
        Assert.Contains("Continued from last.safetensors: update 13, epoch 2 of 3", resumed.Errors, StringComparison.Ordinal);
        CheckSame(straight, TrainFixture.State(Path.Combine(_fixture.Run, "last.safetensors")));

        // A finished run has nothing left to do, and says the same again.
        Assert.Equal(resumed.Output, (await _fixture.ResumeAsync()).Succeeded().Output);
    }

    // Ctrl-C, and what schedulers send before they kill.
    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task A_signal_to_end_saves_and_says_how_to_continue(string signal)
    {
        using Process process = Moga.Start(null, null, _fixture.Arguments("--set", "epochs=1000", "--log-every", "1"));
        await _fixture.UntilUpdateAsync(process, 12);
        await Moga.SignalAsync(process, signal);
        Outcome outcome = await Moga.FinishAsync(process);
        Assert.Equal(130, outcome.ExitCode);
        Assert.Contains($"to continue: moga train --resume --output {_fixture.Run}", outcome.ErrorLines[^1], StringComparison.Ordinal);
        Assert.True(TrainFixture.UpdateOf(Path.Combine(_fixture.Run, "last.safetensors")) >= 12);
    }

    // SIGKILL at random moments, over and over: every next run continues, and the end is that of a run that nobody disturbed.
    [Fact]
    public async Task A_run_that_is_killed_again_and_again_ends_as_if_it_had_not_been()
    {
        int kills = Environment.GetEnvironmentVariable("MOGA_LONG_TESTS") == "1" ? 60 : 4;
        string[] more = ["--resume", "--save-every", "1", "--log-every", "1", "--set", $"epochs={(kills > 10 ? 40 : 6)}"];
        (await _fixture.TrainAsync(more)).Succeeded();
        Dictionary<string, byte[]> straight = TrainFixture.State(Path.Combine(_fixture.Run, "last.safetensors"));
        string[] figures = Figures();
        Directory.Delete(_fixture.Run, recursive: true);
        var random = new Random(5);
        long reached = 0;
        for (int i = 0; i < kills; i++)
        {
            using Process process = Moga.Start(null, null, _fixture.Arguments(more));
            Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            // Some die before they begin, most in the middle of an update or of a checkpoint.
            if (i % 4 != 3)
                await _fixture.UntilUpdateAsync(process, reached + 1);
            await Task.Delay(random.Next(i % 4 == 3 ? 900 : 150), TestContext.Current.CancellationToken);
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.DoesNotContain("moga: ", await errors, StringComparison.Ordinal);
            string[] files =
            [
                .. new[] { "last", "next", "previous" }
                    .Select(name => Path.Combine(_fixture.Run, name + ".safetensors"))
                    .Where(File.Exists),
            ];
            long now = files.Select(TrainFixture.UpdateOf).DefaultIfEmpty().Max();
            Assert.True(now >= reached, $"{now} updates after {reached}");
            reached = now;
        }

        Assert.True(reached > 0);
        (await _fixture.TrainAsync(more)).Succeeded();
        CheckSame(straight, TrainFixture.State(Path.Combine(_fixture.Run, "last.safetensors")));
        Assert.Equal(figures, Figures());
        Assert.DoesNotContain(Directory.GetFiles(_fixture.Run), file => file.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_damaged_checkpoint_falls_back_to_the_one_before()
    {
        (await _fixture.TrainAsync("--stop-after", "18", "--save-every", "3")).Succeeded();
        string last = Path.Combine(_fixture.Run, "last.safetensors");
        byte[] bytes = await File.ReadAllBytesAsync(last, TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(last, bytes[..^100], TestContext.Current.CancellationToken);
        Outcome outcome = (await _fixture.ResumeAsync("--stop-after", "20")).Succeeded();
        Assert.Contains("A damaged checkpoint is passed over: ", outcome.Errors, StringComparison.Ordinal);
        Assert.Contains("Continued from previous.safetensors: update 18", outcome.Errors, StringComparison.Ordinal);
    }

    // The shell's limit on the size of files is a full disk that needs no rights: writes beyond it fail. The runtime's own memory
    // files, which the variable turns off, would be limited too.
    [Fact]
    public async Task A_full_disk_keeps_the_last_good_checkpoint_and_says_so()
    {
        (await _fixture.TrainAsync("--stop-after", "5")).Succeeded();
        byte[] before = await File.ReadAllBytesAsync(Path.Combine(_fixture.Run, "last.safetensors"), TestContext.Current.CancellationToken);
        string program = $"{Moga.Shell} train --resume --output '{_fixture.Run}' --device cpu --threads 1";
        using Process process = Moga.StartOther(
            "bash",
            null,
            null,
            "-c",
            $"trap '' XFSZ; export DOTNET_EnableWriteXorExecute=0; ulimit -f 100; exec {program}"
        );
        Outcome outcome = await Moga.FinishAsync(process);
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("The checkpoint of update 9 cannot be written to", outcome.Errors, StringComparison.Ordinal);
        Assert.Contains(
            $"The last good one is '{Path.Combine(_fixture.Run, "last.safetensors")}'.",
            outcome.ErrorLines[^1],
            StringComparison.Ordinal
        );
        Assert.Equal(
            before,
            await File.ReadAllBytesAsync(Path.Combine(_fixture.Run, "last.safetensors"), TestContext.Current.CancellationToken)
        );
        Assert.DoesNotContain(Directory.GetFiles(_fixture.Run), file => file.EndsWith(".tmp", StringComparison.Ordinal));
        Assert.Contains(
            "Continued from last.safetensors: update 5",
            (await _fixture.ResumeAsync()).Succeeded().Errors,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Fine_tuning_replaces_a_head_of_other_classes()
    {
        string weights = _fixture.Folder.File("weights.safetensors");
        Outcome same = (await _fixture.TrainAsync("--init", weights, "--stop-after", "1")).Succeeded();
        Assert.DoesNotContain("head", same.Errors, StringComparison.Ordinal);
        Directory.Delete(_fixture.Run, recursive: true);
        _fixture.WriteIdx("other", 72, 6);
        Outcome other = (
            await Moga.RunAsync([
                .. _fixture
                    .Arguments("--init", "pretrained", "--stop-after", "2", "--set", "frozen_stages=2", "--set", "layer_decay=0.7")
                    .Select(word => word.StartsWith("idx:", StringComparison.Ordinal) ? $"idx:{_fixture.Folder.File("other")}" : word),
            ])
        ).Succeeded();
        Assert.Contains(
            "The head of weights in memory has 4 classes, the data 6: a fresh one takes its place (head.bias, head.weight).",
            other.Errors,
            StringComparison.Ordinal
        );
        using Checkpoint file = Checkpoint.Open(Path.Combine(_fixture.Run, "last.safetensors"));
        using Checkpoint begun = Checkpoint.Open(weights);
        StateDict now = StateDict.From(file),
            first = StateDict.From(begun);
        foreach (TensorEntry tensor in first.Tensors.Where(tensor => tensor.Name.StartsWith("blocks", StringComparison.Ordinal)))
        {
            Assert.True(now.TryGet(tensor.Name, out TensorEntry? trained));
            bool frozen =
                tensor.Name.StartsWith("blocks1.", StringComparison.Ordinal)
                || tensor.Name.StartsWith("blocks2.", StringComparison.Ordinal);
            if (frozen)
                Assert.Equal(tensor.ToTensor().Data, trained.ToTensor().Data);
            else if (tensor.Name.EndsWith("fc1.weight", StringComparison.Ordinal))
                Assert.NotEqual(tensor.ToTensor().Data, trained.ToTensor().Data);
        }
    }

    private static void CheckSame(Dictionary<string, byte[]> expected, Dictionary<string, byte[]> actual)
    {
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        Assert.All(expected.Keys, name => Assert.True(expected[name].AsSpan().SequenceEqual(actual[name]), name));
    }

    // Times differ from run to run; figures do not.
    private string[] Figures() =>
        [.. File.ReadLines(Path.Combine(_fixture.Run, RunLog.EpochsFile)).Select(line => string.Join(',', line.Split(',').Take(10)))];
}
