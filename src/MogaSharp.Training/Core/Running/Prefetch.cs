namespace MogaSharp.Training;

/// <summary>Reads items ahead on other threads and hands them out in their order.</summary>
internal static class Prefetch
{
    /// <summary>Reads items.</summary>
    /// <param name="count">How many.</param>
    /// <param name="read">Reads one by its place; called on several threads at once.</param>
    /// <param name="workers">Items that are read at the same time, 1 or more.</param>
    /// <param name="cancellationToken">Ends reading.</param>
    public static IEnumerable<T> InOrder<T>(int count, Func<int, T> read, int workers, CancellationToken cancellationToken)
    {
        var ahead = new Queue<Task<T>>();
        int next = 0;
        try
        {
            while (true)
            {
                for (; next < count && ahead.Count <= workers; next++)
                {
                    int place = next;
                    ahead.Enqueue(Task.Run(() => read(place), cancellationToken));
                }

                if (!ahead.TryDequeue(out Task<T>? first))
                    yield break;
                yield return first.WaitAsync(cancellationToken).GetAwaiter().GetResult();
            }
        }
        finally
        {
            // What was begun ends before what it reads from is closed.
            Task.WhenAll(ahead).ContinueWith(_ => { }, TaskScheduler.Default).Wait(CancellationToken.None);
        }
    }
}
