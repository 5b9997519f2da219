using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using MogaSharp.Torch;
using MogaSharp.Training;

namespace MogaSharp.Cli.Tests;

/// <summary><c>moga train</c> in several processes: equal to one, killed, resumed, wrongly started, over two networks.</summary>
public sealed class TrainManyTests : IDisposable
{
    // Nothing that differs with the number of processes, so that two compute what one does.
    private static readonly string[] Plain =
    [
        "--set",
        "drop_path=0",
        "--set",
        "mixup=0",
        "--set",
        "cutmix=0",
        "--set",
        "optimizer=sgd",
        "--set",
        "sync_batch_norm=true",
    ];

    private readonly TrainFixture _fixture = new();

    public TrainManyTests() => Assert.SkipUnless(TorchProcessGroup.IsSupported(TorchDevice.Cpu), "the shim was built without c10d");

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task Two_processes_give_the_run_of_one()
    {
        Outcome one = (await _fixture.TrainAsync(Plain)).Succeeded();
        Dictionary<string, byte[]> expected = TrainFixture.State(Last);
        Directory.Delete(_fixture.Run, recursive: true);
        Outcome two = (await _fixture.TrainAsync(["--nproc", "2", "--stop-after", "13", .. Plain])).Succeeded();
        Assert.Contains("on 72 images (12 to evaluate on), cpu, 2 processes", two.Errors, StringComparison.Ordinal);
        Assert.EndsWith(
            $"Stopped after update 13; to continue: moga train --resume --output {_fixture.Run} --nproc 2\n",
            two.Errors,
            StringComparison.Ordinal
        );
        two = (await _fixture.ResumeAsync("--nproc=2")).Succeeded();
        CheckClose(expected, TrainFixture.State(Last));
        Assert.Equal(one.Output, two.Output);
    }

    // Whichever it is: the other ends by itself, long before a minute, and the run goes on from where it was.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_killed_process_ends_the_other_which_says_who_it_was(int killed)
    {
        int port = FreePort();
        string[] arguments = _fixture.Arguments([
            .. Plain,
            "--set",
            "epochs=1000",
            "--log-every",
            "1",
            "--save-every",
            "5",
            "--peer-timeout",
            "3",
        ]);
        using Process first = Start(null, 0, port, arguments),
            second = Start(null, 1, port, arguments);
        await _fixture.UntilUpdateAsync(first, 12);
        (Process victim, Process other) = killed == 0 ? (first, second) : (second, first);
        await Moga.SignalAsync(victim, "KILL");
        var clock = Stopwatch.StartNew();
        Outcome outcome = await Moga.FinishAsync(other);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, LossIsKnown(peerTimeout: 3));
        Assert.Equal(3, outcome.ExitCode);
        Assert.Contains($"rank {killed} (process {victim.Id} on ", outcome.ErrorLines[^1], StringComparison.Ordinal);
        Assert.Contains(
            "The last checkpoint is good: start all processes again with --resume to continue",
            outcome.ErrorLines[^1],
            StringComparison.Ordinal
        );
        long reached = TrainFixture.UpdateOf(Last);
        Assert.True(reached >= 5, $"{reached}");
        Outcome resumed = (await _fixture.ResumeAsync("--nproc", "2", "--stop-after", $"{reached + 3}")).Succeeded();
        Assert.Contains($"Continued from last.safetensors: update {reached},", resumed.Errors, StringComparison.Ordinal);
        Assert.Equal(reached + 3, TrainFixture.UpdateOf(Last));
    }

    [Fact]
    public async Task The_launcher_names_the_process_that_was_killed()
    {
        using Process launcher = Moga.Start(null, null, _fixture.Arguments("--nproc", "2", "--set", "epochs=1000", "--log-every", "1"));
        await _fixture.UntilUpdateAsync(launcher, 12);
        using Process children = Process.Start(
            new ProcessStartInfo("ps", ["--ppid", $"{launcher.Id}", "-o", "pid="]) { RedirectStandardOutput = true }
        )!;
        int[] ids =
        [
            .. (await children.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken))
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(int.Parse),
        ];
        Assert.Equal(2, ids.Length);
        using Process child = Process.GetProcessById(ids.Max());
        await Moga.SignalAsync(child, "KILL");
        Outcome outcome = await Moga.FinishAsync(launcher);
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains(
            $"(process {ids.Max()}) was ended by signal 9, as the system does when memory runs out; the other processes have been ended.",
            outcome.ErrorLines[^1],
            StringComparison.Ordinal
        );
        Assert.EndsWith($"moga train --resume --output {_fixture.Run} --nproc 2", outcome.ErrorLines[^1], StringComparison.Ordinal);
        Assert.All(ids, id => Assert.Throws<ArgumentException>(() => Process.GetProcessById(id)));
    }

    // Any process, at any moment, over and over.
    [Fact]
    public async Task A_run_of_two_that_is_killed_again_and_again_ends_as_if_it_had_not_been()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("MOGA_LONG_TESTS") == "1", "takes minutes; MOGA_LONG_TESTS=1 runs it");
        string[] more = ["--resume", "--nproc", "2", "--save-every", "1", "--log-every", "1", "--set", "epochs=20"];
        (await _fixture.TrainAsync(more)).Succeeded();
        Dictionary<string, byte[]> expected = TrainFixture.State(Last);
        Directory.Delete(_fixture.Run, recursive: true);
        var random = new Random(3);
        for (int i = 0; i < 20; i++)
        {
            using Process launcher = Moga.Start(null, null, _fixture.Arguments(more));
            await Task.Delay(random.Next(500, 6000), TestContext.Current.CancellationToken);
            using Process children = Process.Start(
                new ProcessStartInfo("ps", ["--ppid", $"{launcher.Id}", "-o", "pid="]) { RedirectStandardOutput = true }
            )!;
            string[] ids = (await children.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).Split(
                '\n',
                StringSplitOptions.RemoveEmptyEntries
            );
            if (ids.Length > 0)
                Process.GetProcessById(int.Parse(ids[random.Next(ids.Length)])).Kill();
            await Moga.FinishAsync(launcher);
        }

        (await _fixture.TrainAsync(more)).Succeeded();
        foreach (
            (string name, byte[] bytes) in TrainFixture
                .State(Last)
                .Where(pair => !pair.Key.StartsWith(TrainingCheckpoint.Random, StringComparison.Ordinal))
        )
            Assert.True(bytes.AsSpan().SequenceEqual(expected[name]), name);
    }

    [Fact]
    public async Task Ctrl_C_stops_all_processes_with_a_checkpoint()
    {
        using Process launcher = Moga.Start(null, null, _fixture.Arguments("--nproc", "2", "--set", "epochs=1000", "--log-every", "1"));
        await _fixture.UntilUpdateAsync(launcher, 12);
        await Moga.SignalAsync(launcher, "INT");
        Outcome outcome = await Moga.FinishAsync(launcher);
        Assert.Equal(130, outcome.ExitCode);
        Assert.EndsWith(
            $"to continue: moga train --resume --output {_fixture.Run} --nproc 2",
            outcome.ErrorLines[^1],
            StringComparison.Ordinal
        );
        Assert.True(TrainFixture.UpdateOf(Last) >= 12);
    }

    // PyTorch's own launcher, which serves the store itself.
    [Fact]
    public async Task Torchrun_starts_the_processes()
    {
        Assert.SkipUnless(
            File.Exists("/usr/bin/torchrun") || Directory.Exists("/usr/lib/python3/dist-packages/torch/distributed"),
            "torchrun is not installed (python3-torch)"
        );
        using Process torchrun = Moga.StartOther(
            "/usr/bin/python3",
            null,
            null,
            // With its defaults for the last two, torchrun 1.13 fails under Python 3.11.
            [
                "-m",
                "torch.distributed.run",
                "--nproc_per_node",
                "2",
                "--log_dir",
                _fixture.Folder.File("torchrun"),
                "--redirects",
                "2",
                "--tee",
                "2",
                "--master_port",
                $"{FreePort()}",
                "--no_python",
                .. Moga.Command,
                .. _fixture.Arguments(["--stop-after", "4"]),
            ]
        );
        Task<string> output = torchrun.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string errors = await torchrun.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await torchrun.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(torchrun.ExitCode == 0, errors + await output);
        Assert.Contains(", cpu, 2 processes", errors + await output, StringComparison.Ordinal);
        Assert.Equal(4, TrainFixture.UpdateOf(Last));
    }

    [Theory]
    [InlineData("RANK=0", "RANK is set, but WORLD_SIZE is not.", 1)]
    [InlineData(
        "RANK=1 WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=PORT",
        "Rank 1 cannot reach the master at 127.0.0.1:PORT (MASTER_ADDR, MASTER_PORT); it was tried for 2 s.",
        1
    )]
    [InlineData("RANK=0 WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=PORT", "Of 2 processes rank 1 has not come within 2 s.", 1)]
    [InlineData(
        "RANK=0 WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=TAKEN",
        "Rank 0 cannot serve on port TAKEN: another program uses it.",
        1
    )]
    [InlineData(
        "RANK=0 WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=1 --nproc",
        "--nproc starts processes itself, but RANK or WORLD_SIZE is set already",
        2
    )]
    public async Task A_wrong_start_is_one_clear_line(string variables, string message, int exitCode)
    {
        using var taken = new TcpListener(IPAddress.IPv6Any, 0);
        taken.Server.DualMode = true;
        taken.Start();
        string Filled(string text) =>
            text.Replace("PORT", $"{FreePortOnce}", StringComparison.Ordinal)
                .Replace("TAKEN", $"{((IPEndPoint)taken.LocalEndpoint).Port}", StringComparison.Ordinal);
        // MASTER_PORT itself keeps its name.
        string[] pairs =
        [
            .. variables
                .Split(' ')
                .Where(pair => pair.Contains('=', StringComparison.Ordinal))
                .Select(pair => $"{pair.Split('=')[0]}={Filled(pair.Split('=')[1])}"),
        ];
        string[] arguments = _fixture.Arguments([
            "--join-timeout",
            "2",
            .. variables.EndsWith("--nproc", StringComparison.Ordinal) ? new[] { "--nproc", "2" } : [],
        ]);
        using Process process = Moga.StartOther("env", null, null, [.. pairs, .. Moga.Command, .. arguments]);
        (await Moga.FinishAsync(process)).Failed(
            exitCode,
            Filled(message.Replace("MASTER_PORT", "MASTER\0", StringComparison.Ordinal))
                .Replace("MASTER\0", "MASTER_PORT", StringComparison.Ordinal)
        );
        Assert.False(Directory.Exists(_fixture.Run));
    }

    [Fact]
    public async Task What_is_wrong_with_the_run_is_said_once()
    {
        Outcome outcome = await _fixture.TrainAsync("--nproc", "3");
        Assert.Equal(2, outcome.ExitCode);
        Assert.Single(
            outcome.ErrorLines,
            line => line.Contains("batch_size 8 cannot be shared among 3 processes", StringComparison.Ordinal)
        );
        Assert.False(Directory.Exists(_fixture.Run));
    }

    // Two network namespaces with a cable between them: two machines as far as sockets can tell.
    [Fact]
    public async Task Two_networks_give_the_run_of_one_process()
    {
        string name = $"moga{Environment.ProcessId % 10000}";
        string a = name + "a",
            b = name + "b";
        string? refusal = await Ip($"netns add {a}");
        Assert.SkipWhen(refusal is not null, $"'ip netns add' is not permitted: {refusal}");
        try
        {
            foreach (
                string command in new[]
                {
                    $"netns add {b}",
                    $"link add {a} type veth peer name {b}",
                    $"link set {a} netns {a}",
                    $"link set {b} netns {b}",
                    $"-n {a} addr add 10.213.7.1/24 dev {a}",
                    $"-n {b} addr add 10.213.7.2/24 dev {b}",
                    $"-n {a} link set {a} up",
                    $"-n {b} link set {b} up",
                    $"-n {a} link set lo up",
                    $"-n {b} link set lo up",
                }
            )
                Assert.Null(await Ip(command));
            string[] arguments = _fixture.Arguments([.. Plain, "--stop-after", "13", "--peer-timeout", "4"]);
            (await _fixture.TrainAsync([.. Plain, "--stop-after", "13"])).Succeeded();
            Dictionary<string, byte[]> expected = TrainFixture.State(Last);
            Directory.Delete(_fixture.Run, recursive: true);
            using (
                Process first = Start(a, 0, 29500, arguments),
                    second = Start(b, 1, 29500, arguments)
            )
            {
                Task<Outcome> other = Moga.FinishAsync(second);
                (await Moga.FinishAsync(first)).Succeeded();
                (await other).Succeeded();
            }

            CheckClose(expected, TrainFixture.State(Last));

            // A pulled cable gives no error on any socket; both sides find out.
            using (
                Process first = Start(a, 0, 29501, Endless()),
                    second = Start(b, 1, 29501, Endless())
            )
            {
                await _fixture.UntilUpdateAsync(first, 30);
                Assert.Null(await Ip($"-n {a} link set {a} down"));
                var clock = Stopwatch.StartNew();
                Task<Outcome> other = Moga.FinishAsync(second);
                Outcome master = await Moga.FinishAsync(first),
                    worker = await other;
                Assert.InRange(clock.Elapsed, TimeSpan.Zero, LossIsKnown(peerTimeout: 4));
                Assert.Equal((3, 3), (master.ExitCode, worker.ExitCode));
                Assert.Contains("rank 1 (process ", master.ErrorLines[^1], StringComparison.Ordinal);
                Assert.Contains("rank 0 (process ", worker.ErrorLines[^1], StringComparison.Ordinal);
            }
        }
        finally
        {
            await Ip($"netns del {a}");
            await Ip($"netns del {b}");
        }

        string[] Endless() =>
            [
                "train",
                "--resume",
                "--output",
                _fixture.Run,
                "--device",
                "cpu",
                "--threads",
                "1",
                "--set",
                "epochs=1000",
                "--log-every",
                "1",
                "--peer-timeout",
                "4",
            ];
    }

    // A process is missed after the time and a tenth of it, is waited for as long and three tenths, and rank 0 gives the others the time
    // to leave. Twice that, as the machine may be busy; with the default of 20 s it would be more.
    private static TimeSpan LossIsKnown(double peerTimeout) => TimeSpan.FromSeconds(2 * (1.1 + 1.3 + 1) * peerTimeout);

    private string Last => Path.Combine(_fixture.Run, "last.safetensors");

    private int FreePortOnce { get; } = FreePort();

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static Process Start(string? network, int rank, int port, string[] arguments)
    {
        string[] environment =
        [
            "env",
            $"RANK={rank}",
            $"LOCAL_RANK={(network is null ? rank : 0)}",
            "WORLD_SIZE=2",
            $"MASTER_ADDR={(network is null ? "127.0.0.1" : "10.213.7.1")}",
            $"MASTER_PORT={port}",
        ];
        string[] line =
        [
            .. network is null ? Array.Empty<string>() : ["ip", "netns", "exec", network],
            .. environment,
            .. Moga.Command,
            .. arguments,
        ];
        return Moga.StartOther(line[0], null, null, line[1..]);
    }

    // Null, or what went wrong.
    private static async Task<string?> Ip(string arguments)
    {
        try
        {
            using Process ip = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardError = true })!;
            string errors = await ip.StandardError.ReadToEndAsync();
            await ip.WaitForExitAsync();
            return ip.ExitCode == 0 ? null : errors.Trim();
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return e.Message;
        }
    }

    // Gradients that are added up in another order are off by 2^-24 of their size and addition; of 10^4 additions, by 100 x 2^-24 = 6e-6.
    // 27 updates at a rate of 4e-3 with a momentum of 0.9 move a weight by 27 x 4e-3 / (1 - 0.9) = 1.1 gradients at most, and gradients
    // here are below 3.
    private const double Rounding = 2e-5;

    private static void CheckClose(Dictionary<string, byte[]> expected, Dictionary<string, byte[]> actual)
    {
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        foreach (
            (string name, byte[] bytes) in expected.Where(pair =>
                !pair.Key.StartsWith(TrainingCheckpoint.Random, StringComparison.Ordinal)
                && !pair.Key.EndsWith("num_batches_tracked", StringComparison.Ordinal)
            )
        )
        {
            for (int i = 0; i + 4 <= bytes.Length; i += 4)
            {
                float a = BitConverter.ToSingle(bytes, i),
                    b = BitConverter.ToSingle(actual[name], i);
                Assert.True(Math.Abs(a - b) <= Rounding * Math.Max(1, Math.Abs(a)), $"{name}[{i / 4}]: {a}, {b}");
            }
        }
    }
}
