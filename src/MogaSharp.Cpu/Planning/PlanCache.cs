using MogaSharp.Graph;

namespace MogaSharp.Cpu.Planning;

/// <summary>A plan with the shapes that it is for.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Outputs">The shapes of the outputs.</param>
/// <param name="MemoryBytes">What a run needs.</param>
internal sealed record CompiledPlan(Plan Plan, Shape[] Outputs, long MemoryBytes);

/// <summary>
/// The plans of a session by the shapes of the inputs; the most recent ones are kept. Whoever first asks for shapes compiles the plan,
/// without holding up those that run others; who asks for the same shapes meanwhile waits for it.
/// </summary>
/// <param name="compile">Makes a plan.</param>
internal sealed class PlanCache(Func<Shape[], CompiledPlan> compile)
{
    /// <summary>Plans that are kept. One of a large network takes some 200 KiB, since memory for runs is not part of it.</summary>
    public const int MaxPlans = 32;

    private readonly Lock _gate = new();

    // The most recent first.
    private readonly List<Entry> _entries = [];

    /// <summary>The most that a run of a plan that is kept needs.</summary>
    public long MaxMemoryBytes { get; private set; }

    /// <summary>Plans that are kept or being compiled.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _entries.Count;
        }
    }

    /// <summary>The plan for shapes; compiled when it is not there.</summary>
    /// <exception cref="GraphException">A shape does not fit the graph.</exception>
    public CompiledPlan Find(ReadOnlySpan<Shape> inputs)
    {
        Entry? entry;
        lock (_gate)
            entry = Known(inputs);
        return entry is { Plan.IsValueCreated: true } ? entry.Plan.Value : Compile(entry, inputs);
    }

    // A method of its own, so that finding a plan allocates nothing.
    private CompiledPlan Compile(Entry? entry, ReadOnlySpan<Shape> inputs)
    {
        if (entry is null)
        {
            Shape[] shapes = [.. inputs];
            var mine = new Entry(shapes, new Lazy<CompiledPlan>(() => compile(shapes)));
            lock (_gate)
            {
                // Another thread may have been faster.
                entry = Known(inputs) ?? mine;
                if (entry == mine)
                    _entries.Insert(0, mine);
            }
        }

        CompiledPlan? plan = null;
        try
        {
            return plan = entry.Plan.Value;
        }
        finally
        {
            lock (_gate)
            {
                // Shapes that do not fit leave nothing behind, and push nothing out.
                if (plan is null)
                    _entries.Remove(entry);
                if (_entries.Count > MaxPlans)
                    _entries.RemoveRange(MaxPlans, _entries.Count - MaxPlans);
                MaxMemoryBytes = 0;
                foreach (Entry kept in _entries)
                    if (kept.Plan.IsValueCreated)
                        MaxMemoryBytes = Math.Max(MaxMemoryBytes, kept.Plan.Value.MemoryBytes);
            }
        }
    }

    private Entry? Known(ReadOnlySpan<Shape> inputs)
    {
        for (int i = 0; i < _entries.Count; i++)
        {
            Entry entry = _entries[i];
            if (!inputs.SequenceEqual(entry.Inputs))
                continue;
            if (i > 0)
            {
                _entries.RemoveAt(i);
                _entries.Insert(0, entry);
            }

            return entry;
        }

        return null;
    }

    private sealed record Entry(Shape[] Inputs, Lazy<CompiledPlan> Plan);
}
