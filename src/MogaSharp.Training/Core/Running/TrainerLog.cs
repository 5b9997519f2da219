using Microsoft.Extensions.Logging;
using MogaSharp.Torch;

namespace MogaSharp.Training;

/// <summary>What a run tells of itself.</summary>
internal static partial class TrainerLog
{
    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Training in {Folder} on {Device} from update {Update} of {Updates}, process {Rank} of {Size}."
    )]
    public static partial void Began(this ILogger logger, string folder, TorchDevice device, long update, long updates, int rank, int size);

    [LoggerMessage(Level = LogLevel.Information, Message = "Epoch {Epoch} took {Seconds:F1} s: loss {Loss:G5}, score {Score}.")]
    public static partial void EndedEpoch(this ILogger logger, int epoch, double seconds, double loss, double? score);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The checkpoint of update {Update} took {Elapsed}.")]
    public static partial void Saved(this ILogger logger, long update, TimeSpan elapsed);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The checkpoint of update {Update} was not written: {Problem}")]
    public static partial void NotSaved(this ILogger logger, long update, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "The run ended with {End} after update {Update}.")]
    public static partial void Ended(this ILogger logger, TrainingEnd end, long update);
}
