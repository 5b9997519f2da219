using MogaSharp.Data;
using MogaSharp.Imaging;
using MogaSharp.Models;

namespace MogaSharp.Training;

/// <summary>How the items of an evaluation are read.</summary>
public sealed record EvaluationReading
{
    /// <summary>Items of a batch, at least 1. Images that keep their own sizes come one by one, whatever it is.</summary>
    public int BatchSize { get; init; } = 1;

    /// <summary>Threads that read ahead, at least 1.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Which part of the items this process evaluates.</summary>
    public ProcessShare Share { get; init; } = ProcessShare.Single;

    /// <summary>Receives the name of an image and what was lost in decoding it, where something was; called on any thread. Null for
    /// nobody.</summary>
    public Action<string, ImageConversions>? Converted { get; init; }
}

/// <summary>A data set that can be read for an evaluation alone, without a recipe.</summary>
public interface IEvaluationSource
{
    /// <summary>Items of the evaluation part; null where there is none.</summary>
    int? EvalCount { get; }

    /// <summary>Reads the items in order.</summary>
    /// <param name="preprocess">How items become inputs.</param>
    /// <param name="reading">Batches, threads, share.</param>
    /// <param name="cancellationToken">Ends reading.</param>
    /// <returns>The batches. One names the items that could not be read in its place; it is empty when there is no other.</returns>
    /// <exception cref="DatasetException">An item without which the figures mean nothing cannot be read.</exception>
    IEnumerable<TrainingBatch> ReadEvaluation(PreprocessCard preprocess, EvaluationReading reading, CancellationToken cancellationToken);
}
