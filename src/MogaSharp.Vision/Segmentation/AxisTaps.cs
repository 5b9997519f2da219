namespace MogaSharp.Vision;

/// <summary>One axis of a linear resampling: of which places of the old axis each place of the new one is made, with weights that are not
/// negative and add up to 1. Immutable.</summary>
public sealed class AxisTaps
{
    private readonly int[] _first;
    private readonly int[] _places;
    private readonly float[] _weights;

    private AxisTaps(int sourceLength, TapList taps)
    {
        SourceLength = sourceLength;
        _first = [.. taps.First];
        _places = [.. taps.Places];
        _weights = [.. taps.Weights.Select(weight => (float)weight)];
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
        var taps = new TapList();
        for (int i = 0; i < to; i++)
        {
            double place = Math.Max(0, ((i + 0.5) * from / to) - 0.5);
            int low = Math.Min((int)place, from - 1);
            double share = low == from - 1 ? 0 : place - low;
            taps.Add(low, 1 - share);
            if (share > 0)
                taps.Add(low + 1, share);
            taps.End();
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
        var taps = new TapList();
        for (int i = 0; i < length; i++)
        {
            int over = starts.Count(start => i >= start && i < start + window);
            if (over == 0)
                throw new ArgumentException($"The place {i} is in no window.", nameof(starts));
            for (int w = 0; w < starts.Count; w++)
                if (i >= starts[w] && i < starts[w] + window)
                    taps.Add((w * window) + i - starts[w], 1.0 / over);
            taps.End();
        }

        return new AxisTaps(window * starts.Count, taps);
    }

    /// <summary>The same resampling for several windows, one after another.</summary>
    /// <param name="count">Windows.</param>
    public AxisTaps Repeat(int count)
    {
        var taps = new TapList();
        for (int window = 0; window < count; window++)
        for (int i = 0; i < Length; i++)
            Copy(i, window * SourceLength, taps);
        return new AxisTaps(SourceLength * count, taps);
    }

    /// <summary>This resampling with another one after it, in one step.</summary>
    /// <param name="next">The other one, of <see cref="Length"/> places.</param>
    /// <exception cref="ArgumentException">The other one is of another number of places.</exception>
    public AxisTaps Then(AxisTaps next)
    {
        if (next.SourceLength != Length)
            throw new ArgumentException($"{Length} places were made, {next.SourceLength} are taken.", nameof(next));
        var taps = new TapList();
        for (int place = 0; place < next.Length; place++)
        {
            ReadOnlySpan<int> between = next.Places(place);
            for (int i = 0; i < between.Length; i++)
            {
                ReadOnlySpan<int> places = Places(between[i]);
                for (int j = 0; j < places.Length; j++)
                    taps.Add(places[j], (double)next.Weights(place)[i] * Weights(between[i])[j]);
            }

            taps.End();
        }

        return new AxisTaps(SourceLength, taps);
    }

    /// <summary>The first places of the new axis.</summary>
    /// <param name="length">How many, at most <see cref="Length"/>.</param>
    public AxisTaps First(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        var taps = new TapList();
        for (int i = 0; i < length; i++)
            Copy(i, 0, taps);
        return new AxisTaps(SourceLength, taps);
    }

    /// <summary>The new axis from its end.</summary>
    public AxisTaps Reversed()
    {
        var taps = new TapList();
        for (int i = Length - 1; i >= 0; i--)
            Copy(i, 0, taps);
        return new AxisTaps(SourceLength, taps);
    }

    private void Copy(int place, int offset, TapList taps)
    {
        for (int i = 0; i < Places(place).Length; i++)
            taps.Add(Places(place)[i] + offset, Weights(place)[i]);
        taps.End();
    }

    /// <summary>Taps place by place; those of one are kept in order and added up.</summary>
    private sealed class TapList
    {
        public List<int> First { get; } = [0];

        public List<int> Places { get; } = [];

        public List<double> Weights { get; } = [];

        public void Add(int place, double weight)
        {
            int at = Places.Count;
            while (at > First[^1] && Places[at - 1] > place)
                at--;
            if (at > First[^1] && Places[at - 1] == place)
            {
                Weights[at - 1] += weight;
                return;
            }

            Places.Insert(at, place);
            Weights.Insert(at, weight);
        }

        public void End() => First.Add(Places.Count);
    }
}
