using System.CommandLine;
using MogaSharp.Data;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga data check</c>: all faults of data sets, and what the sets hold.</summary>
internal static class DataCheckCommand
{
    private const int MostClasses = 30;

    public static Command Create()
    {
        var sets = new Argument<string[]>("data")
        {
            Description = "Data sets as --data of moga train and moga eval names them; all but those of clips",
            Arity = ArgumentArity.OneOrMore,
        };
        var split = new Option<string?>("--split") { Description = "Only one part: train or test; default: both", HelpName = "part" };
        split.AcceptOnlyFromAmong("train", "test");
        var decode = new Option<bool>("--decode")
        {
            Description =
                "Decode all images too, which takes as long as reading an epoch; else only their headers are read, and all annotations",
        };
        Option<bool> json = CommonOptions.Json();
        var command = new Command("check", "Find all faults of data sets, with file and line, and count what they hold")
        {
            sets,
            split,
            decode,
            json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                DatasetSplit[] splits = parsed.GetValue(split) switch
                {
                    "train" => [DatasetSplit.Train],
                    "test" => [DatasetSplit.Test],
                    _ => [],
                };
                // Mistakes in a later one are told before time is spent on the first.
                DataCheck[] checks =
                [
                    .. parsed.GetValue(sets)!.Select(text => new DataCheck(text, TaskModules.OfData(text)[0], parsed.GetValue(decode))),
                ];
                var reports = new List<CheckedSet>();
                foreach (DataCheck check in checks)
                {
                    CheckedSet report = await Output
                        .WithProgressAsync(
                            "Checking",
                            progress => Task.Run(() => check.Run(splits, progress, cancellationToken), cancellationToken)
                        )
                        .ConfigureAwait(false);
                    reports.Add(report);
                    if (!parsed.GetValue(json))
                        Print(report);
                }

                if (parsed.GetValue(json))
                    Output.Json([.. reports], CliJson.Printed.CheckedSetArray);
                return reports.TrueForAll(report => report.Faults.Length == 0) ? ExitCode.Success : ExitCode.Failure;
            }
        );
        return command;
    }

    private static void Print(CheckedSet report)
    {
        foreach (FoundFault fault in report.Faults)
            Output.Line(fault.Sentence);
        foreach (CheckedPart part in report.Parts)
        {
            string objects = part.Objects is { } count ? $", {Some(count, "object")}" : "";
            Output.Line(
                $"{report.Data}, {part.Part}: {Some(part.Images, "image")}{objects}, {Some(part.Classes.Length, "class", "classes")}"
            );
            if (part.Classes.Length <= MostClasses)
                PrintClasses(part);
        }

        Output.Line($"{report.Data}: {(report.Faults.Length == 0 ? "no faults" : Some(report.Faults.Length, "fault"))}");
    }

    private static void PrintClasses(CheckedPart part)
    {
        bool hasObjects = part.Objects is not null;
        Output.Table([
            ["  class ", "images", .. hasObjects ? (string[])["objects"] : []],
            .. part.Classes.Select(one => (string[])[$"  {one.Name}", $"{one.Images}", .. hasObjects ? (string[])[$"{one.Objects}"] : []]),
        ]);
    }

    private static string Some(int count, string one, string? many = null) => $"{count} {(count == 1 ? one : many ?? one + "s")}";
}
