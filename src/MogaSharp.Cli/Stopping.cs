using System.Runtime.InteropServices;

namespace MogaSharp.Cli;

/// <summary>
/// Ends a command at Ctrl+C, SIGTERM or SIGHUP. What can be cancelled has a moment to end in order; then the process ends without it: a
/// named pipe that nobody writes to, or a disk that does not answer, would keep it forever. A second signal ends it at once.
/// </summary>
internal static partial class Stopping
{
    private const string Cancelled = "Cancelled.";

    /// <summary>How long what was cancelled may take to end in order.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    private static readonly CancellationTokenSource Source = new();
    private static readonly ManualResetEventSlim Overdue = new();
    private static readonly Lock Guard = new();
    private static readonly List<Action> Leaving = [];
    private static int _holds;
    private static long _since;

    /// <summary>Cancelled by the first signal.</summary>
    public static CancellationToken Token => Source.Token;

    /// <summary>Runs a command away from the main thread, which waits for it or for the end of the grace.</summary>
    /// <returns>The command's exit code.</returns>
    public static int Run(Func<CancellationToken, Task<int>> command)
    {
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using PosixSignalRegistration hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal);
        var work = Task.Run(() => RunAsync(command));
        WaitHandle[] ends = [((IAsyncResult)work).AsyncWaitHandle, Overdue.WaitHandle];
        WaitHandle.WaitAny(ends);
        return work.IsCompleted ? work.Result : Leave();
    }

    /// <summary>Asks the command to end, as the first signal does.</summary>
    public static void Request()
    {
        lock (Guard)
        {
            if (_since != 0)
                return;
            _since = Environment.TickCount64;
        }

        // What is called back may block as well.
        new Thread(Source.Cancel) { IsBackground = true }.Start();
        new Thread(Watch) { IsBackground = true }.Start();
    }

    /// <summary>As long as the result is not disposed, what was cancelled may take any time: a training writes its checkpoint.</summary>
    public static IDisposable Hold()
    {
        lock (Guard)
            _holds++;
        return new Holding();
    }

    /// <summary>Does something should the process end without waiting for its work; until the result is disposed.</summary>
    public static IDisposable WhenLeaving(Action action)
    {
        lock (Guard)
            Leaving.Add(action);
        return new Registration(action);
    }

    private static async Task<int> RunAsync(Func<CancellationToken, Task<int>> command)
    {
        try
        {
            return await command(Source.Token).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // The last line of defence: every failure becomes one line and an exit code.
        catch (Exception e)
#pragma warning restore CA1031
        {
            StatusLine.Clear();
            Notices.OfThisRun.Flush();
            // What breaks because its files were closed under it was cancelled.
            return Source.IsCancellationRequested && Failure.Describe(e) is null
                ? Failure.Report(Cancelled, ExitCode.Cancelled)
                : Failure.Report(e);
        }
    }

    private static void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        // A terminal sends it to all processes of a training; the one that started them says what to do.
        if (TrainLauncher.IsChild && context.Signal == PosixSignal.SIGINT)
            return;
        if (_since == 0)
            Request();
        else
            Overdue.Set();
    }

    private static void Watch()
    {
        while (true)
        {
            long left;
            lock (Guard)
            {
                if (_holds > 0)
                    _since = Environment.TickCount64;
                left = _since + (long)Grace.TotalMilliseconds - Environment.TickCount64;
            }

            if (left <= 0)
                break;
            Thread.Sleep((int)Math.Min(left, 100));
        }

        Overdue.Set();
    }

    private static int Leave()
    {
        Action[] last;
        lock (Guard)
            last = [.. Leaving];
        foreach (Action action in last)
            action();
        StatusLine.Clear();
        Notices.OfThisRun.Flush();
        int code = Failure.Report(Cancelled, ExitCode.Cancelled);
        // An orderly exit would wait for what is blocked, and take libraries down under threads that compute.
        if (OperatingSystem.IsWindows())
            Environment.Exit(code);
        else
            ExitNow(code);
        return code;
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void ExitNow(int code);

    private sealed class Holding : IDisposable
    {
        private bool _isOver;

        public void Dispose()
        {
            lock (Guard)
            {
                if (_isOver)
                    return;
                _isOver = true;
                _holds--;
            }
        }
    }

    private sealed class Registration(Action action) : IDisposable
    {
        public void Dispose()
        {
            lock (Guard)
                Leaving.Remove(action);
        }
    }
}
