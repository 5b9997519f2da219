using Microsoft.Extensions.Logging;

namespace MogaSharp.Weights;

/// <summary>What downloads tell of themselves.</summary>
internal static partial class DownloadLog
{
    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "{Address}: attempt {Attempt} of {Attempts} ended because {Problem}; the next one follows in {Delay}."
    )]
    public static partial void BrokeOff(this ILogger logger, Uri address, int attempt, int attempts, string problem, TimeSpan delay);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Problem} Another address is tried.")]
    public static partial void TriesMirror(this ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Address}: complete as {Path}, SHA-256 {Sha256}.")]
    public static partial void Arrived(this ILogger logger, Uri address, string path, string sha256);
}
