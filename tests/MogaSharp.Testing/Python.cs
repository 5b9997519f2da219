using System.Diagnostics;

namespace MogaSharp.Testing;

/// <summary>Debian's Python, which has PyTorch and Pillow when <c>.ci/install</c> could install them.</summary>
public static class Python
{
    /// <summary>Runs it: <c>MOGA_PYTHON</c>, or <c>/usr/bin/python3</c>.</summary>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <param name="arguments">The command line.</param>
    /// <returns>The exit code, -1 when there is no Python; stdout; stderr.</returns>
    public static async Task<(int ExitCode, string Output, string Errors)> Run(
        CancellationToken cancellationToken,
        params string[] arguments
    )
    {
        string program = Environment.GetEnvironmentVariable("MOGA_PYTHON") ?? "/usr/bin/python3";
        if (!File.Exists(program))
            return (-1, "", $"{program} is not there.");
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(cancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return (process.ExitCode, output, await errors);
    }
}
