using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MogaSharp.Imaging;

namespace MogaSharp.Data;

/// <summary>What happens with an image that cannot be read.</summary>
public enum BadImages
{
    /// <summary>The batch fails with a <see cref="DatasetException"/> that names the image.</summary>
    Throw,

    /// <summary>
    /// The image is counted and passed over: in training the next one of the data set takes its place, as in timm; in evaluation
    /// the batch has one image less.
    /// </summary>
    Skip,
}

/// <summary>What batches are for.</summary>
public enum LoaderUse
{
    /// <summary>Items that fill no batch are left out; one that cannot be read may be replaced by the next one. Images are mixed and
    /// erased as their transform says.</summary>
    Training,

    /// <summary>The last batch may have fewer items; one that cannot be read may be left out.</summary>
    Evaluation,
}

/// <summary>Options of a <see cref="BatchLoader"/> or a <see cref="ClipLoader"/>; for the latter, images are clips.</summary>
/// <param name="BatchSize">Images of a batch, at least 1.</param>
public sealed record LoaderOptions(int BatchSize)
{
    /// <summary>Threads that decode and augment, at least 1. Default: one for each processor.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>The most batches that are being made or wait to be taken; 0 is two more than <see cref="Workers"/>. Default 0.</summary>
    public int Ahead { get; init; }

    /// <summary>The seed of all random numbers; the same in all processes. Default 0.</summary>
    public long Seed { get; init; }

    /// <summary>What happens with an image that cannot be read. Default <see cref="BadImages.Throw"/>.</summary>
    public BadImages BadImages { get; init; } = BadImages.Throw;

    /// <summary>What an image may cost.</summary>
    public ImageLimits Limits { get; init; } = ImageLimits.Default;

    /// <summary>Is told which images were passed over, by the threads that met them. Default: none.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>Tells how long batches were waited for (<see cref="LoaderStatistics"/>). Default: the system's clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    internal void Check()
    {
        AugmentationOptions.Require(BatchSize >= 1, nameof(BatchSize), "at least 1");
        AugmentationOptions.Require(Workers is >= 1 and <= 1024, nameof(Workers), "1 to 1024");
        AugmentationOptions.Require(Ahead >= 0, nameof(Ahead), "at least 0");
        AugmentationOptions.Require(Enum.IsDefined(BadImages), nameof(BadImages), "not a choice");
    }
}

/// <summary>What a loader did since the last epoch was begun.</summary>
/// <param name="Batches">Batches handed out.</param>
/// <param name="Images">Images handed out.</param>
/// <param name="Skipped">Images that could not be read and were passed over.</param>
/// <param name="Elapsed">The time since the first batch was asked for.</param>
/// <param name="Waited">The part of it in which a batch was asked for and none was ready.</param>
public readonly record struct LoaderStatistics(int Batches, long Images, int Skipped, TimeSpan Elapsed, TimeSpan Waited)
{
    /// <summary>The share of the time spent waiting for data, 0..1.</summary>
    public double WaitShare => Elapsed > TimeSpan.Zero ? Waited / Elapsed : 0;
}
