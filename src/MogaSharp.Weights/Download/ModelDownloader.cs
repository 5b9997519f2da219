using System.Security.Cryptography;

namespace MogaSharp.Weights;

/// <summary>
/// Downloads weight files, or what a <see cref="ModelFile"/> says else, into a cache folder. A broken download is resumed; a file
/// appears under its name only when it is complete, opens as a checkpoint and has the right SHA-256. Several processes may ask for the same
/// file at once.
/// </summary>
/// <param name="client">Used for all requests; it stays the caller's.</param>
/// <param name="options">How to download; <see cref="DownloadOptions.Default"/> when null.</param>
public sealed class ModelDownloader(HttpClient client, DownloadOptions? options = null)
{
    private readonly DownloadOptions _options = options ?? DownloadOptions.Default;

    /// <summary>Where files go when the options do not say: <see cref="CacheFolder.Default"/>.</summary>
    /// <exception cref="IOException">There is no home folder; the message says what to set.</exception>
    public static string DefaultCacheFolder => CacheFolder.Default;

    /// <summary>The path that a file has, or will have, in the cache.</summary>
    /// <exception cref="ArgumentException">The file name holds a path.</exception>
    public string PathOf(ModelFile file)
    {
        if (file.FileName.Length == 0 || Path.GetFileName(file.FileName) != file.FileName || file.FileName is "." or "..")
            throw new ArgumentException($"'{file.FileName}' is not a plain file name.", nameof(file));
        return Path.Combine(_options.CacheFolder ?? DefaultCacheFolder, file.FileName);
    }

    /// <summary>
    /// Gives a file from the cache, downloading it if it is not there or damaged. The hash of a cached file is taken again when its size or
    /// the time of its last change is not that of the record, or <see cref="DownloadOptions.Verify"/> asks for it.
    /// </summary>
    /// <param name="file">What to get.</param>
    /// <param name="progress">Told after each piece that arrives.</param>
    /// <param name="cancellationToken">Ends the download; what has arrived stays for the next time.</param>
    /// <exception cref="DownloadException">The file cannot be had; the message says why.</exception>
    /// <exception cref="IOException">The cache cannot be written to, for example because the disk is full.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<DownloadedModel> GetAsync(
        ModelFile file,
        IProgress<DownloadProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        string path = PathOf(file);
        CacheFolder.Create(Path.GetDirectoryName(path)!);
        using FileLock held = await FileLock.AcquireAsync($"{path}.lock", cancellationToken).ConfigureAwait(false);

        DownloadRecord? record = DownloadRecord.Load($"{path}.json");
        // A file of the same name from elsewhere is another file, unless its hash says that it is this one.
        bool isOther = record is not null && record.Address != file.Address;
        string? expected = file.Sha256 ?? (isOther ? null : record?.Sha256);
        if (File.Exists(path) && !(isOther && expected is null))
        {
            // To read hundreds of megabytes at each start would take longer than to load them.
            string cached =
                (_options.Verify ? null : record?.HashOf(path)) ?? await HashAsync(path, cancellationToken).ConfigureAwait(false);
            if (expected is null || Same(cached, expected))
                return Finish(file, path, cached, wasCached: true);
        }

        string hash = await FetchFromAnyAsync(file, path, expected, progress, cancellationToken).ConfigureAwait(false);
        return Finish(file, path, hash, wasCached: false);
    }

    private async Task<string> FetchFromAnyAsync(
        ModelFile file,
        string path,
        string? expected,
        IProgress<DownloadProgress>? progress,
        CancellationToken cancellationToken
    )
    {
        var problems = new List<DownloadException>();
        for (int i = 0; ; i++)
        {
            bool isLast = i == file.Mirrors.Length;
            try
            {
                Uri address = i == 0 ? file.Address : file.Mirrors[i - 1];
                return await FetchAsync(file with { Address = address }, path, expected, isLast, progress, cancellationToken)
                    .ConfigureAwait(false);
            }
            catch (DownloadException problem) when (!isLast)
            {
                _options.Logger.TriesMirror(problem.Message);
                problems.Add(problem);
            }
            catch (DownloadException problem) when (problems.Count > 0)
            {
                IEnumerable<string> others = problems.Skip(1).Append(problem).Select(other => other.Message);
                throw new DownloadException(
                    file.Address,
                    $"{problems[0].Problem} Nor could it be had elsewhere. {string.Join(" ", others)}",
                    problem
                );
            }
        }
    }

    private async Task<string> FetchAsync(
        ModelFile file,
        string path,
        string? expected,
        bool isLast,
        IProgress<DownloadProgress>? progress,
        CancellationToken cancellationToken
    )
    {
        var part = new PartialDownload(client, file, $"{path}.part", _options);
        await FetchAsync(file, part, isLast, progress, cancellationToken).ConfigureAwait(false);
        CheckContent(file, part, $"{path}.part", cancellationToken);
        string hash = await HashAsync($"{path}.part", cancellationToken).ConfigureAwait(false);
        if (expected is not null && !Same(hash, expected))
            throw WrongHash(file, part, hash, expected);
        File.Move($"{path}.part", path, overwrite: true);
        part.Discard();
        _options.Logger.Arrived(file.Address, path, hash);
        return hash;
    }

    private static DownloadedModel Finish(ModelFile file, string path, string hash, bool wasCached)
    {
        DownloadRecord record = DownloadRecord.Of(file.Address, path, hash);
        if (DownloadRecord.Load($"{path}.json") != record)
            record.Save($"{path}.json");
        return new DownloadedModel(path, hash, wasCached);
    }

    private async Task FetchAsync(
        ModelFile file,
        PartialDownload part,
        bool isLast,
        IProgress<DownloadProgress>? progress,
        CancellationToken cancellationToken
    )
    {
        TimeSpan delay = _options.RetryDelay;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await part.FetchAsync(progress, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (PartialDownload.InterruptedException problem) when (!isLast && !part.HasBegun)
            {
                // A server that gave nothing is not asked again while there is another.
                throw new DownloadException(file.Address, $"The download failed because {problem.Message}.", problem);
            }
            catch (PartialDownload.InterruptedException problem) when (attempt >= _options.Attempts)
            {
                throw new DownloadException(
                    file.Address,
                    $"The download failed {attempt} times, the last time because {problem.Message}. The next one goes on from there.",
                    problem
                );
            }
            catch (PartialDownload.InterruptedException problem)
            {
                _options.Logger.BrokeOff(file.Address, attempt, _options.Attempts, problem.Message, delay);
                await Task.Delay(delay, cancellationToken).ConfigureAwait(false);
                delay *= 2;
            }
        }
    }

    /// <summary>Servers send error pages with status 200; such a file must not get the name of what was asked for.</summary>
    private static void CheckContent(ModelFile file, PartialDownload part, string path, CancellationToken cancellationToken)
    {
        try
        {
            if (file.FindProblem is { } find)
            {
                if (find(path, cancellationToken) is not { } found)
                    return;
                part.Discard();
                throw new DownloadException(file.Address, found);
            }

            using Checkpoint checkpoint = Checkpoint.Open(path);
            checkpoint.Verify(cancellationToken);
        }
        catch (CheckpointFormatException problem)
        {
            part.Discard();
            throw new DownloadException(file.Address, $"What the server sent is not a weight file. {problem.Problem}", problem);
        }
    }

    private static DownloadException WrongHash(ModelFile file, PartialDownload part, string actual, string expected)
    {
        part.Discard();
        string origin = file.Sha256 is null ? "recorded when it was first downloaded" : "known for it";
        return new DownloadException(file.Address, $"The file has the SHA-256 {actual}, not {expected} as {origin}. It was not kept.");
    }

    private static async Task<string> HashAsync(string path, CancellationToken cancellationToken)
    {
        FileStream stream = File.OpenRead(path);
        await using (stream.ConfigureAwait(false))
            return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken).ConfigureAwait(false));
    }

    private static bool Same(string hash, string expected) => hash.Equals(expected, StringComparison.OrdinalIgnoreCase);
}
