using System.Diagnostics;

namespace MogaSharp.Torch;

/// <summary>
/// Gives signs of life to the other processes and looks for theirs, on a thread and a connection of its own. Rank 0 looks at all
/// and tells the others who is dead; they look at rank 0. So each process asks a few keys, however many there are.
/// </summary>
internal sealed class PeerWatch : IDisposable
{
    private const string VerdictKey = "verdict";
    private const long Left = 1L << 40;

    private readonly ProcessGroupOptions _options;
    private readonly ProcessStore _store;
    private readonly string[] _names;
    private readonly Action<string> _lost;
    private readonly TimeSpan _interval;
    private readonly ManualResetEventSlim _stop = new();
    private readonly ManualResetEventSlim _decided = new();
    private readonly Thread _thread;
    private readonly Timer _timer;
    private long _lastAnswer = Stopwatch.GetTimestamp();
    private string? _verdict;

    /// <param name="options">Who this is.</param>
    /// <param name="store">A connection that nobody else uses; the watch disposes it.</param>
    /// <param name="names">What to call each rank.</param>
    /// <param name="lost">Receives, once, the first process that is lost, on a thread of the watch.</param>
    public PeerWatch(ProcessGroupOptions options, ProcessStore store, string[] names, Action<string> lost)
    {
        (_options, _store, _names, _lost) = (options, store, names, lost);
        _interval = TimeSpan.FromMilliseconds(Math.Clamp(options.PeerTimeout.TotalMilliseconds / 10, 100, 2000));
        _thread = new Thread(Look) { IsBackground = true, Name = "peers" };
        _thread.Start();
        // A store that does not answer holds up the thread itself.
        _timer = new Timer(_ => LookAtTheClock(), null, _interval, _interval);
    }

    /// <summary>What was found out; null while all are well.</summary>
    public string? Verdict => Volatile.Read(ref _verdict);

    /// <summary>Waits until it is known who is lost.</summary>
    /// <returns>What was found out; null when nobody is.</returns>
    public string? Wait() => _decided.Wait(_options.PeerTimeout + (3 * _interval)) ? Verdict : null;

    /// <summary>Tells the others why this process ends.</summary>
    public static void Tell(ProcessStore store, string verdict)
    {
        if (store.Get(VerdictKey) is null)
            store.Set(VerdictKey, verdict);
    }

    /// <summary>Says goodbye, so that nobody misses this process. Rank 0 waits for the others, whom it may serve.</summary>
    public void Leave(ProcessStore store)
    {
        Stop();
        store.Add(Beat(_options.Rank), Left);
        if (_options.Rank != 0)
            return;
        long start = Stopwatch.GetTimestamp();
        for (int rank = 1; rank < _options.Size; rank++)
            while (store.Add(Beat(rank), 0) < Left && Stopwatch.GetElapsedTime(start) < _options.PeerTimeout)
                Thread.Sleep(20);
    }

    public void Dispose()
    {
        Stop();
        // A thread that hangs in the store keeps its connection until the process ends.
        if (!_thread.IsAlive)
            _store.Dispose();
    }

    private static string Beat(int rank) => $"beat/{rank}";

    private void Stop()
    {
        _timer.Dispose();
        _stop.Set();
        _thread.Join(TimeSpan.FromSeconds(2));
    }

    private void Look()
    {
        var seen = new (long Beat, long Time)[_options.Size];
        Array.Fill(seen, (-1, Stopwatch.GetTimestamp()));
        int[] watched = _options.Rank == 0 ? [.. Enumerable.Range(1, _options.Size - 1)] : [0];
        try
        {
            while (!_stop.IsSet)
            {
                _store.Add(Beat(_options.Rank), 1);
                if (_store.Get(VerdictKey) is { } known)
                    Decide(known);
                foreach (int rank in watched)
                {
                    long beat = _store.Add(Beat(rank), 0);
                    if (beat != seen[rank].Beat)
                        seen[rank] = (beat, Stopwatch.GetTimestamp());
                    else if (beat < Left && Stopwatch.GetElapsedTime(seen[rank].Time) > _options.PeerTimeout)
                        Accuse(
                            $"{_names[rank]} has given no sign of life for {ProcessStore.Seconds(_options.PeerTimeout)}; it was "
                                + "killed, or its machine cannot be reached"
                        );
                }

                Volatile.Write(ref _lastAnswer, Stopwatch.GetTimestamp());
                _stop.Wait(_interval);
            }
        }
        catch (TorchException) when (!_stop.IsSet)
        {
            Decide($"{Server} is gone: the connection to {_options.MasterAddress}:{_options.MasterPort} broke");
        }
        catch (TorchException)
        {
            // The store ended while this process was ending too.
        }
    }

    private string Server => _options.IsStoreServed ? "the launcher" : _names[0];

    private void LookAtTheClock()
    {
        if (!_stop.IsSet && Stopwatch.GetElapsedTime(Volatile.Read(ref _lastAnswer)) > _options.PeerTimeout + _interval)
            Decide(
                $"{Server} at {_options.MasterAddress}:{_options.MasterPort} has not answered for "
                    + $"{ProcessStore.Seconds(_options.PeerTimeout)}"
            );
    }

    private void Accuse(string verdict)
    {
        if (Verdict is not null)
            return;
        Tell(_store, verdict);
        Decide(verdict);
    }

    private void Decide(string verdict)
    {
        if (Interlocked.CompareExchange(ref _verdict, verdict, null) is not null)
            return;
        _decided.Set();
        _lost(verdict);
    }
}
