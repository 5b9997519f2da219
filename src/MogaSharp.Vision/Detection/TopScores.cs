using System.Buffers;
using System.Numerics;

namespace MogaSharp.Vision;

/// <summary>
/// The best places of large maps by score, of which few are looked at: the smallest number whose score may still count is known, and whole
/// vectors below it are passed over. Of equal scores those of lower places are better.
/// </summary>
internal sealed class TopScores : IDisposable
{
    private const int FirstCapacity = 4096;

    private readonly int _most;
    private ulong[] _keys;
    private int _count;
    private ulong _least;
    private float _lowest;

    /// <summary>Nothing was seen yet.</summary>
    /// <param name="most">The most places that are wanted.</param>
    /// <param name="threshold">Only higher scores count; below 0 for all.</param>
    public TopScores(int most, float threshold)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(most);
        _most = most;
        _keys = ArrayPool<ulong>.Shared.Rent(FirstCapacity);
        _least = threshold < 0 ? ScoreKeys.Ascending(0, int.MaxValue) : ScoreKeys.Ascending(threshold, 0);
        _lowest = threshold < 0 ? float.NegativeInfinity : LowestWith(MathF.BitIncrement(threshold));
    }

    /// <summary>The score of a network's number, 0..1: the logistic function.</summary>
    public static float Of(float number) => (float)(1 / (1 + Math.Exp(-(double)number)));

    /// <summary>Looks at some numbers. NaN has no score.</summary>
    /// <param name="numbers">The numbers, before they are made scores.</param>
    /// <param name="first">The place of the first one.</param>
    /// <param name="step">The distance of the places of the others.</param>
    public void Add(ReadOnlySpan<float> numbers, int first, int step)
    {
        int i = 0;
        for (; i <= numbers.Length - Vector<float>.Count; i += Vector<float>.Count)
            if (Vector.GreaterThanOrEqualAny(new Vector<float>(numbers[i..]), new Vector<float>(_lowest)))
                AddEach(numbers.Slice(i, Vector<float>.Count), first + (i * step), step);
        AddEach(numbers[i..], first + (i * step), step);
    }

    /// <summary>The number of places that are wanted and were found.</summary>
    public int Finish()
    {
        _keys.AsSpan(0, _count).Sort();
        return Math.Min(_count, _most);
    }

    /// <summary>One of them, the best first.</summary>
    public (int Place, float Score) this[int rank]
    {
        get
        {
            ulong key = _keys[_count - 1 - rank];
            return ((int)~(uint)key, ScoreKeys.Number((uint)(key >> 32)));
        }
    }

    public void Dispose()
    {
        if (_keys.Length > 0)
            ArrayPool<ulong>.Shared.Return(_keys);
        _keys = [];
    }

    private void AddEach(ReadOnlySpan<float> numbers, int place, int step)
    {
        foreach (float number in numbers)
        {
            if (number >= _lowest)
            {
                ulong key = ScoreKeys.Ascending(Of(number), place);
                if (key > _least)
                    Add(key);
            }
            place += step;
        }
    }

    private void Add(ulong key)
    {
        if (_count == _keys.Length)
            MakeRoom();
        _keys[_count++] = key;
    }

    private void MakeRoom()
    {
        if (_count / 2 < _most)
        {
            ulong[] larger = ArrayPool<ulong>.Shared.Rent(checked(_count * 2));
            _keys.AsSpan(0, _count).CopyTo(larger);
            ArrayPool<ulong>.Shared.Return(_keys);
            _keys = larger;
            return;
        }

        Span<ulong> keys = _keys.AsSpan(0, _count);
        keys.Sort();
        keys[^_most..].CopyTo(keys);
        _count = _most;
        _least = keys[0];
        _lowest = LowestWith(ScoreKeys.Number((uint)(_least >> 32)));
    }

    // The smallest number with at least this score, or infinity.
    private static float LowestWith(float score)
    {
        uint low = ScoreKeys.Ordered(float.NegativeInfinity),
            high = ScoreKeys.Ordered(float.PositiveInfinity);
        while (low < high)
        {
            uint middle = low + ((high - low) / 2);
            if (Of(ScoreKeys.Number(middle)) >= score)
                high = middle;
            else
                low = middle + 1;
        }

        return ScoreKeys.Number(high);
    }
}
