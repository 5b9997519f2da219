using System.Diagnostics;
using System.Text.Json;

namespace MogaSharp.Cli.Tests;

/// <summary>What a run of the program gave.</summary>
internal sealed record Outcome(int ExitCode, string Output, string Errors)
{
    /// <summary>The lines of stderr but the one that is said whenever no model is named, which <see cref="DefaultModelTests"/> are
    /// about.</summary>
    public string[] ErrorLines =>
        [
            .. Errors
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Where(line => !line.StartsWith("note: without --model ", StringComparison.Ordinal)),
        ];

    /// <summary>What was left out, guessed or converted, as said on stderr.</summary>
    public string[] Notes => [.. ErrorLines.Where(IsNote)];

    /// <summary>stdout as JSON, after a success.</summary>
    public JsonElement Json
    {
        get
        {
            Succeeded();
            return JsonDocument.Parse(Output).RootElement;
        }
    }

    public Outcome Succeeded()
    {
        Assert.True(ExitCode == 0, Errors);
        return this;
    }

    /// <summary>Asserts an exit code, an empty stdout, and one clear line on stderr, notes aside, that holds the text.</summary>
    public void Failed(int exitCode, string text)
    {
        string line = Assert.Single(ErrorLines, line => !IsNote(line));
        Assert.StartsWith("moga: ", line, StringComparison.Ordinal);
        Assert.Contains(text, line, StringComparison.Ordinal);
        Assert.Equal(exitCode, ExitCode);
        Assert.Empty(Output);
    }

    private static bool IsNote(string line) => line.StartsWith("note: ", StringComparison.Ordinal);
}

/// <summary>Runs the built program as a user does.</summary>
internal static class Moga
{
    /// <summary>What is run: the program that MOGA_TEST_PROGRAM names, which is how ./test has all of these tests run what ./moga builds;
    /// else the one beside the tests.</summary>
    public static readonly string[] Command = Environment.GetEnvironmentVariable("MOGA_TEST_PROGRAM") is { Length: > 0 } program
        ? program.EndsWith(".dll", StringComparison.Ordinal)
            ? ["dotnet", program]
            : [program]
        : ["dotnet", Path.Combine(AppContext.BaseDirectory, "moga.dll")];

    /// <summary>The same for a shell.</summary>
    public static readonly string Shell = string.Join(' ', Command.Select(word => $"'{word}'"));

    private static readonly TimeSpan HangLimit = TimeSpan.FromSeconds(100);

    public static Task<Outcome> RunAsync(params string[] arguments) => RunInAsync(null, null, arguments);

    public static async Task<Outcome> RunInAsync(string? folder, string? cache, params string[] arguments)
    {
        using Process process = Start(folder, cache, arguments);
        return await FinishAsync(process);
    }

    public static Process Start(string? folder, string? cache, params string[] arguments) =>
        StartOther(Command[0], folder, cache, [.. Command[1..], .. arguments]);

    public static Process StartOther(string program, string? folder, string? cache, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        };
        start.Environment["MOGA_CACHE"] = cache ?? "/nonexistent/cache";
        return Process.Start(start)!;
    }

    /// <summary>Waits for the end. Whatever was asked for: no stack trace, no doubled prefix.</summary>
    public static async Task<Outcome> FinishAsync(Process process)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(HangLimit);
        try
        {
            Task<string> errors = process.StandardError.ReadToEndAsync(limit.Token);
            string output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            var outcome = new Outcome(0, output, await errors);
            await process.WaitForExitAsync(limit.Token);
            outcome = outcome with { ExitCode = process.ExitCode };
            Assert.DoesNotContain("   at ", outcome.Errors, StringComparison.Ordinal);
            Assert.DoesNotContain("xception", outcome.Errors, StringComparison.Ordinal);
            Assert.DoesNotContain("moga: moga:", outcome.Errors, StringComparison.Ordinal);
            return outcome;
        }
        catch
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    /// <summary>Sends a signal, as Ctrl+C in a terminal does.</summary>
    public static async Task SignalAsync(Process process, string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, kill.ExitCode);
    }
}
