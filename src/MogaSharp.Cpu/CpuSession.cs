using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Passes;
using MogaSharp.Cpu.Planning;
using MogaSharp.Graph;

namespace MogaSharp.Cpu;

/// <summary>
/// A graph on the managed CPU engine. Weights are folded and packed when the session is made, together with the plan for the shapes that
/// the graph declares; the caller's may be let go then. A plan for other shapes is compiled when they first come and kept (the most recent
/// few). Concurrent runs have memory of their own, which is kept for runs on any shape.
/// </summary>
public sealed unsafe class CpuSession : IInferenceSession
{
    private readonly PackedStore _store;
    private readonly WorkerPool _pool;
    private readonly PlanCache _plans;
    private readonly RunMemoryPool _memory;
    private readonly Lock _gate = new();
    private int _users;
    private bool _disposed;

    internal CpuSession(ComputationGraph graph, WeightSet weights, WorkerPool pool)
    {
        weights.RequireFit(graph);
        Graph = graph;
        _pool = pool;
        (ComputationGraph optimized, WeightSet folded) = GraphOptimizer.Run(graph, weights);
        _store = new PackedStore(folded, VectorLanes);
        _plans = new PlanCache(shapes => Compile(optimized, shapes));
        _memory = new RunMemoryPool(graph.Inputs.Count, graph.Outputs.Count, pool.Threads);
        _plans.Find([.. graph.Inputs.Select(input => input.Shape)]);
        _store.Release(optimized);
    }

    /// <inheritdoc/>
    public ComputationGraph Graph { get; }

    /// <summary>The vector width that the engine uses on this machine, in floats: 16, 8 or 4.</summary>
    public static int VectorLanes { get; } =
        Avx512F.IsSupported ? 16
        : Avx2.IsSupported && Fma.IsSupported ? 8
        : 4;

    /// <summary>Bytes of native memory that the packed weights take.</summary>
    public long WeightBytes => _store.Bytes;

    /// <summary>Bytes of native memory that wait for runs: what the largest needed, for each that went on at the same time.</summary>
    internal long FreeRunBytes => _memory.FreeBytes;

    /// <summary>Bytes of weights that are kept as they came, since plans for other shapes read them.</summary>
    internal long RawWeightBytes => _store.RawBytes;

    /// <summary>Plans that are kept.</summary>
    internal int Plans => _plans.Count;

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor> outputs, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using Use use = Begin();
        CompiledPlan plan = PlanFor(inputs);
        InferenceSessions.RequireOutputs(inputs, outputs, plan.Outputs);
        RunMemory memory = _memory.Rent(plan.MemoryBytes);
        try
        {
            inputs.CopyTo(memory.Frame.Inputs);
            outputs.CopyTo(memory.Frame.Outputs);
            _pool.Run(plan.Plan, memory.Frame, cancellationToken);
        }
        finally
        {
            _memory.Return(memory, _plans.MaxMemoryBytes);
        }
    }

    /// <summary>The compiled steps for shapes of the inputs, one a line, with the fusions that were taken.</summary>
    /// <param name="inputs">One shape per input, in the graph's order.</param>
    /// <exception cref="GraphException">A shape does not fit the graph.</exception>
    public string DescribePlan(params ReadOnlySpan<Shape> inputs) => PlanOf(inputs).ToString();

    /// <summary>The compiled steps for shapes of the inputs, to be looked at.</summary>
    internal Plan PlanOf(params ReadOnlySpan<Shape> inputs)
    {
        using Use use = Begin();
        return _plans.Find(inputs).Plan;
    }

    /// <summary>Bytes that one run needs for values and for its threads' private use; weights are not counted.</summary>
    /// <param name="inputs">One shape per input, in the graph's order.</param>
    /// <exception cref="GraphException">A shape does not fit the graph.</exception>
    public long MemoryBytes(params ReadOnlySpan<Shape> inputs)
    {
        using Use use = Begin();
        return _plans.Find(inputs).MemoryBytes;
    }

    /// <summary>Runs inputs some times and says where the time went.</summary>
    /// <param name="inputs">One tensor per graph input, in order.</param>
    /// <param name="runs">How often, at least 1; warm-up runs come before.</param>
    /// <param name="cancellationToken">Ends the runs.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="runs"/> is below 1.</exception>
    /// <exception cref="GraphException">An input does not fit the graph.</exception>
    public RunProfile Profile(ReadOnlySpan<Tensor> inputs, int runs, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(runs, 1);
        using Use use = Begin();
        CompiledPlan plan = PlanFor(inputs);
        RunMemory memory = _memory.Rent(plan.MemoryBytes);
        try
        {
            inputs.CopyTo(memory.Frame.Inputs);
            for (int i = 0; i < plan.Outputs.Length; i++)
                memory.Frame.Outputs[i] = new Tensor(plan.Outputs[i]);
            for (int i = 0; i < 3; i++)
                _pool.Run(plan.Plan, memory.Frame, cancellationToken);
            var marks = new List<long[]>(runs);
            for (int i = 0; i < runs; i++)
            {
                memory.Frame.Marks = new long[_pool.Threads * plan.Plan.Steps.Length * 2];
                _pool.Run(plan.Plan, memory.Frame, cancellationToken);
                marks.Add(memory.Frame.Marks);
            }

            return RunProfile.From(plan.Plan, _pool.Threads, marks);
        }
        finally
        {
            _memory.Return(memory, _plans.MaxMemoryBytes);
        }
    }

    /// <summary>Frees weights and memory: now, or when the runs that are in progress have ended. Later runs are refused.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            _disposed = true;
            if (_users > 0)
                return;
        }

        Free();
    }

    private CompiledPlan PlanFor(ReadOnlySpan<Tensor> inputs)
    {
        FewShapes few = default;
        Span<Shape> shapes = inputs.Length <= FewShapes.Length ? few[..inputs.Length] : new Shape[inputs.Length];
        for (int i = 0; i < inputs.Length; i++)
            shapes[i] = inputs[i].Shape;
        return _plans.Find(shapes);
    }

    private CompiledPlan Compile(ComputationGraph optimized, Shape[] shapes)
    {
        Plan plan = VectorLanes switch
        {
            16 => PlanCompiler<Simd512, Vector512<float>>.Compile(optimized, shapes, _store, _pool.Threads),
            8 => PlanCompiler<Simd256, Vector256<float>>.Compile(optimized, shapes, _store, _pool.Threads),
            _ => PlanCompiler<Simd128, Vector128<float>>.Compile(optimized, shapes, _store, _pool.Threads),
        };
        return new CompiledPlan(plan, Graph.InferOutputShapes(shapes), plan.MemoryBytes(_pool.Threads));
    }

    // What is in use is freed by its last user.
    private Use Begin()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _users++;
        }

        return new Use(this);
    }

    private void End()
    {
        lock (_gate)
        {
            if (--_users > 0 || !_disposed)
                return;
        }

        Free();
    }

    private void Free()
    {
        _memory.Dispose();
        _store.Dispose();
    }

    private readonly ref struct Use(CpuSession session)
    {
        public void Dispose() => session.End();
    }

    /// <summary>Room for shapes without an array.</summary>
    [InlineArray(Length)]
    private struct FewShapes
    {
        public const int Length = 4;
        private Shape _first;
    }
}
