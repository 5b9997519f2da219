namespace MogaSharp.Vision;

/// <summary>One axis of a linear resampling: of which places of the old axis each place of the new one is made, with weights that are not
/// negative and add up to 1. Immutable.</summary>
public sealed class AxisTaps
{
    private readonly int[] _first;
    private readonly int[] _places;
    private readonly float[] _weights;

    private AxisTaps(int sourceLength, IReadOnlyList<SortedDictionary<int, double>> taps)
    {
        SourceLength = sourceLength;
        _first = new int[taps.Count + 1];
        for (int i = 0; i < taps.Count; i++)
            _first[i + 1] = _first[i] + taps[i].Count;
        _places = [.. taps.SelectMany(tap => tap.Keys)];
        _weights = [.. taps.SelectMany(tap => tap.Values).Select(weight => (float)weight)];
    }

    /// <summary>Places of the old axis.</summary>
    public int SourceLength { get; }

    /// <summary>Places of the new axis.</summary>
    public int Length => _first.Length - 1;

    /// <summary>The places of the old axis that a new place is made of, in ascending order.</summary>
    /// <param name="place">The new place.</param>
    public ReadOnlySpan<int> Places(int place) => _places.AsSpan(_first[place].._first[place + 1]);

    /// <summary>The weight of each of <see cref="Places"/>.</summary>
    /// <param name="place">The new place.</param>
    public ReadOnlySpan<float> Weights(int place) => _weights.AsSpan(_first[place].._first[place + 1]);

    /// <summary>Bilinear resizing by the corners of the outermost pixels, as PyTorch's <c>interpolate</c> with
    /// <c>align_corners=False</c>.</summary>
    /// <param name="from">Places of the old axis, at least 1.</param>
    /// <param name="to">Places of the new axis, at least 1.</param>
    public static AxisTaps Resize(int from, int to)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(from);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(to);
        var taps = new SortedDictionary<int, double>[to];
        for (int i = 0; i < to; i++)
        {
            double place = Math.Max(0, ((i + 0.5) * from / to) - 0.5);
            int low = Math.Min((int)place, from - 1);
            double share = low == from - 1 ? 0 : place - low;
            taps[i] = share == 0 ? new() { [low] = 1 } : new() { [low] = 1 - share, [low + 1] = share };
        }

        return new AxisTaps(from, taps);
    }

    /// <summary>Windows that lie one after another on the old axis and overlap on the new one, where they count the same.</summary>
    /// <param name="window">Places of a window.</param>
    /// <param name="starts">Where each window begins on the new axis; together they cover it.</param>
    /// <param name="length">Places of the new axis.</param>
    /// <exception cref="ArgumentException">A place is covered by no window.</exception>
    public static AxisTaps Windows(int window, IReadOnlyList<int> starts, int length)
    {
        var taps = new SortedDictionary<int, double>[length];
        for (int i = 0; i < length; i++)
        {
            int[] over = [.. Enumerable.Range(0, starts.Count).Where(w => i >= starts[w] && i < starts[w] + window)];
            if (over.Length == 0)
                throw new ArgumentException($"The place {i} is in no window.", nameof(starts));
            taps[i] = [];
            foreach (int w in over)
                taps[i].Add((w * window) + i - starts[w], 1.0 / over.Length);
        }

        return new AxisTaps(window * starts.Count, taps);
    }

    /// <summary>The same resampling for several windows, one after another.</summary>
    /// <param name="count">Windows.</param>
    public AxisTaps Repeat(int count) =>
        new(SourceLength * count, [.. Enumerable.Range(0, count).SelectMany(w => Enumerable.Range(0, Length).Select(i => Moved(i, w)))]);

    /// <summary>This resampling with another one after it, in one step.</summary>
    /// <param name="next">The other one, of <see cref="Length"/> places.</param>
    /// <exception cref="ArgumentException">The other one is of another number of places.</exception>
    public AxisTaps Then(AxisTaps next)
    {
        if (next.SourceLength != Length)
            throw new ArgumentException($"{Length} places were made, {next.SourceLength} are taken.", nameof(next));
        return new AxisTaps(SourceLength, [.. Enumerable.Range(0, next.Length).Select(Join)]);

        SortedDictionary<int, double> Join(int place)
        {
            var joined = new SortedDictionary<int, double>();
            for (int i = 0; i < next.Places(place).Length; i++)
            {
                int between = next.Places(place)[i];
                for (int j = 0; j < Places(between).Length; j++)
                    Add(joined, Places(between)[j], (double)next.Weights(place)[i] * Weights(between)[j]);
            }

            return joined;
        }
    }

    /// <summary>The first places of the new axis.</summary>
    /// <param name="length">How many, at most <see cref="Length"/>.</param>
    public AxisTaps First(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        return new AxisTaps(SourceLength, [.. Enumerable.Range(0, length).Select(i => Moved(i, 0))]);
    }

    /// <summary>The new axis from its end.</summary>
    public AxisTaps Reversed() => new(SourceLength, [.. Enumerable.Range(0, Length).Select(i => Moved(Length - 1 - i, 0))]);

    private SortedDictionary<int, double> Moved(int place, int window)
    {
        var moved = new SortedDictionary<int, double>();
        for (int i = 0; i < Places(place).Length; i++)
            moved.Add(Places(place)[i] + (window * SourceLength), Weights(place)[i]);
        return moved;
    }

    private static void Add(SortedDictionary<int, double> sums, int key, double value) => sums[key] = sums.GetValueOrDefault(key) + value;
}
