using System.CommandLine;
using System.Runtime.InteropServices;
using MogaSharp.Cli.Commands;

namespace MogaSharp.Cli;

/// <summary>The <c>moga</c> command. stdout carries data, stderr everything else; exit codes are in <see cref="ExitCode"/>.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        var root = new RootCommand("MogaNet for .NET: train, classify pictures, predict video, evaluate, inspect and convert weights, measure speed.")
        {
            ClassifyCommand.Create(), EvalCommand.Create(), ForwardCommand.Create(), ModelsCommand.Create(), InfoCommand.Create(), PlanCommand.Create(), ProfileCommand.Create(),
            PullCommand.Create(), InspectCommand.Create(), ConvertCommand.Create(), ExportCommand.Create(), BenchCommand.Create(), TrainCommand.Create(),
            PredictCommand.Create(), DataCommand.Create(),
        };
        root.Directives.Clear();
        Shared.AddKey(root);
        Help.AddExamples(root);
        // A path may begin with @, which would otherwise name a file of arguments.
        ParseResult parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0) return Failure.Report(Problem(parsed), ExitCode.Usage);

        Shared.WeightsKey = parsed.GetValue(Shared.Key);
        using var cancellation = new CancellationTokenSource();
        Console.CancelKeyPress += (_, e) =>
        {
            // A terminal sends it to all processes of a training; the one that started them says what to do.
            if (TrainLauncher.IsChild)
            {
                e.Cancel = true;
                return;
            }

            // The second time the process ends at once: something may be waiting that cannot be cancelled, such as a pipe.
            e.Cancel = !cancellation.IsCancellationRequested;
            cancellation.Cancel();
        };

        // What schedulers send before they kill: a training still writes its checkpoint.
        using PosixSignalRegistration ended = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
        {
            signal.Cancel = !cancellation.IsCancellationRequested;
            cancellation.Cancel();
        });
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

    private static string Problem(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        string problem = string.Join(' ', parsed.Errors[0].Message.Split((char[])['\n', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.');
        if (command is RootCommand)
        {
            string all = string.Join(", ", command.Subcommands.Select(known => known.Name));
            string? wrong = parsed.UnmatchedTokens is [string first, ..] ? first : null;
            problem = wrong is null ? $"no command is given; there are {all}" : $"there is no {(wrong.StartsWith('-') ? "option" : "command")} '{wrong}'; the commands are {all}";
        }

        return $"{problem} ('{(command is RootCommand ? "moga" : $"moga {command.Name}")} --help' shows the usage)";
    }
}
