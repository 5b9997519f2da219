using MogaSharp.Testing;

namespace MogaSharp.Weights.Tests;

/// <summary>Files that PyTorch itself writes, for tests that are skipped where it is not installed.</summary>
internal static class PyTorchScript
{
    /// <summary>Runs a script with torch; its arguments are <c>sys.argv[1:]</c>.</summary>
    public static async Task RunAsync(string script, params string[] arguments)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        bool has =
            (
                await Python.Run(cancellation, "-c", "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is None)")
            ).ExitCode == 0;
        Assert.SkipUnless(has, "PyTorch for Python is not installed.");
        (int exitCode, _, string errors) = await Python.Run(cancellation, ["-c", "import sys, torch\n" + script, .. arguments]);
        Assert.True(exitCode == 0, errors);
    }
}
