using System.Diagnostics;

namespace MogaSharp.Imaging.Tests;

/// <summary>Runs the explicit tests of a class in a process of their own.</summary>
internal static class OwnProcess
{
    /// <summary>Runs them, and fails when one of them does.</summary>
    /// <returns>What the process wrote to stdout and stderr.</returns>
    public static async Task<(string Output, string Errors)> RunAsync(Type tests)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardError = true };
        // Under "dotnet test" the process may be the dotnet host instead of the test program itself.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(tests.Assembly.Location);
        foreach (string argument in new[] { "-class", tests.FullName!, "-explicit", "only", "-noColor" })
            start.ArgumentList.Add(argument);
        using Process child = Process.Start(start)!;
        Task<string> errors = child.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await child.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await child.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(child.ExitCode == 0, output);
        return (output, await errors);
    }
}
