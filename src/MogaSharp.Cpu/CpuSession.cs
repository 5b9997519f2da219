using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Passes;
using MogaSharp.Cpu.Planning;
using MogaSharp.Cpu.Steps;
using MogaSharp.Graph;

namespace MogaSharp.Cpu;

/// <summary>
/// A graph on the managed CPU engine. Weights are folded when the session is made and packed when first used; a plan is
/// compiled for each input shape and kept (the most recent few). Concurrent runs have memory of their own.
/// </summary>
public sealed unsafe class CpuSession : IInferenceSession
{
    private const int MostPlans = 8;

    private readonly ComputationGraph _optimized;
    private readonly PackedStore _store;
    private readonly WorkerPool _pool;
    private readonly Lock _gate = new();
    private readonly List<CompiledPlan> _plans = [];
    private bool _disposed;

    internal CpuSession(ComputationGraph graph, WeightSet weights, WorkerPool pool)
    {
        weights.RequireFit(graph);
        Graph = graph;
        _pool = pool;
        (_optimized, WeightSet folded) = GraphOptimizer.Run(graph, weights);
        _store = new PackedStore(folded, VectorLanes);
    }

    /// <inheritdoc/>
    public ComputationGraph Graph { get; }

    /// <summary>The vector width that the engine uses on this machine, in floats: 16, 8 or 4.</summary>
    public static int VectorLanes { get; } = Avx512F.IsSupported ? 16 : Avx2.IsSupported && Fma.IsSupported ? 8 : 4;

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor> outputs, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        CompiledPlan plan = PlanFor(inputs);
        plan.RequireOutputs(outputs);
        RunMemory memory = plan.Rent();
        try
        {
            inputs.CopyTo(memory.Frame.Inputs);
            outputs.CopyTo(memory.Frame.Outputs);
            _pool.Run(plan.Plan, memory.Frame, memory.Scratch, cancellationToken);
        }
        finally
        {
            Array.Clear(memory.Frame.Inputs);
            Array.Clear(memory.Frame.Outputs);
            plan.Return(memory);
        }
    }

    /// <summary>The compiled steps for an input shape, one a line, with the fusions that were taken.</summary>
    /// <exception cref="GraphException">The shape does not fit the graph.</exception>
    public string DescribePlan(Shape input) => PlanFor([new Tensor(input)]).Plan.ToString();

    /// <summary>Bytes that one run keeps for values and for its threads' private use, for an input of a shape; weights are not counted.</summary>
    /// <exception cref="GraphException">The shape does not fit the graph.</exception>
    public long MemoryBytes(Shape input)
    {
        Plan plan = PlanFor([new Tensor(input)]).Plan;
        return (plan.ArenaFloats + (plan.ScratchFloats * _pool.Threads)) * sizeof(float);
    }

    /// <summary>Runs an input some times and says where the time went.</summary>
    /// <param name="input">The graph's only input.</param>
    /// <param name="runs">How often, at least 1; warm-up runs come before.</param>
    /// <param name="cancellationToken">Ends the runs.</param>
    public RunProfile Profile(Tensor input, int runs, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(runs, 1);
        CompiledPlan plan = PlanFor([input]);
        Tensor[] outputs = this.CreateOutputs(input.Shape);
        for (int i = 0; i < 3; i++) Run([input], outputs, cancellationToken);
        RunMemory memory = plan.Rent();
        try
        {
            memory.Frame.Inputs[0] = input;
            outputs.CopyTo(memory.Frame.Outputs, 0);
            var marks = new List<long[]>(runs);
            for (int i = 0; i < runs; i++)
            {
                memory.Frame.Marks = new long[_pool.Threads * plan.Plan.Steps.Length * 2];
                _pool.Run(plan.Plan, memory.Frame, memory.Scratch, cancellationToken);
                marks.Add(memory.Frame.Marks);
            }

            return RunProfile.From(plan.Plan, _pool.Threads, marks);
        }
        finally
        {
            memory.Frame.Marks = null;
            Array.Clear(memory.Frame.Inputs);
            Array.Clear(memory.Frame.Outputs);
            plan.Return(memory);
        }
    }

    /// <summary>Frees weights and memory; no run may be in progress.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed) return;
            _disposed = true;
            foreach (CompiledPlan plan in _plans) plan.Dispose();
            _plans.Clear();
        }

        _store.Dispose();
    }

    private CompiledPlan PlanFor(ReadOnlySpan<Tensor> inputs)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            for (int i = 0; i < _plans.Count; i++)
            {
                CompiledPlan candidate = _plans[i];
                if (!candidate.Fits(inputs)) continue;
                if (i > 0)
                {
                    _plans.RemoveAt(i);
                    _plans.Insert(0, candidate);
                }

                return candidate;
            }

            CompiledPlan compiled = Compile(inputs);
            _plans.Insert(0, compiled);
            if (_plans.Count > MostPlans)
            {
                _plans[^1].Dispose();
                _plans.RemoveAt(_plans.Count - 1);
            }

            return compiled;
        }
    }

    // A method of its own, since the closure below would be allocated at every call of the one that looks plans up.
    private CompiledPlan Compile(ReadOnlySpan<Tensor> inputs)
    {
        var shapes = new Shape[inputs.Length];
        for (int i = 0; i < inputs.Length; i++) shapes[i] = inputs[i].Shape;
        Plan plan = VectorLanes switch
        {
            16 => PlanCompiler<Simd512, Vector512<float>>.Compile(_optimized, shapes, _store, _pool.Threads),
            8 => PlanCompiler<Simd256, Vector256<float>>.Compile(_optimized, shapes, _store, _pool.Threads),
            _ => PlanCompiler<Simd128, Vector128<float>>.Compile(_optimized, shapes, _store, _pool.Threads),
        };
        return new CompiledPlan(plan, shapes, Graph.InferOutputShapes(shapes), _pool.Threads);
    }

    /// <summary>A plan with the shapes that it is for and the memory of its runs.</summary>
    private sealed class CompiledPlan(Plan plan, Shape[] inputs, Shape[] outputs, int threads) : IDisposable
    {
        private readonly Stack<RunMemory> _free = new();
        private bool _disposed;

        public Plan Plan { get; } = plan;

        public bool Fits(ReadOnlySpan<Tensor> tensors)
        {
            if (tensors.Length != inputs.Length) return false;
            for (int i = 0; i < inputs.Length; i++)
                if (tensors[i].Shape != inputs[i]) return false;
            return true;
        }

        public void RequireOutputs(ReadOnlySpan<Tensor> tensors) => InferenceSessions.RequireOutputs(tensors, outputs);

        public RunMemory Rent()
        {
            lock (_free)
                if (_free.TryPop(out RunMemory? memory)) return memory;
            return new RunMemory(Plan, inputs.Length, outputs.Length, threads);
        }

        public void Return(RunMemory memory)
        {
            lock (_free)
            {
                if (!_disposed)
                {
                    _free.Push(memory);
                    return;
                }
            }

            memory.Dispose();
        }

        // A run that is still going on (the plan was pushed out by others) frees its memory when it returns it.
        public void Dispose()
        {
            lock (_free)
            {
                _disposed = true;
                while (_free.TryPop(out RunMemory? memory)) memory.Dispose();
            }
        }
    }

    /// <summary>The native memory of one run.</summary>
    private sealed class RunMemory : IDisposable
    {
        private float* _memory;

        public RunMemory(Plan plan, int inputs, int outputs, int threads)
        {
            long bytes = (plan.ArenaFloats + (plan.ScratchFloats * threads)) * sizeof(float);
            // The system would grant it, and end the process when it is touched.
            long free = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes - Environment.WorkingSet;
            if (bytes > free) throw new InsufficientMemoryException($"A run on this input needs {bytes >> 20} MiB of memory; {Math.Max(free, 0) >> 20} MiB are left.");
            _memory = (float*)NativeMemory.AlignedAlloc((nuint)bytes, 64);
            NativeMemory.Clear(_memory, (nuint)bytes);
            Frame = new Frame(threads) { Arena = _memory, Inputs = new Tensor[inputs], Outputs = new Tensor[outputs] };
            Scratch = _memory + plan.ArenaFloats;
        }

        ~RunMemory() => NativeMemory.AlignedFree(_memory);

        public Frame Frame { get; }

        public float* Scratch { get; }

        public void Dispose()
        {
            NativeMemory.AlignedFree(_memory);
            _memory = null;
            GC.SuppressFinalize(this);
        }
    }
}
