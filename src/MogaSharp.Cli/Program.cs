using System.CommandLine;
using MogaSharp.Cli.Commands;
using MogaSharp.Torch;

namespace MogaSharp.Cli;

/// <summary>The <c>moga</c> command. stdout carries data, stderr everything else; exit codes are in <see cref="ExitCode"/>.</summary>
internal static class Program
{
    public static int Main(string[] args)
    {
        StatusLine.Install();
        var root = new RootCommand(
            "MogaNet for .NET: train, classify and segment images, find poses, predict video, evaluate, inspect and "
                + "convert weights, measure speed."
        )
        {
            ClassifyCommand.Create(),
            EvalCommand.Create(),
            ForwardCommand.Create(),
            ModelsCommand.Create(),
            InfoCommand.Create(),
            PlanCommand.Create(),
            ProfileCommand.Create(),
            PullCommand.Create(),
            InspectCommand.Create(),
            ConvertCommand.Create(),
            ExportCommand.Create(),
            BenchCommand.Create(),
            TrainCommand.Create(),
            PredictCommand.Create(),
            SegmentCommand.Create(),
            PoseCommand.Create(),
            DetectCommand.Create(),
            ExplainCommand.Create(),
            DataCommand.Create(),
        };
        root.Directives.Clear();
        CommonOptions.AddKey(root);
        PixelLimit.AddTo(root);
        Help.AddExamples(root);
        // A path may begin with @, which would otherwise name a file of arguments.
        args = CommandLineCheck.Normalize(args);
        ParseResult parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (CommandLineCheck.FindProblem(parsed, args) is { } problem)
            return Failure.Report(problem, ExitCode.Usage);

        CommonOptions.WeightsKey = parsed.GetValue(CommonOptions.Key);
        TorchRuntime.BeforeLoading = NativeShim.Build;
        if (TrainLauncher.IsChild)
            TrainLauncher.Listen(Stopping.Request);
        // Signals are ours: the library's own handling would end a training before its checkpoint is written.
        var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        return Stopping.Run(async token =>
        {
            PixelLimit.Apply(parsed);
            int code = await parsed.InvokeAsync(configuration, token).ConfigureAwait(false);
            Notices.OfThisRun.Flush();
            return code;
        });
    }
}
