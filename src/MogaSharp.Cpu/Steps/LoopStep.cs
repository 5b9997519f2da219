using MogaSharp.Cpu.Planning;

namespace MogaSharp.Cpu.Steps;

/// <summary>What a <see cref="LoopStep"/> does for one item.</summary>
internal delegate void LoopBody(Frame frame, int item);

/// <summary>A step given by its loop body; for the ops that no fused kernel covers.</summary>
internal sealed unsafe class LoopStep(string description, int items, long work, Slot[] slots, LoopBody body) : Step
{
    public override string Description => description;

    public override int Items => items;

    public override long Work => work;

    public override IEnumerable<Slot> Slots => slots;

    public override void Run(Frame frame, int item, float* scratch) => body(frame, item);
}
