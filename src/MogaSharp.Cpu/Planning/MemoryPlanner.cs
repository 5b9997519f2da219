using MogaSharp.Cpu.Steps;

namespace MogaSharp.Cpu.Planning;

/// <summary>
/// Places slots in one arena so that slots that live at the same time do not overlap: largest first, each at the lowest
/// offset that is free during its life. An output may take the place of an input that dies with its step.
/// </summary>
internal static class MemoryPlanner
{
    private const int Alignment = 16;

    /// <summary>Sets every slot's offset.</summary>
    /// <returns>The arena's size in floats.</returns>
    public static long Place(IReadOnlyList<Step> steps)
    {
        Dictionary<Slot, (int First, int Last)> lives = Lives(steps);
        Dictionary<Slot, Slot> homes = Share(steps, lives);
        var placed = new List<Slot>();
        foreach (Slot slot in lives.Keys.OrderByDescending(slot => slot.Layout.Floats).ThenBy(slot => lives[slot].First))
        {
            (int first, int last) = lives[slot];
            long offset = 0;
            foreach (
                Slot other in placed.Where(other => lives[other].First <= last && lives[other].Last >= first).OrderBy(other => other.Offset)
            )
            {
                if (other.Offset - offset >= Size(slot))
                    break;
                offset = Math.Max(offset, other.Offset + Size(other));
            }

            slot.Offset = offset;
            placed.Add(slot);
        }

        foreach (Slot guest in homes.Keys)
            guest.Offset = Home(homes, guest).Offset;
        return placed.Count == 0 ? 0 : placed.Max(slot => slot.Offset + Size(slot));
    }

    private static Dictionary<Slot, (int First, int Last)> Lives(IReadOnlyList<Step> steps)
    {
        var lives = new Dictionary<Slot, (int First, int Last)>();
        for (int i = 0; i < steps.Count; i++)
            foreach (Slot slot in steps[i].Slots)
                lives[slot] = lives.TryGetValue(slot, out (int First, int Last) life) ? (life.First, i) : (i, i);
        return lives;
    }

    // Outputs that take the place of an input that dies with the step: they leave the list and lengthen the input's life.
    private static Dictionary<Slot, Slot> Share(IReadOnlyList<Step> steps, Dictionary<Slot, (int First, int Last)> lives)
    {
        var homes = new Dictionary<Slot, Slot>();
        for (int i = 0; i < steps.Count; i++)
        {
            if (
                steps[i].InPlace is not var (input, output)
                || input.Layout != output.Layout
                || !lives.TryGetValue(output, out (int First, int Last) life)
            )
                continue;
            Slot home = Home(homes, input);
            if (life.First != i || lives[home].Last != i || input == output)
                continue;
            homes[output] = home;
            lives[home] = (lives[home].First, life.Last);
            lives.Remove(output);
        }

        return homes;
    }

    private static Slot Home(Dictionary<Slot, Slot> homes, Slot slot)
    {
        while (homes.TryGetValue(slot, out Slot? home))
            slot = home;
        return slot;
    }

    private static long Size(Slot slot) => (slot.Layout.Floats + Alignment - 1) / Alignment * Alignment;
}
