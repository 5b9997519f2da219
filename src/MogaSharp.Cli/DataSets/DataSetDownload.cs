using System.Collections.Immutable;
using MogaSharp.Data;
using MogaSharp.Weights;

namespace MogaSharp.Cli;

/// <summary>Brings the packed files of a data set into the cache, from the first of its addresses that has them.</summary>
/// <param name="downloader">Downloads into the folder that the data set's own folder will lie in.</param>
/// <param name="card">The data set.</param>
internal sealed class DataSetDownload(ModelDownloader downloader, DataCard card)
{
    /// <summary>Downloads all files that are not there yet, each checked by its hash.</summary>
    /// <param name="use">Takes the folder of the files; afterwards they are removed.</param>
    /// <param name="progress">Receives each file.</param>
    /// <param name="cancellationToken">Ends the download; what has arrived stays for the next time.</param>
    /// <exception cref="DownloadException">A file cannot be had from any address; the message names them.</exception>
    public async Task FetchAsync(Action<string> use, IProgress<DownloadProgress>? progress, CancellationToken cancellationToken)
    {
        var paths = new List<string>();
        foreach (DataFile data in card.Files)
        {
            ImmutableArray<Uri> addresses = [.. card.Addresses.Select(folder => new Uri(folder, $"{data.Name}.gz"))];
            // What the hash says is enough; there is not a weight file to look into.
            var file = new ModelFile($"{data.Name}.gz", addresses[0], data.PackedSha256)
            {
                Mirrors = addresses[1..],
                FindProblem = (_, _) => null,
            };
            paths.Add((await downloader.GetAsync(file, progress, cancellationToken).ConfigureAwait(false)).Path);
        }

        use(Path.GetDirectoryName(paths[0])!);
        foreach (string path in paths)
        {
            File.Delete(path);
            File.Delete($"{path}.json");
        }
    }
}
