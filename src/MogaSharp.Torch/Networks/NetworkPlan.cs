using MogaSharp.Graph;

namespace MogaSharp.Torch;

/// <summary>A range of values that activation checkpointing computes twice.</summary>
/// <param name="First">Index of its first value.</param>
/// <param name="Last">Index of its last value, the only one that later segments read.</param>
/// <param name="Draws">Whether it draws random numbers in train mode.</param>
internal sealed record Segment(int First, int Last, bool Draws);

/// <summary>What a graph's execution needs to know of it beforehand.</summary>
internal sealed class NetworkPlan
{
    // Half a block of MogaNet has 10 to 20 values; less would keep nearly everything.
    private const int LeastSegment = 8;

    public NetworkPlan(ComputationGraph graph)
    {
        int count = graph.Values.Count;
        int[] lastUse = [.. Enumerable.Range(0, count)];
        ILookup<int, Value> readers = graph
            .Values.SelectMany(value => value.Inputs, (value, input) => (input.Index, value))
            .ToLookup(pair => pair.Index, pair => pair.value);
        foreach (IGrouping<int, Value> read in readers)
            lastUse[read.Key] = read.Last().Index;

        IsOutput = new bool[count];
        foreach ((_, Value output) in graph.Outputs)
            IsOutput[output.Index] = true;
        Steps = FusedStep.Find(graph, readers, IsOutput);
        IsWithin = new bool[count];
        foreach ((int last, FusedStep step) in Steps)
        {
            foreach (Value value in step.Inner)
            {
                IsWithin[value.Index] = true;
                foreach (Value input in value.Inputs)
                    lastUse[input.Index] = Math.Max(lastUse[input.Index], last);
            }
        }

        DoneAfter = Enumerable.Range(0, count).ToLookup(index => lastUse[index]);
        Segments = Cut(graph);
    }

    /// <summary>Which values nothing reads any more after a value.</summary>
    public ILookup<int, int> DoneAfter { get; }

    /// <summary>For each value whether it is an output of the graph.</summary>
    public bool[] IsOutput { get; }

    /// <summary>What is computed as one step, under the index of its last value.</summary>
    public IReadOnlyDictionary<int, FusedStep> Steps { get; }

    /// <summary>For each value whether it is part of such a step and not computed itself.</summary>
    public bool[] IsWithin { get; }

    /// <summary>All values in order, cut where a single value leads on.</summary>
    public IReadOnlyList<Segment> Segments { get; }

    private List<Segment> Cut(ComputationGraph graph)
    {
        var segments = new List<Segment>();
        var live = new HashSet<int>();
        int first = 0;
        for (int i = 0; i < graph.Values.Count; i++)
        {
            live.Add(i);
            live.ExceptWith(DoneAfter[i]);
            bool last = i == graph.Values.Count - 1;
            if (!last && !(live.Count == 1 && live.Contains(i) && i - first + 1 >= LeastSegment))
                continue;
            bool draws = Enumerable.Range(first, i - first + 1).Any(index => graph.Values[index].Op is TrainingOp);
            segments.Add(new Segment(first, i, draws));
            first = i + 1;
        }

        return segments;
    }
}
