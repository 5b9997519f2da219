using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace MogaSharp.Weights;

/// <summary>A weight file that can be downloaded.</summary>
/// <param name="FileName">Its name in the cache folder, without any path.</param>
/// <param name="Address">Where it is, by http or https.</param>
/// <param name="Sha256">Its SHA-256 in hexadecimal if it is known; otherwise the first download's is recorded and held to.</param>
public sealed record ModelFile(string FileName, Uri Address, string? Sha256 = null)
{
    /// <summary>Other addresses of the same file, tried in order when the ones before cannot give it.</summary>
    public ImmutableArray<Uri> Mirrors { get; init; } = [];

    /// <summary>
    /// Looks into a file that has arrived, by its path, and says why it is not to be kept; null when nothing is wrong. Where there is no
    /// such function the file must be a weight file that opens.
    /// </summary>
    public Func<string, CancellationToken, string?>? FindProblem { get; init; }
}

/// <summary>How far a download is.</summary>
/// <param name="Received">Bytes on disk so far, with those of an earlier attempt that is resumed.</param>
/// <param name="Total">Bytes of the whole file, if the server says.</param>
public readonly record struct DownloadProgress(long Received, long? Total);

/// <summary>A weight file that is complete on this machine.</summary>
/// <param name="Path">The file.</param>
/// <param name="Sha256">Its SHA-256 in lower-case hexadecimal.</param>
/// <param name="WasCached">True when nothing had to be downloaded.</param>
public sealed record DownloadedModel(string Path, string Sha256, bool WasCached);

/// <summary>How to download.</summary>
public sealed record DownloadOptions
{
    /// <summary>The options used when none are given.</summary>
    public static DownloadOptions Default { get; } = new();

    /// <summary>The folder for files; <see cref="ModelDownloader.DefaultCacheFolder"/> when null.</summary>
    public string? CacheFolder { get; init; }

    /// <summary>A connection that sends nothing for this long counts as broken.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often to try, each time from where the connection broke.</summary>
    public int Attempts { get; init; } = 4;

    /// <summary>The wait before the second attempt; it doubles with each further one.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Receives attempts that broke off, mirrors that were tried, and what arrived; by default nobody does.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>True to read a cached file in full and compare its hash, even when nobody seems to have changed it.</summary>
    public bool Verify { get; init; }

    /// <summary>Largest file to accept, in bytes.</summary>
    public long MaxBytes { get; init; } = 8L << 30;
}

/// <summary>A file could not be downloaded: the message says why, and what becomes of what has arrived so far.</summary>
public sealed class DownloadException : MogaException
{
    /// <summary>Names the address; the message is "address: Problem."</summary>
    /// <param name="address">What was asked for.</param>
    /// <param name="problem">What went wrong, as whole sentences.</param>
    /// <param name="inner">What led to it, if another exception did.</param>
    public DownloadException(Uri address, string problem, Exception? inner = null)
        : base($"{address}: {problem}", inner) => (Address, Problem) = (address, problem);

    /// <summary>What was asked for.</summary>
    public Uri Address { get; }

    /// <summary>What went wrong, as whole sentences.</summary>
    public string Problem { get; }

    /// <inheritdoc/>
    public override ErrorKind Kind => ErrorKind.Failed;
}
