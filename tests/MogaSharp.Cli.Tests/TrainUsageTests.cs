using System.Diagnostics;

namespace MogaSharp.Cli.Tests;

/// <summary>Command lines of <c>moga train</c> that cannot be carried out: one line, and nothing left behind.</summary>
public sealed class TrainUsageTests : IDisposable
{
    private readonly TrainFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("preset=huge", "There is no preset 'huge'; there are xt, t, s, b, l, xl, rsb-a3, fashion-mnist, convnext-tiny,")]
    [InlineData("preset=", "There is no preset for 'custom'; give --preset or --recipe (presets: xt, t, s,")]
    [InlineData("set=speed=1", "A recipe has no field 'speed'")]
    [InlineData("set=speed", "--set takes field=value, not 'speed'")]
    [InlineData("set=epochs=none", "'none' is not a value of the recipe's field epochs; it takes a whole number.")]
    [InlineData("set=mixup=-1", "The recipe breaks a rule: mixup is not negative.")]
    [InlineData("epochs=x", "'x' is not a value of the recipe's field epochs")]
    [InlineData("amp=fp8", "'fp8' is not a value of the recipe's field amp; it takes none, bf16, fp16.")]
    [InlineData("batch=640", "The 72 training images do not fill one batch of 640; take a batch_size of 72 or less.")]
    [InlineData("device=gpu", "'gpu' is not a device; write cpu, cuda or cuda:N")]
    [InlineData("workers=0", "--workers takes a whole number from 1")]
    [InlineData("init=missing.pth", "There is no file 'missing.pth'")]
    [InlineData("recipe=missing.json", "There is no file 'missing.json'")]
    [InlineData("data=fashion", "'fashion' does not say what it is; write folder:PATH or idx:PATH or tar:PATTERN")]
    [InlineData("data=folder:/missing", "There is no folder '/missing'")]
    [InlineData("model=moganet_huge", "No model is called 'moganet_huge'.")]
    public async Task A_wrong_option_says_so(string option, string message)
    {
        int equals = option.IndexOf('=', StringComparison.Ordinal);
        (string name, string value) = ("--" + option[..equals], option[(equals + 1)..]);
        List<string> arguments = [.. _fixture.Arguments()];
        if (name is "--preset")
            arguments.RemoveRange(arguments.IndexOf("--recipe"), 2);
        if (arguments.Contains(name))
            arguments.RemoveRange(arguments.IndexOf(name), 2);
        if (value.Length > 0)
            arguments.AddRange([name, value]);
        (await Moga.RunAsync([.. arguments])).Failed(2, message);
        Assert.False(Directory.Exists(_fixture.Run));
    }

    [Fact]
    public async Task What_is_missing_is_named()
    {
        (await Moga.RunAsync("train", "--data", "idx:x")).Failed(2, "--model is missing");
        (await Moga.RunAsync("train", "--model", "moganet_tiny")).Failed(2, "--data is missing; write folder:PATH");
        (await Moga.RunAsync("train", "--resume")).Failed(2, "--resume needs --output");
        (await _fixture.TrainAsync("--preset", "t")).Failed(2, "--preset and --recipe are both given; take one");
        (await Moga.RunAsync(_fixture.Arguments()[..^4].Append("--device").Append("cuda:9").ToArray())).Failed(
            2,
            "There is no device cuda:9"
        );
    }

    [Fact]
    public async Task Broken_data_and_foreign_weights_are_failures()
    {
        File.Delete(Path.Combine(_fixture.Folder.File("idx"), "train-labels-idx1-ubyte"));
        (await _fixture.TrainAsync()).Failed(1, "train-labels-idx1-ubyte: There is no such file");
        _fixture.WriteIdx("idx", 72, 4);
        Outcome foreign = await _fixture.TrainAsync("--init", Fixtures.ShippedWeights);
        Assert.Equal(1, foreign.ExitCode);
        Assert.Contains("model.safetensors do not fit the network: ", foreign.ErrorLines[0], StringComparison.Ordinal);
        (await _fixture.TrainAsync("--init", _fixture.Folder.File("recipe.json"))).Failed(1, "recipe.json");
        Assert.False(Directory.Exists(_fixture.Run));
    }

    [Fact]
    public async Task An_output_folder_with_a_run_in_it_is_not_overwritten()
    {
        (await _fixture.TrainAsync("--stop-after", "2")).Succeeded();
        DateTime before = File.GetLastWriteTimeUtc(Path.Combine(_fixture.Run, "last.safetensors"));
        (await _fixture.TrainAsync()).Failed(
            2,
            $"'{_fixture.Run}' holds another run; --resume continues it, another --output begins a new one"
        );
        Assert.Equal(before, File.GetLastWriteTimeUtc(Path.Combine(_fixture.Run, "last.safetensors")));
    }

    [Fact]
    public async Task A_run_is_resumed_only_as_what_it_was()
    {
        (await _fixture.TrainAsync("--stop-after", "2")).Succeeded();
        (await _fixture.ResumeAsync("--model", "moganet_tiny")).Failed(2, "trains custom, not moganet_tiny");
        (await _fixture.ResumeAsync("--preset", "t")).Failed(2, "The run was begun with the recipe small, not t");
        (await _fixture.ResumeAsync("--batch", "16")).Failed(2, "batch_size cannot change within a run: it was begun with 8, not 16.");
        (await _fixture.ResumeAsync("--init", "x.pth")).Failed(2, "--init is for a new run");
        _fixture.WriteIdx("other", 72, 6);
        (await _fixture.ResumeAsync("--data", $"idx:{_fixture.Folder.File("other")}")).Failed(2, "has 4 classes, the data 6");
        _fixture.WriteIdx("more", 80, 4);
        Outcome more = await _fixture.ResumeAsync("--data", $"idx:{_fixture.Folder.File("more")}");
        Assert.Equal(2, more.ExitCode);
        Assert.Contains("The run was begun on 72 training images; the data now has 80.", more.ErrorLines[^1], StringComparison.Ordinal);
        Outcome longer = (await _fixture.ResumeAsync("--epochs", "3", "--stop-after", "4")).Succeeded();
        Assert.Contains("Continuing with epochs 3 instead of 2", longer.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_checkpoint_resume_begins_and_damaged_ones_stop()
    {
        Outcome outcome = (await _fixture.TrainAsync("--resume", "--stop-after", "1")).Succeeded();
        Assert.Contains($"There is no checkpoint in '{_fixture.Run}' yet; the run begins", outcome.Errors, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(_fixture.Run, "last.safetensors"), "damaged");
        Outcome damaged = await _fixture.ResumeAsync();
        Assert.Equal(1, damaged.ExitCode);
        Assert.Contains("No checkpoint can be used.", damaged.ErrorLines[^1], StringComparison.Ordinal);
        Assert.Equal("damaged", File.ReadAllText(Path.Combine(_fixture.Run, "last.safetensors")));
    }

    [Fact]
    public async Task A_second_process_stays_out_of_the_folder()
    {
        using Process first = Moga.Start(null, null, _fixture.Arguments("--set", "epochs=1000", "--log-every", "1"));
        await _fixture.UntilUpdateAsync(first, 2);
        (await _fixture.TrainAsync("--resume")).Failed(2, $"Another process is training in '{_fixture.Run}'.");
        first.Kill();
        await first.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("--data", "folder:/missing", "There is no folder '/missing'")]
    [InlineData("--preset", "huge", "There is no preset 'huge'")]
    [InlineData("--device", "gpu", "'gpu' is not a device")]
    public async Task A_wrong_option_is_named_before_libtorch_is_missed(string option, string value, string message)
    {
        List<string> arguments = [.. _fixture.Arguments()];
        if (option == "--preset")
            arguments.RemoveRange(arguments.IndexOf("--recipe"), 2);
        if (arguments.Contains(option))
            arguments.RemoveRange(arguments.IndexOf(option), 2);
        var start = new ProcessStartInfo(Moga.Command[0], [.. Moga.Command[1..], .. arguments, option, value])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["MOGA_TORCH_SHIM"] = "/nonexistent/libmogatorch.so";
        using Process process = Process.Start(start)!;
        (await Moga.FinishAsync(process)).Failed(2, message);
    }

    [Fact]
    public async Task Without_libtorch_it_says_what_to_install()
    {
        var start = new ProcessStartInfo(Moga.Command[0], [.. Moga.Command[1..], .. _fixture.Arguments()])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["MOGA_TORCH_SHIM"] = "/nonexistent/libmogatorch.so";
        using Process process = Process.Start(start)!;
        Outcome outcome = await Moga.FinishAsync(process);
        outcome.Failed(1, "Training needs libtorch.");
        Assert.Contains("apt-get install -y libtorch-dev", outcome.Errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_fixture.Run));
    }
}
