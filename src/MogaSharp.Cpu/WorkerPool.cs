using System.Diagnostics;
using MogaSharp.Cpu.Planning;
using MogaSharp.Cpu.Steps;

namespace MogaSharp.Cpu;

/// <summary>
/// Threads that live as long as the pool and walk plans together with the caller: everyone takes items of a step from one
/// counter, and nobody begins the next step before all have ended this one. Waiting spins for a bounded time, then parks.
/// One run at a time; a caller who finds the pool busy runs its plan alone. Nothing is allocated per run.
/// </summary>
internal sealed unsafe class WorkerPool : IDisposable
{
    private static readonly long SpinTicks = Stopwatch.Frequency / 5_000;

    private readonly Thread[] _threads;
    private readonly Lock _busy = new();
    private readonly AutoResetEvent[] _wakeUps;
    private readonly int[] _parked;
    private Plan? _plan;
    private Frame? _frame;
    private readonly float*[] _scratch;
    private CancellationToken _cancellation;
    private Exception? _failure;
    private int _run,
        _arrived,
        _phase;
    private bool _disposed;

    /// <summary>Starts the threads.</summary>
    /// <param name="threads">Threads in all, the caller's own included; at least 1.</param>
    public WorkerPool(int threads)
    {
        _scratch = new float*[threads];
        _parked = new int[threads];
        _wakeUps = new AutoResetEvent[threads];
        for (int i = 0; i < threads; i++)
            _wakeUps[i] = new AutoResetEvent(false);
        _threads = new Thread[threads - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            int worker = i + 1;
            _threads[i] = new Thread(() => Accept(worker)) { IsBackground = true, Name = $"moga cpu {worker}" };
            _threads[i].Start();
        }
    }

    /// <summary>Threads in all, the caller's own included.</summary>
    public int Threads => _threads.Length + 1;

    /// <summary>Runs a plan.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="frame">
    /// Its memory: <see cref="Plan.ArenaFloats"/> floats for values, then <see cref="Plan.ScratchFloats"/> for each thread's private use.
    /// </param>
    /// <param name="cancellation">Looked at between steps.</param>
    public void Run(Plan plan, Frame frame, CancellationToken cancellation)
    {
        float* scratch = frame.Arena + plan.ArenaFloats;
        if (!_busy.TryEnter())
        {
            RunAlone(plan, frame, scratch, cancellation);
            return;
        }

        try
        {
            for (int i = 0; i < Threads; i++)
                _scratch[i] = scratch + (i * plan.ScratchFloats);
            (_plan, _frame, _cancellation, _failure) = (plan, frame, cancellation, null);
            frame.Reset();
            frame.Stop = false;
            Volatile.Write(ref _run, _run + 1);
            Wake();
            Traverse(0);
            (_plan, _frame, _cancellation) = (null, null, default);
            if (_failure is not null)
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(_failure);
        }
        finally
        {
            _busy.Exit();
        }

        cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>Ends the threads; no run may be in progress.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        Volatile.Write(ref _run, _run + 1);
        Wake();
        foreach (Thread thread in _threads)
            thread.Join();
        foreach (AutoResetEvent wakeUp in _wakeUps)
            wakeUp.Dispose();
    }

    private static void RunAlone(Plan plan, Frame frame, float* scratch, CancellationToken cancellation)
    {
        foreach (Step step in plan.Steps)
        {
            cancellation.ThrowIfCancellationRequested();
            int items = step.Items;
            for (int item = 0; item < items; item++)
                step.Run(frame, item, scratch);
        }
    }

    private void Accept(int worker)
    {
        for (int seen = 0; ; )
        {
            WaitWhile(ref _run, seen, worker);
            seen = Volatile.Read(ref _run);
            if (_disposed)
                return;
            Traverse(worker);
        }
    }

    // Everyone ends with the last barrier, so that the caller returns when all have stopped touching the frame.
    private void Traverse(int worker)
    {
        (Plan plan, Frame frame) = (_plan!, _frame!);
        ReadOnlySpan<Step> steps = plan.Steps;
        for (int s = 0; s < steps.Length; s++)
        {
            Step step = steps[s];
            frame.Taken(s + 1, worker) = 0;
            if (frame.Marks is { } begins)
                begins[((worker * steps.Length) + s) * 2] = Stopwatch.GetTimestamp();
            if (!frame.Stop)
            {
                try
                {
                    if (step.Work < Plan.SerialWork)
                    {
                        if (worker == 0)
                            for (int item = 0; item < step.Items; item++)
                                step.Run(frame, item, _scratch[0]);
                    }
                    else
                    {
                        Share(step, s, frame, worker);
                    }
                }
#pragma warning disable CA1031 // Whatever a kernel throws belongs to the caller's thread.
                catch (Exception e)
#pragma warning restore CA1031
                {
                    _failure = e;
                    frame.Stop = true;
                }

                if (worker == 0 && _cancellation.IsCancellationRequested)
                    frame.Stop = true;
            }

            if (frame.Marks is { } ends)
                ends[(((worker * steps.Length) + s) * 2) + 1] = Stopwatch.GetTimestamp();
            Rendezvous(worker);
        }
    }

    // One's own share first: with shares of the same part of the map in step after step, most of what a step reads is in the thread's own
    // cache. Then what others have left.
    private void Share(Step step, int number, Frame frame, int worker)
    {
        int items = step.Items;
        for (int i = 0; i < Threads; i++)
        {
            int owner = (worker + i) % Threads;
            int first = (int)((long)items * owner / Threads),
                count = (int)((long)items * (owner + 1) / Threads) - first;
            ref int taken = ref frame.Taken(number, owner);
            for (int item; (item = Interlocked.Increment(ref taken) - 1) < count; )
                step.Run(frame, first + item, _scratch[worker]);
        }
    }

    private void Rendezvous(int worker)
    {
        int phase = Volatile.Read(ref _phase);
        if (Interlocked.Increment(ref _arrived) == Threads)
        {
            _arrived = 0;
            Volatile.Write(ref _phase, phase + 1);
            Wake();
        }
        else
        {
            WaitWhile(ref _phase, phase, worker);
        }
    }

    private void WaitWhile(ref int location, int value, int worker)
    {
        long start = 0;
        for (int spins = 1; Volatile.Read(ref location) == value; spins++)
        {
            // Between steps a wait is short: look often, and at the clock only now and then.
            Thread.SpinWait(1);
            if (spins % 64 != 0)
                continue;
            long now = Stopwatch.GetTimestamp();
            if (start == 0)
                start = now;
            if (now - start < SpinTicks)
                continue;
            // Whoever changes the location looks at the flag afterwards, so one of the two sees the other.
            Interlocked.Exchange(ref _parked[worker], 1);
            while (Volatile.Read(ref location) == value)
                _wakeUps[worker].WaitOne();
            Volatile.Write(ref _parked[worker], 0);
            return;
        }
    }

    private void Wake()
    {
        Interlocked.MemoryBarrier();
        for (int i = 0; i < _parked.Length; i++)
            if (Volatile.Read(ref _parked[i]) != 0)
                _wakeUps[i].Set();
    }
}
