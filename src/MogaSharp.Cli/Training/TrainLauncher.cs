using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace MogaSharp.Cli;

/// <summary><c>moga train --nproc N</c>: starts N processes of itself with torchrun's variables, and ends them all when one
/// fails.</summary>
internal static class TrainLauncher
{
    private const string ChildVariable = "MOGA_TRAIN_CHILD",
        Stop = "stop",
        Option = "--nproc";

    // Processes that hear from another why it failed end by themselves within this time.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    /// <summary>Whether this process was started by another one's <c>--nproc</c>.</summary>
    public static bool IsChild { get; } = Environment.GetEnvironmentVariable(ChildVariable) == "1";

    /// <summary>What to add to a command line to start as many processes as now; empty where this one was started otherwise.</summary>
    public static string Again => IsChild ? $" {Option} {Environment.GetEnvironmentVariable("WORLD_SIZE")}" : "";

    /// <summary>Calls back when the launcher asks to stop, or is gone.</summary>
    public static void Listen(Action stop) =>
        new Thread(() =>
        {
            while (Console.In.ReadLine() is { } line && line != Stop) { }

            stop();
        })
        {
            IsBackground = true,
        }.Start();

    /// <summary>Starts the processes and waits for them.</summary>
    /// <returns>The exit code of the first process that failed; else rank 0's.</returns>
    public static async Task<int> RunAsync(int count, string folder, CancellationToken cancellationToken)
    {
        if (
            IsChild
            || Environment.GetEnvironmentVariable("RANK") is { Length: > 0 }
            || Environment.GetEnvironmentVariable("WORLD_SIZE") is { Length: > 0 }
        )
            throw new UsageException(
                $"{Option} starts processes itself, but RANK or WORLD_SIZE is set already; leave {Option} out under torchrun, or "
                    + "unset them."
            );
        int port = FreePort();
        Process[] processes = [.. Enumerable.Range(0, count).Select(rank => Start(rank, count, port))];
        // The processes have a grace each; should this one be told again, it takes them along.
        using IDisposable held = Stopping.Hold(),
            leaving = Stopping.WhenLeaving(() => Array.ForEach(processes, Kill));
        try
        {
            using CancellationTokenRegistration stop = cancellationToken.Register(() => Array.ForEach(processes, Ask));
            List<Task<int>> running = [.. processes.Select(EndAsync)];
            Task<int>[] all = [.. running];
            bool failed = false;
            while (running.Count > 0 && !failed)
            {
                Task<int> ended = await Task.WhenAny(running).ConfigureAwait(false);
                running.Remove(ended);
                failed = !IsInOrder(await ended.ConfigureAwait(false));
            }

            if (!failed)
                return all[0].Result == ExitCode.PeerLost ? Failure.Report("Cancelled.", ExitCode.Cancelled) : all[0].Result;
            await Task.WhenAny(Task.WhenAll(all), Task.Delay(Grace, CancellationToken.None)).ConfigureAwait(false);
            // Those that we end count as ended by another's fault.
            int first = Array.FindIndex(
                all,
                task => task.IsCompleted && task.Result is not (ExitCode.Success or ExitCode.Cancelled or ExitCode.PeerLost)
            );
            if (first < 0)
                first = Array.FindIndex(all, task => task.IsCompleted && task.Result == ExitCode.PeerLost);
            int id = processes[first].Id,
                code = all[first].Result;
            foreach (Process process in processes)
                Kill(process);
            await Task.WhenAll(all).ConfigureAwait(false);
            return Report(first, id, code, count, folder);
        }
        finally
        {
            foreach (Process process in processes)
            {
                Kill(process);
                process.Dispose();
            }
        }

        // A process that was still opening its data when all were asked to stop ends without the others.
        bool IsInOrder(int code) =>
            code is ExitCode.Success or ExitCode.Cancelled || (code == ExitCode.PeerLost && cancellationToken.IsCancellationRequested);
    }

    private static int Report(int rank, int id, int code, int count, string folder)
    {
        string what =
            code > 128
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"was ended by signal {code - 128}{(code == 137 ? ", as the system does when memory runs out" : "")}"
                )
                : string.Create(CultureInfo.InvariantCulture, $"failed with exit code {code}");
        Failure.Report(
            $"Rank {rank} (process {id}) {what}; the other processes have been ended. To continue from the last checkpoint: moga "
                + $"train --resume --output {folder} {Option} {count}",
            code
        );
        return code is ExitCode.Usage ? ExitCode.Usage : ExitCode.Failure;
    }

    private static Process Start(int rank, int count, int port)
    {
        string program = Environment.ProcessPath!;
        string[] line = Environment.GetCommandLineArgs();
        // Under "dotnet moga.dll" the program is dotnet, and the first argument what it runs.
        bool hosted = Path.GetFileNameWithoutExtension(program).Equals("dotnet", StringComparison.OrdinalIgnoreCase);
        var start = new ProcessStartInfo(program, [.. hosted ? [line[0]] : Array.Empty<string>(), .. WithoutOption(line[1..])])
        {
            RedirectStandardInput = true,
            // Rank 0 speaks for all, and may draw on the terminal.
            RedirectStandardOutput = rank > 0,
            RedirectStandardError = rank > 0,
        };
        foreach (
            (string name, string value) in new[]
            {
                (ChildVariable, "1"),
                ("RANK", Text(rank)),
                ("LOCAL_RANK", Text(rank)),
                ("WORLD_SIZE", Text(count)),
                ("LOCAL_WORLD_SIZE", Text(count)),
                ("MASTER_ADDR", "127.0.0.1"),
                ("MASTER_PORT", Text(port)),
            }
        )
            start.Environment[name] = value;
        Process process = Process.Start(start)!;
        if (rank == 0)
            return process;
        process.OutputDataReceived += (_, line) => Pass(line.Data);
        process.ErrorDataReceived += (_, line) => Pass(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;

        void Pass(string? text)
        {
            // Rank 0 may have a bar in this row.
            if (text is not null)
                Console.Error.WriteLine($"{(StatusLine.IsPossible ? StatusLine.Erase : "")}[{rank}] {text}");
        }
    }

    private static IEnumerable<string> WithoutOption(string[] arguments)
    {
        for (int i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] == Option)
                i++;
            else if (
                !arguments[i].StartsWith(Option + "=", StringComparison.Ordinal)
                && !arguments[i].StartsWith(Option + ":", StringComparison.Ordinal)
            )
                yield return arguments[i];
        }
    }

    private static async Task<int> EndAsync(Process process)
    {
        await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        return process.ExitCode;
    }

    private static void Ask(Process process)
    {
        try
        {
            process.StandardInput.WriteLine(Stop);
            process.StandardInput.Flush();
        }
        catch (IOException)
        {
            // It has ended already.
        }
    }

    private static void Kill(Process process)
    {
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
