using System.Diagnostics;
using MogaSharp.Data;

namespace MogaSharp.Training;

/// <summary>Hands out an epoch's batches a few at a time, and measures how long they were waited for.</summary>
internal sealed class MicroBatchReader(IEnumerable<TrainingBatch> batches) : IDisposable
{
    private readonly IEnumerator<TrainingBatch> _batches = batches.GetEnumerator();
    private readonly List<BadItem> _bad = [];
    private bool _failed;

    /// <summary>Seconds that the parts of the last update were waited for.</summary>
    public double Wait { get; private set; }

    /// <summary>Items of the last update.</summary>
    public int Items { get; private set; }

    /// <summary>Items of the last update that could not be read.</summary>
    public IReadOnlyList<BadItem> BadItems => _bad;

    /// <summary>The parts of one update, each read when it is asked for; all are read, also when the update is given up half way.</summary>
    public IEnumerable<TrainingBatch> Take(int count)
    {
        (Wait, Items) = (0, 0);
        _bad.Clear();
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
            while (left-- > 0 && !_failed)
                Next();
        }
    }

    public void Dispose() => _batches.Dispose();

    private TrainingBatch Next()
    {
        long start = Stopwatch.GetTimestamp();
        // Nothing comes after a failure, which is what the caller shall hear of.
        _failed = true;
        if (!_batches.MoveNext())
            throw new InvalidOperationException("The training data ended before the epoch did.");
        _failed = false;
        Wait += Stopwatch.GetElapsedTime(start).TotalSeconds;
        Items += _batches.Current.Count;
        if (_batches.Current.BadItems is { } bad)
            _bad.AddRange(bad);
        return _batches.Current;
    }
}
