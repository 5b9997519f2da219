using System.Runtime.InteropServices;
using MogaSharp.Cpu.Steps;

namespace MogaSharp.Cpu;

/// <summary>The native memory of one run at a time; kept between runs and enlarged for a plan that needs more.</summary>
internal sealed unsafe class RunMemory(int inputs, int outputs, int threads) : IDisposable
{
    ~RunMemory() => NativeMemory.AlignedFree(Frame.Arena);

    /// <summary>What steps see of it: values lie at its start, the threads' private memory behind them.</summary>
    public Frame Frame { get; } = new(threads) { Inputs = new Graph.Tensor[inputs], Outputs = new Graph.Tensor[outputs] };

    /// <summary>Bytes that it has.</summary>
    public long Bytes { get; private set; }

    /// <summary>Takes memory unless it has enough. What stands there is undefined: plans of all shapes have written there.</summary>
    /// <exception cref="InsufficientMemoryException">This machine has not so much left.</exception>
    public void Reserve(long bytes)
    {
        if (bytes <= Bytes)
            return;
        Free();
        // The system would grant it, and end the process when it is touched.
        long free = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes - Environment.WorkingSet;
        if (bytes > free)
        {
            throw new InsufficientMemoryException(
                $"A run on this input needs {bytes >> 20} MiB of memory; {Math.Max(free, 0) >> 20} MiB are left."
            );
        }

        Frame.Arena = (float*)NativeMemory.AlignedAlloc((nuint)bytes, 64);
        Bytes = bytes;
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(Frame.Arena);
        Frame.Arena = null;
        Bytes = 0;
    }
}

/// <summary>
/// The memory of a session's runs, whatever their shapes: as many pieces as runs have been going on at the same time, each as large as
/// the largest plan that it has run.
/// </summary>
internal sealed class RunMemoryPool(int inputs, int outputs, int threads) : IDisposable
{
    private readonly Stack<RunMemory> _free = new();

    /// <summary>Bytes of the memory that waits for runs.</summary>
    public long FreeBytes
    {
        get
        {
            lock (_free)
                return _free.Sum(memory => memory.Bytes);
        }
    }

    /// <summary>Takes memory for a run.</summary>
    /// <exception cref="InsufficientMemoryException">This machine has not so much left.</exception>
    public RunMemory Rent(long bytes)
    {
        RunMemory? memory;
        lock (_free)
            _free.TryPop(out memory);
        memory ??= new RunMemory(inputs, outputs, threads);
        try
        {
            memory.Reserve(bytes);
            return memory;
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    /// <summary>Gives memory back.</summary>
    /// <param name="memory">What was rented.</param>
    /// <param name="mostBytes">What is larger is freed: the plan that needed it is gone.</param>
    public void Return(RunMemory memory, long mostBytes)
    {
        Array.Clear(memory.Frame.Inputs);
        Array.Clear(memory.Frame.Outputs);
        memory.Frame.Marks = null;
        if (memory.Bytes > mostBytes)
        {
            memory.Dispose();
            return;
        }

        lock (_free)
            _free.Push(memory);
    }

    /// <summary>Frees what waits for runs; no run may be in progress.</summary>
    public void Dispose()
    {
        while (_free.TryPop(out RunMemory? memory))
            memory.Dispose();
    }
}
