using MogaSharp.Cpu.Steps;

namespace MogaSharp.Cpu.Planning;

/// <summary>
/// Places slots in one arena so that slots that live at the same time do not overlap: largest first, each at the lowest
/// offset that is free during its life.
/// </summary>
internal static class MemoryPlanner
{
    private const int Alignment = 16;

    /// <summary>Sets every slot's offset.</summary>
    /// <returns>The arena's size in floats.</returns>
    public static long Place(IReadOnlyList<Step> steps)
    {
        var lives = new Dictionary<Slot, (int First, int Last)>();
        for (int i = 0; i < steps.Count; i++)
            foreach (Slot slot in steps[i].Slots)
                lives[slot] = lives.TryGetValue(slot, out (int First, int Last) life) ? (life.First, i) : (i, i);

        var placed = new List<Slot>();
        foreach (Slot slot in lives.Keys.OrderByDescending(slot => slot.Layout.Floats).ThenBy(slot => lives[slot].First))
        {
            (int first, int last) = lives[slot];
            long offset = 0;
            foreach (Slot other in placed.Where(other => lives[other].First <= last && lives[other].Last >= first).OrderBy(other => other.Offset))
            {
                if (other.Offset - offset >= Size(slot)) break;
                offset = Math.Max(offset, other.Offset + Size(other));
            }

            slot.Offset = offset;
            placed.Add(slot);
        }

        return placed.Count == 0 ? 0 : placed.Max(slot => slot.Offset + Size(slot));
    }

    private static long Size(Slot slot) => (slot.Layout.Floats + Alignment - 1) / Alignment * Alignment;
}
