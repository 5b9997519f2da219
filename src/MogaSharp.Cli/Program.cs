using System.CommandLine;
using MogaSharp.Cli.Commands;

namespace MogaSharp.Cli;

/// <summary>The <c>moga</c> command. stdout carries data, stderr everything else; exit codes are in <see cref="ExitCode"/>.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        var root = new RootCommand("MogaNet for .NET: classify pictures, evaluate, inspect and convert weights, measure speed.")
        {
            ClassifyCommand.Create(), EvalCommand.Create(), ForwardCommand.Create(), ModelsCommand.Create(), InfoCommand.Create(), PlanCommand.Create(), ProfileCommand.Create(),
            PullCommand.Create(), InspectCommand.Create(), ConvertCommand.Create(), ExportCommand.Create(), BenchCommand.Create(),
        };
        Help.AddExamples(root);
        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            string command = string.Join(' ', args.TakeWhile(arg => !arg.StartsWith('-')).Take(1).Prepend("moga"));
            return Failure.Report($"{parsed.Errors[0].Message} ('{command} --help' shows the usage)", ExitCode.Usage);
        }

        using var cancellation = new CancellationTokenSource();
        Console.CancelKeyPress += (_, e) =>
        {
            e.Cancel = true;
            cancellation.Cancel();
        };
        try
        {
            // Ctrl+C is ours: the library's own handling would end the process after two seconds.
            var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return await parsed.InvokeAsync(configuration, cancellation.Token).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // The last line of defence: every failure becomes one line and an exit code.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return Failure.Report(e);
        }
    }
}
