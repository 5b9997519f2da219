using System.Diagnostics;
using System.Globalization;

namespace MogaSharp.Cli;

/// <summary>A peer in a process of its own: it says its name, then answers each line with the milliseconds of one step.</summary>
internal sealed class ProcessPeer : IBenchmarkPeer
{
    private readonly Process _process;
    private readonly string _what;

    /// <summary>Starts it.</summary>
    /// <param name="what">What it is, in messages.</param>
    /// <param name="program">The program.</param>
    /// <param name="arguments">Its command line.</param>
    /// <exception cref="FailureException">It ended.</exception>
    public ProcessPeer(string what, string program, params string[] arguments)
    {
        _what = what;
        _process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        try
        {
            Name = Answer();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Name { get; }

    public double Step()
    {
        _process.StandardInput.WriteLine("step");
        _process.StandardInput.Flush();
        return double.Parse(Answer(), CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private string Answer() =>
        _process.StandardOutput.ReadLine() ?? throw new FailureException($"The peer in {_what} ended; its message is above.");
}
