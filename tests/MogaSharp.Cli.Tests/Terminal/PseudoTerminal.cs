using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace MogaSharp.Cli.Tests;

/// <summary>What a terminal is like.</summary>
internal sealed record TerminalKind
{
    public int Columns { get; init; } = 80;

    public string Name { get; init; } = "xterm-256color";

    public bool NoColor { get; init; }

    /// <summary>A file for stdout instead of the terminal.</summary>
    public string? OutputFile { get; init; }
}

/// <summary>The program as the leader of a session on a pseudo-terminal, where Ctrl+C is a key.</summary>
internal sealed partial class PseudoTerminal : IDisposable
{
    private const int ReadWrite = 2,
        NoControl = 0x100;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(100);

    private readonly SafeFileHandle _keeper;
    private readonly FileStream _keyboard;
    private readonly Screen _screen;
    private readonly Lock _lock = new();
    private readonly Task _reading;

    private PseudoTerminal(TerminalKind kind, string? cache, string[] arguments)
    {
        SafeFileHandle master = new(Opened(posix_openpt(ReadWrite | NoControl)), ownsHandle: true);
        Opened(grantpt(master));
        Opened(unlockpt(master));
        byte[] name = new byte[256];
        Opened(-ptsname_r(master, name, name.Length));
        string path = Encoding.ASCII.GetString(name, 0, Array.IndexOf(name, (byte)0));
        // While one handle is open, the terminal is not hung up.
        _keeper = new SafeFileHandle(Opened(open(path, ReadWrite | NoControl)), ownsHandle: true);
        _keyboard = new FileStream(master, FileAccess.ReadWrite, bufferSize: 0);
        _screen = new Screen(kind.Columns);
        const string Script =
            "stty -F \"$0\" cols \"$1\" rows 24; out=${2:-$0}; shift 2; exec setsid -c \"$@\" < \"$0\" > \"$out\" 2> \"$0\"";
        var start = new ProcessStartInfo(
            "/bin/sh",
            ["-c", Script, path, $"{kind.Columns}", kind.OutputFile ?? "", .. Moga.Command, .. arguments]
        );
        start.Environment["MOGA_CACHE"] = cache ?? "/nonexistent/cache";
        start.Environment["TERM"] = kind.Name;
        if (kind.NoColor)
            start.Environment["NO_COLOR"] = "1";
        Process = Process.Start(start)!;
        _reading = Task.Factory.StartNew(Read, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    public Process Process { get; }

    /// <summary>Starts the program.</summary>
    public static PseudoTerminal Start(TerminalKind kind, string? cache, params string[] arguments)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the harness drives Linux's pseudo-terminals");
        return new PseudoTerminal(kind, cache, arguments);
    }

    /// <summary>Runs the program to its end.</summary>
    public static async Task<(int ExitCode, Screen Screen)> RunAsync(TerminalKind kind, string? cache, params string[] arguments)
    {
        using PseudoTerminal terminal = Start(kind, cache, arguments);
        return await terminal.FinishAsync();
    }

    /// <summary>Presses Ctrl+C.</summary>
    public void PressCtrlC() => _keyboard.Write([3]);

    /// <summary>Waits until something was sent.</summary>
    public async Task UntilAsync(Func<Screen, bool> seen)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            lock (_lock)
            {
                if (seen(_screen))
                    return;
                Assert.False(Process.HasExited || clock.Elapsed > Patience, _screen.Transcript);
            }

            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Waits for the end.</summary>
    public async Task<(int ExitCode, Screen Screen)> FinishAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Patience);
        await Process.WaitForExitAsync(limit.Token);
        _keeper.Dispose();
        await _reading.WaitAsync(limit.Token);
        return (Process.ExitCode, _screen);
    }

    public void Dispose()
    {
        if (!Process.HasExited)
            Process.Kill(entireProcessTree: true);
        Process.Dispose();
        _keeper.Dispose();
        _keyboard.Dispose();
    }

    private void Read()
    {
        Decoder decoder = Encoding.UTF8.GetDecoder();
        byte[] bytes = new byte[4096];
        char[] chars = new char[4096];
        try
        {
            while (_keyboard.Read(bytes) is > 0 and int count)
            {
                int length = decoder.GetChars(bytes.AsSpan(0, count), chars, flush: false);
                lock (_lock)
                    _screen.Feed(new string(chars, 0, length));
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The other side is closed.
        }
    }

    private static int Opened(int result) =>
        result >= 0 ? result : throw new IOException($"no pseudo-terminal: error {Marshal.GetLastPInvokeError()}");

#pragma warning disable SYSLIB1054, CA5392, IDE1006, SA1300 // The C library's own names.
    [LibraryImport("libc", SetLastError = true)]
    private static partial int posix_openpt(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int grantpt(SafeFileHandle master);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int unlockpt(SafeFileHandle master);

    [LibraryImport("libc")]
    private static partial int ptsname_r(SafeFileHandle master, byte[] name, nint length);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);
#pragma warning restore SYSLIB1054, CA5392, IDE1006, SA1300
}
