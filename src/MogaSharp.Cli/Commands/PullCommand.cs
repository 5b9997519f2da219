using System.CommandLine;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Weights;

namespace MogaSharp.Cli.Commands;

/// <summary><c>moga pull</c>: downloads a model's weights into the cache.</summary>
internal static class PullCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("name") { Description = "A model of the catalogue, or a model card" };
        var verify = new Option<bool>("--verify") { Description = "Read weights that are there already in full, and check their SHA-256" };
        var command = new Command("pull", "Download a model's weights into the cache, resuming what is there") { name, verify };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                ModelCard card = ModelFinder.Card(parsed.GetValue(name)!);
                if (ModelSource.DownloadOf(card) is not { } file)
                {
                    string local = card.GetWeightsPath() ?? throw new FailureException($"The card of '{card.Name}' names no weights.");
                    Console.Out.WriteLine(
                        File.Exists(local)
                            ? local
                            : throw new FailureException($"The card of '{card.Name}' has no address, and there is no file '{local}'.")
                    );
                    return ExitCode.Success;
                }

                DownloadedModel downloaded = await Output
                    .WithProgressAsync(
                        $"Downloading {card.Name}",
                        report => ModelFinder.Downloader(parsed.GetValue(verify)).GetAsync(file, Output.Download(report), cancellationToken)
                    )
                    .ConfigureAwait(false);
                Console.Error.WriteLine($"{(downloaded.WasCached ? "already there" : "downloaded")}, SHA-256 {downloaded.Sha256}");
                Console.Out.WriteLine(downloaded.Path);
                return ExitCode.Success;
            }
        );
        return command;
    }
}
