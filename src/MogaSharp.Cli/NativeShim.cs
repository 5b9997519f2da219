using System.ComponentModel;
using System.Diagnostics;

namespace MogaSharp.Cli;

/// <summary>
/// Builds the shim over libtorch by the script that the launcher names, when something is about to need it: a mistake in the command line
/// is told before.
/// </summary>
internal static class NativeShim
{
    private const string Variable = "MOGA_NATIVE";

    /// <summary>
    /// Runs the script, which has nothing to do where the shim is up to date. Its messages go to stderr; without it, or when it fails,
    /// loading the shim says what is missing.
    /// </summary>
    public static void Build()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } script || TrainLauncher.IsChild)
            return;
        try
        {
            using Process process = Process.Start(
                new ProcessStartInfo(script) { RedirectStandardOutput = true, RedirectStandardError = true }
            )!;
            using IDisposable leaving = Stopping.WhenLeaving(() => process.Kill(entireProcessTree: true));
            process.OutputDataReceived += Pass;
            process.ErrorDataReceived += Pass;
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            process.WaitForExit();
            // A terminal sends Ctrl+C to the script as well, which may end before this process hears of it.
            const int Interrupted = 128 + 2;
            if (process.ExitCode == Interrupted || Stopping.Token.IsCancellationRequested)
                throw new OperationCanceledException();
        }
        catch (Win32Exception e)
        {
            Console.Error.WriteLine($"'{script}' cannot be run: {e.Message}");
        }
    }

    private static void Pass(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is { } text)
            Console.Error.WriteLine(Output.Printable(text));
    }
}
