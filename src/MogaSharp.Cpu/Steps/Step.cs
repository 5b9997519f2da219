using MogaSharp.Cpu.Kernels;
using MogaSharp.Cpu.Planning;
using MogaSharp.Graph;

namespace MogaSharp.Cpu.Steps;

/// <summary>
/// One unit of a plan: all threads work on its items, then meet. An item's result does not depend on which thread does it
/// or on what was done before, so results are the same for every number of threads.
/// </summary>
internal abstract unsafe class Step
{
    /// <summary>What the step computes, such as <c>conv1x1 + SiLU</c>.</summary>
    public abstract string Description { get; }

    /// <summary>The module whose result it gives.</summary>
    public string Scope { get; init; } = "";

    /// <summary>Independent pieces of work, at least 1.</summary>
    public abstract int Items { get; }

    /// <summary>Multiply-adds, or a like measure: steps with little work are done by one thread.</summary>
    public abstract long Work { get; }

    /// <summary>The matrices that the step multiplies with, in order.</summary>
    public virtual IReadOnlyList<PackedMatrix> Matrices => [];

    /// <summary>The matrix that is needed first after this step; null when none is, or it is not known. Set by the
    /// <see cref="Plan"/>.</summary>
    public PackedMatrix? Next { get; set; }

    /// <summary>The slots that the step reads and writes.</summary>
    public abstract IEnumerable<Slot> Slots { get; }

    /// <summary>
    /// An input in whose place the step may write its output, when nobody reads it later: each item has read what it overwrites. Null when
    /// there is none.
    /// </summary>
    public virtual (Slot Input, Slot Output)? InPlace => null;

    /// <summary>Floats of private memory that each thread needs.</summary>
    public virtual long ScratchFloats => 0;

    /// <summary>Does one item.</summary>
    /// <param name="frame">The run.</param>
    /// <param name="item">0 to <see cref="Items"/> - 1.</param>
    /// <param name="scratch">The thread's private memory, aligned to 64 bytes.</param>
    public abstract void Run(Frame frame, int item, float* scratch);
}

/// <summary>The memory of one run.</summary>
internal sealed unsafe class Frame(int threads)
{
    // A cache line each, so that threads do not wait for each other's lines; two sets, since one is cleared while the other is in use.
    private const int Spacing = 32;

    private readonly int[] _taken = new int[(2 * threads + 1) * Spacing];

    /// <summary>How many items of a thread's share have been taken.</summary>
    /// <param name="step">The step's number; neighboring steps have different counters.</param>
    /// <param name="thread">Whose share.</param>
    public ref int Taken(int step, int thread) => ref _taken[((((step & 1) * threads) + thread) * Spacing) + Spacing];

    /// <summary>Makes all counters zero; no run may be in progress.</summary>
    public void Reset() => Array.Clear(_taken);

    /// <summary>Set to end the run after the present step.</summary>
    public volatile bool Stop;

    /// <summary>The arena.</summary>
    public float* Arena { get; set; }

    /// <summary>Where each thread notes when it began and ended each step; null for runs that nobody watches.</summary>
    public long[]? Marks { get; set; }

    /// <summary>The caller's inputs, in the graph's order.</summary>
    public Tensor[] Inputs { get; set; } = [];

    /// <summary>The caller's outputs, in the graph's order.</summary>
    public Tensor[] Outputs { get; set; } = [];

    /// <summary>The first float of a slot.</summary>
    public float* this[Slot slot] => Arena + slot.Offset;

    /// <summary>A slot's pixels from one on.</summary>
    public RowBlock Rows(Slot slot, nint pixel) => new(this[slot] + (pixel * slot.Layout.Stride), slot.Layout.Stride);

    /// <summary>A view's pixels from one on.</summary>
    public RowBlock Rows(MapView view, nint pixel) =>
        new(this[view.Slot] + (pixel * view.Slot.Layout.Stride) + view.Channel, view.Slot.Layout.Stride);
}
