using System.Diagnostics;
using MogaSharp.Testing;

namespace MogaSharp.Cli.Tests;

public sealed class CancellationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Ctrl_C_ends_a_measurement_with_one_line()
    {
        string card = Fixtures.WriteModel(_folder, Fixtures.Small);
        // The first line says that the first case is over; a thousand more follow.
        string[] batches = [.. Enumerable.Range(1, 1000).Select(batch => $"{batch}")];
        using Process bench = Moga.Start(null, null, ["bench", card, "--size", "8", "--seconds", "1", "--batch", .. batches]);
        Assert.StartsWith(
            "measured custom",
            await bench.StandardError.ReadLineAsync(TestContext.Current.CancellationToken),
            StringComparison.Ordinal
        );
        await Moga.SignalAsync(bench, "INT");
        (await Moga.FinishAsync(bench)).Failed(130, "Cancelled.");
    }

    [Fact]
    public async Task Ctrl_C_ends_an_evaluation_with_one_line()
    {
        // Thousands of inputs of 512 x 512: minutes of work.
        byte[] labels = new byte[20_000];
        _folder.File("t10k-images-idx3-ubyte", IdxWriter.Bytes([labels.Length, 2, 2], new byte[4 * labels.Length]));
        _folder.File("t10k-labels-idx1-ubyte", IdxWriter.Bytes([labels.Length], labels));
        string card = Fixtures.WriteModel(_folder, Fixtures.Small, side: 512);
        using Process process = Moga.Start(null, null, "eval", "--card", card, "--data", $"idx:{_folder.FullName}", "--json");
        await UntilBusy(process);
        await Moga.SignalAsync(process, "INT");
        (await Moga.FinishAsync(process)).Failed(130, "Cancelled.");
    }

    // Whatever waits for a pipe that nobody writes to: the first signal ends it, within its grace of two seconds.
    [Fact]
    public async Task A_signal_ends_what_waits_for_a_pipe()
    {
        string card = Fixtures.WriteModel(_folder, Fixtures.Small),
            image = Fixtures.Sample("bag_0018.png"),
            written = _folder.File("out");
        string Pipe(string name) => MakePipe(name);
        (string Signal, string[] Arguments)[] cases =
        [
            ("TERM", ["classify", Pipe("p.png"), "--model", card]),
            ("INT", ["classify", image, "--model", card, "--weights", Pipe("w.pth")]),
            ("HUP", ["classify", image, "--model", Pipe("c.json")]),
            ("TERM", ["inspect", Pipe("i.safetensors")]),
            ("INT", ["convert", Pipe("v.pth"), written + ".safetensors"]),
            ("TERM", ["export", card, "--weights", Pipe("e.pth"), "--onnx", written + ".onnx"]),
            ("TERM", ["predict", Pipe("p.npy"), "--output", written]),
            ("TERM", ["info", Pipe("j.json")]),
            ("INT", ["eval", "--model", card, "--data", $"idx:{PipeFolder()}"]),
            ("TERM", ["forward", "--model", card, "--input", Pipe("f.safetensors"), "--output", written]),
        ];
        // A few at a time: the grace is measured, so they should not wait for each other.
        foreach ((string Signal, string[] Arguments)[] group in cases.Chunk(4))
            await Task.WhenAll(group.Select(item => EndsAsync(item.Signal, item.Arguments)));
        Assert.DoesNotContain(
            Directory.EnumerateFileSystemEntries(_folder.FullName),
            path => Path.GetFileName(path).StartsWith("out", StringComparison.Ordinal) || path.EndsWith(".tmp", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task A_training_that_is_still_opening_its_data_ends_too()
    {
        using var fixture = new TrainFixture();
        File.Delete(fixture.Folder.File("idx/t10k-labels-idx1-ubyte"));
        await RunAsync("mkfifo", fixture.Folder.File("idx/t10k-labels-idx1-ubyte"));
        await EndsAsync("TERM", fixture.Arguments());
        Assert.False(Directory.Exists(fixture.Run));
    }

    private static async Task EndsAsync(string signal, string[] arguments)
    {
        using Process process = Moga.Start(null, null, arguments);
        await UntilListening(process);
        await Task.Delay(500, TestContext.Current.CancellationToken);
        Assert.False(process.HasExited, string.Join(' ', arguments));
        var clock = Stopwatch.StartNew();
        await Moga.SignalAsync(process, signal);
        (await Moga.FinishAsync(process)).Failed(130, "Cancelled.");
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"{clock.Elapsed}: {string.Join(' ', arguments)}");
    }

    // .NET itself does not catch SIGHUP, so the program has come to its own handlers when it is caught.
    private static async Task UntilListening(Process process)
    {
        while (!process.HasExited)
        {
            string caught = (await File.ReadAllLinesAsync($"/proc/{process.Id}/status", TestContext.Current.CancellationToken)).First(
                line => line.StartsWith("SigCgt:", StringComparison.Ordinal)
            );
            if ((Convert.ToUInt64(caught["SigCgt:".Length..].Trim(), 16) & 1) != 0)
                return;
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    private string PipeFolder()
    {
        string folder = Directory.CreateDirectory(_folder.File("idx")).FullName;
        MakePipe("idx/t10k-images-idx3-ubyte");
        MakePipe("idx/t10k-labels-idx1-ubyte");
        return folder;
    }

    private string MakePipe(string name)
    {
        string path = _folder.File(name);
        RunAsync("mkfifo", path).GetAwaiter().GetResult();
        return path;
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
    }

    // The process has read its weights and computes when it has used more than a second of processor time.
    private static async Task UntilBusy(Process process)
    {
        while (true)
        {
            process.Refresh();
            if (process.TotalProcessorTime > TimeSpan.FromSeconds(1.5))
                return;
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }
}
