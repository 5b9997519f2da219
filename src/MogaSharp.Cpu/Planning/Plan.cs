using System.Collections.Immutable;
using System.Text;
using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Steps;

namespace MogaSharp.Cpu.Planning;

/// <summary>A graph compiled for one input shape: steps in order, places in the arena. Not changed by runs.</summary>
internal sealed class Plan
{
    /// <summary>Steps with less work than this are done by one thread: about the cost of handing them out.</summary>
    public const long SerialWork = 16_384;

    private readonly Step[] _steps;

    public Plan(IReadOnlyList<Step> steps, int slackFloats)
    {
        _steps = [.. steps];
        Link(steps);
        // Matrix kernels read some rows past the last one.
        ArenaFloats = WholeLines(MemoryPlanner.Place(steps) + slackFloats);
        ScratchFloats = WholeLines((steps.Count == 0 ? 0 : steps.Max(step => step.ScratchFloats)) + slackFloats);
    }

    /// <summary>The steps in order.</summary>
    public ReadOnlySpan<Step> Steps => _steps;

    /// <summary>What was not fused, by module, and why.</summary>
    public ImmutableArray<(string Scope, string Reason)> Notes { get; init; } = [];

    /// <summary>Floats of memory that a run needs for values.</summary>
    public long ArenaFloats { get; }

    /// <summary>Floats of memory that a run needs per thread.</summary>
    public long ScratchFloats { get; }

    // While a step works on its last weights, it brings the first of the next step that has some.
    private static void Link(IEnumerable<Step> steps)
    {
        PackedMatrix? next = null;
        foreach (Step step in steps.Reverse())
        {
            step.Next = next;
            if (step.Matrices is [PackedMatrix first, ..])
                next = first;
        }
    }

    private static long WholeLines(long floats) => (floats + 15) / 16 * 16;

    /// <summary>Bytes of memory that a run needs.</summary>
    /// <param name="threads">Threads that run it.</param>
    public long MemoryBytes(int threads) => (ArenaFloats + (ScratchFloats * threads)) * sizeof(float);

    /// <summary>The plan as text, one step a line, then what was not fused and why, then the memory.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        for (int i = 0; i < _steps.Length; i++)
            text.Append($"{i, 3}  {_steps[i].Scope, -22} {_steps[i].Description}  [{_steps[i].Items} items]\n");
        foreach ((string scope, string reason) in Notes)
            text.Append($"not fused  {scope, -22} {reason}\n");
        return text.Append($"arena {ArenaFloats * sizeof(float) / 1024} KiB, scratch {ScratchFloats * sizeof(float) / 1024} KiB a thread\n")
            .ToString();
    }
}
