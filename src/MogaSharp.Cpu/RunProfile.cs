using System.Diagnostics;
using System.Text.Json;
using MogaSharp.Cpu.Planning;
using MogaSharp.Cpu.Steps;

namespace MogaSharp.Cpu;

/// <summary>The time of one step of a plan.</summary>
/// <param name="Scope">The module whose result the step gives.</param>
/// <param name="Description">What it computes.</param>
/// <param name="MedianMs">Milliseconds until the last thread has ended it, the median over the runs.</param>
/// <param name="MinMs">The least over the runs.</param>
/// <param name="MultiplyAdds">Multiply-adds as the model's table counts them, padding included.</param>
/// <param name="Bytes">Bytes of values and weights that it reads and writes at least once.</param>
public sealed record StepTiming(string Scope, string Description, double MedianMs, double MinMs, long MultiplyAdds, long Bytes);

/// <summary>Where the time of a run goes.</summary>
public sealed class RunProfile
{
    private readonly List<(int Thread, int Step, double StartMicroseconds, double Microseconds)> _events;

    private RunProfile(
        IReadOnlyList<StepTiming> steps,
        List<(int Thread, int Step, double StartMicroseconds, double Microseconds)> events
    ) => (Steps, _events) = (steps, events);

    /// <summary>The steps in order.</summary>
    public IReadOnlyList<StepTiming> Steps { get; }

    /// <summary>Writes the run of median length as a trace that Chrome's and Perfetto's viewers read.</summary>
    public void WriteChromeTrace(Stream stream)
    {
        using var json = new Utf8JsonWriter(stream);
        json.WriteStartObject();
        json.WriteStartArray("traceEvents");
        foreach ((int thread, int step, double start, double duration) in _events)
        {
            json.WriteStartObject();
            json.WriteString("name", $"{Steps[step].Scope} {Steps[step].Description}".Trim());
            json.WriteString("ph", "X");
            json.WriteNumber("pid", 1);
            json.WriteNumber("tid", thread);
            json.WriteNumber("ts", Math.Round(start, 3));
            json.WriteNumber("dur", Math.Round(duration, 3));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    internal static RunProfile From(Plan plan, int threads, IReadOnlyList<long[]> runs)
    {
        int count = plan.Steps.Length;
        var steps = new StepTiming[count];
        for (int s = 0; s < count; s++)
        {
            double[] times = [.. runs.Select(run => Milliseconds(Ends(run, s) - Begins(run, s))).Order()];
            Step step = plan.Steps[s];
            long bytes = step.Matrices.Sum(matrix => matrix.Bytes) + step.Slots.Distinct().Sum(slot => slot.Layout.Floats * sizeof(float));
            steps[s] = new StepTiming(step.Scope, step.Description, times[times.Length / 2], times[0], step.Work, bytes);
        }

        long[] median = runs.OrderBy(run => Ends(run, count - 1) - Begins(run, 0)).ElementAt(runs.Count / 2);
        long origin = Begins(median, 0);
        var events = new List<(int, int, double, double)>();
        for (int thread = 0; thread < threads; thread++)
        for (int s = 0; s < count; s++)
        {
            int at = ((thread * count) + s) * 2;
            events.Add((thread, s, 1000 * Milliseconds(median[at] - origin), 1000 * Milliseconds(median[at + 1] - median[at])));
        }

        return new RunProfile(steps, events);

        // A step lasts from when the caller's thread begins it to when the last thread ends it.
        long Begins(long[] run, int step) => run[step * 2];
        long Ends(long[] run, int step) => Enumerable.Range(0, threads).Max(thread => run[(((thread * count) + step) * 2) + 1]);
    }

    private static double Milliseconds(long ticks) => 1000.0 * ticks / Stopwatch.Frequency;
}
