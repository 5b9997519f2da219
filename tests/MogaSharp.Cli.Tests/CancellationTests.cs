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
        Assert.StartsWith("measured custom", await bench.StandardError.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await Moga.SignalAsync(bench, "INT");
        (await Moga.FinishAsync(bench)).Failed(130, "cancelled");
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
        (await Moga.FinishAsync(process)).Failed(130, "cancelled");
    }

    [Fact]
    public async Task Ctrl_C_twice_ends_what_waits_for_a_pipe()
    {
        string pipe = _folder.File("pipe.png");
        using (Process mkfifo = Process.Start("mkfifo", [pipe])) await mkfifo.WaitForExitAsync(TestContext.Current.CancellationToken);
        using Process process = Moga.Start(null, null, "inspect", pipe);
        await Task.Delay(1500, TestContext.Current.CancellationToken);
        Assert.False(process.HasExited);
        await Moga.SignalAsync(process, "INT");
        await Task.Delay(200, TestContext.Current.CancellationToken);
        if (!process.HasExited) await Moga.SignalAsync(process, "INT");
        Assert.NotEqual(0, (await Moga.FinishAsync(process)).ExitCode);
    }

    // The process has read its weights and computes when it has used more than a second of processor time.
    private static async Task UntilBusy(Process process)
    {
        while (true)
        {
            process.Refresh();
            if (process.TotalProcessorTime > TimeSpan.FromSeconds(1.5)) return;
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }
}
