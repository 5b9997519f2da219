using System.Diagnostics;

namespace MogaSharp.Training;

/// <summary>Hands out an epoch's batches a few at a time, and measures how long they were waited for.</summary>
internal sealed class PartReader(IEnumerable<TrainingBatch> batches) : IDisposable
{
    private readonly IEnumerator<TrainingBatch> _batches = batches.GetEnumerator();

    /// <summary>Seconds that the parts of the last update were waited for.</summary>
    public double Wait { get; private set; }

    /// <summary>Items of the last update.</summary>
    public int Items { get; private set; }

    /// <summary>The parts of one update, each read when it is asked for; all are read, also when the update is given up half way.</summary>
    public IEnumerable<TrainingBatch> Take(int count)
    {
        (Wait, Items) = (0, 0);
        int left = count;
        try
        {
            while (left > 0)
            {
                left--;
                yield return Next();
            }
        }
        finally
        {
            while (left-- > 0) Next();
        }
    }

    public void Dispose() => _batches.Dispose();

    private TrainingBatch Next()
    {
        long start = Stopwatch.GetTimestamp();
        if (!_batches.MoveNext()) throw new InvalidOperationException("The training data ended before the epoch did.");
        Wait += Stopwatch.GetElapsedTime(start).TotalSeconds;
        Items += _batches.Current.Count;
        return _batches.Current;
    }
}
