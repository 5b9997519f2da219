using System.Buffers;

namespace MogaSharp.Vision;

/// <summary>Scores with their places as integers that sort by them.</summary>
internal static class ScoreKeys
{
    /// <summary>A key that sorts by descending score and then by place. NaN comes last.</summary>
    public static ulong Descending(float score, int place) => ((ulong)~Ordered(score) << 32) | (uint)place;

    /// <summary>A key that sorts by score and then by descending place. NaN comes first.</summary>
    public static ulong Ascending(float score, int place) => ((ulong)Ordered(score) << 32) | ~(uint)place;

    /// <summary>The place in a key that sorts by descending score.</summary>
    public static int Place(ulong descending) => (int)(uint)descending;

    /// <summary>An integer that is larger for a larger number; 0 for NaN.</summary>
    public static uint Ordered(float value)
    {
        if (float.IsNaN(value))
            return 0;
        // A zero has no sign here.
        uint bits = BitConverter.SingleToUInt32Bits(value + 0f);
        return (bits & 0x8000_0000) != 0 ? ~bits : bits | 0x8000_0000;
    }

    /// <summary>The number with this integer.</summary>
    public static float Number(uint ordered) =>
        BitConverter.UInt32BitsToSingle((ordered & 0x8000_0000) != 0 ? ordered & 0x7fff_ffff : ~ordered);
}

/// <summary>Boxes, scores and classes that may be found, and where they come from, in borrowed memory.</summary>
internal sealed class CandidateList : IDisposable
{
    private float[] _boxes = ArrayPool<float>.Shared.Rent(4096);
    private float[] _scores = ArrayPool<float>.Shared.Rent(1024);
    private int[] _labels = ArrayPool<int>.Shared.Rent(1024);
    private int[] _sources = ArrayPool<int>.Shared.Rent(1024);

    public int Count { get; private set; }

    /// <summary>Left, top, right, bottom of each.</summary>
    public Span<float> Boxes => _boxes.AsSpan(0, Count * 4);

    public ReadOnlySpan<float> Scores => _scores.AsSpan(0, Count);

    public ReadOnlySpan<int> Labels => _labels.AsSpan(0, Count);

    /// <summary>Adds one and gives the place of its box, which is to be written.</summary>
    public Span<float> Add(float score, int label, int source)
    {
        if (Count == _scores.Length || Count == _labels.Length || Count == _sources.Length || (Count + 1) * 4 > _boxes.Length)
        {
            Grow(ref _boxes, checked(Count * 8));
            Grow(ref _scores, Count * 2);
            Grow(ref _labels, Count * 2);
            Grow(ref _sources, Count * 2);
        }

        (_scores[Count], _labels[Count], _sources[Count]) = (score, label, source);
        return _boxes.AsSpan(Count++ * 4, 4);
    }

    /// <summary>Leaves out those whose sides are not above 0.</summary>
    public void DropEmpty()
    {
        int count = 0;
        for (int i = 0; i < Count; i++)
        {
            Span<float> box = _boxes.AsSpan(i * 4, 4);
            if (!(box[2] - box[0] > 0 && box[3] - box[1] > 0))
                continue;
            box.CopyTo(_boxes.AsSpan(count * 4));
            (_scores[count], _labels[count], _sources[count]) = (_scores[i], _labels[i], _sources[i]);
            count++;
        }

        Count = count;
    }

    /// <summary>Some of them.</summary>
    public DetectionSet Take(ReadOnlySpan<int> places)
    {
        float[] boxes = new float[places.Length * 4],
            scores = new float[places.Length];
        int[] labels = new int[places.Length],
            sources = new int[places.Length];
        for (int i = 0; i < places.Length; i++)
        {
            _boxes.AsSpan(places[i] * 4, 4).CopyTo(boxes.AsSpan(i * 4));
            (scores[i], labels[i], sources[i]) = (_scores[places[i]], _labels[places[i]], _sources[places[i]]);
        }

        return new DetectionSet(boxes, scores, labels, sources);
    }

    public void Dispose()
    {
        Release(ref _boxes);
        Release(ref _scores);
        Release(ref _labels);
        Release(ref _sources);
        Count = 0;
    }

    private static void Grow<T>(ref T[] values, int length)
    {
        T[] larger = ArrayPool<T>.Shared.Rent(length);
        values.CopyTo(larger, 0);
        ArrayPool<T>.Shared.Return(values);
        values = larger;
    }

    private static void Release<T>(ref T[] values)
    {
        if (values.Length > 0)
            ArrayPool<T>.Shared.Return(values);
        values = [];
    }
}
