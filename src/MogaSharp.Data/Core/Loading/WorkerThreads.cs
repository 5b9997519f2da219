using System.Collections.Concurrent;

namespace MogaSharp.Data;

/// <summary>Threads that work off what is handed in, in its order. The thread pool is left to others: decoding blocks.</summary>
internal sealed class WorkerThreads : IDisposable
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread[] _threads;

    public WorkerThreads(int count)
    {
        _threads = new Thread[count];
        for (int i = 0; i < count; i++)
        {
            _threads[i] = new Thread(Work) { IsBackground = true, Name = $"data {i}" };
            _threads[i].Start();
        }
    }

    /// <summary>Runs a function on one of the threads.</summary>
    public Task<T> Run<T>(Func<T> function)
    {
        var source = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                source.SetResult(function());
            }
            catch (OperationCanceledException exception)
            {
                source.SetCanceled(exception.CancellationToken);
            }
#pragma warning disable CA1031 // whoever awaits the task gets the exception
            catch (Exception exception)
#pragma warning restore CA1031
            {
                source.SetException(exception);
            }
        });
        return source.Task;
    }

    public void Dispose()
    {
        _work.CompleteAdding();
        foreach (Thread thread in _threads)
            thread.Join();
        _work.Dispose();
    }

    private void Work()
    {
        foreach (Action action in _work.GetConsumingEnumerable())
            action();
    }
}
