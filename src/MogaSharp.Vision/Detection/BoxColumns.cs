using System.Buffers;
using System.Numerics;

namespace MogaSharp.Vision;

/// <summary>Lists of boxes as spans: left, top, right, bottom, one box after another.</summary>
internal static class BoxList
{
    /// <summary>The number of boxes.</summary>
    /// <exception cref="ArgumentException">The numbers are not whole boxes.</exception>
    public static int Count(ReadOnlySpan<float> boxes, string name) =>
        boxes.Length % 4 == 0
            ? boxes.Length / 4
            : throw new ArgumentException($"{boxes.Length} numbers are not whole boxes of four.", name);

    /// <summary>Boxes in an image before it was resized.</summary>
    public static void Unscale(Span<float> boxes, (float X, float Y) factor)
    {
        for (int i = 0; i < boxes.Length; i++)
            boxes[i] /= i % 2 == 0 ? factor.X : factor.Y;
    }
}

/// <summary>
/// Boxes by columns, as vector code wants them, in borrowed memory: lefts, tops, rights, bottoms and areas, each filled up to whole vectors
/// with numbers that are no boxes, so that nothing overlaps them.
/// </summary>
internal struct BoxColumns : IDisposable
{
    private readonly int _stride;
    private float[]? _values;

    /// <summary>No boxes yet.</summary>
    /// <param name="capacity">The most boxes.</param>
    public BoxColumns(int capacity)
    {
        _stride = Whole(capacity);
        _values = ArrayPool<float>.Shared.Rent(checked(_stride * 5));
        Count = 0;
    }

    public int Count { get; private set; }

    public readonly ReadOnlySpan<float> Lefts => Column(0);

    public readonly ReadOnlySpan<float> Tops => Column(1);

    public readonly ReadOnlySpan<float> Rights => Column(2);

    public readonly ReadOnlySpan<float> Bottoms => Column(3);

    public readonly ReadOnlySpan<float> Areas => Column(4);

    /// <summary>As many places as whole vectors have.</summary>
    public static int Whole(int count) => checked((count + Vector<float>.Count - 1) / Vector<float>.Count * Vector<float>.Count);

    /// <summary>All boxes of a list.</summary>
    public static BoxColumns Of(ReadOnlySpan<float> boxes)
    {
        var columns = new BoxColumns(boxes.Length / 4);
        for (int i = 0; i < boxes.Length; i += 4)
            columns.Add(boxes[i], boxes[i + 1], boxes[i + 2], boxes[i + 3]);
        return columns;
    }

    /// <summary>Adds a box after the others.</summary>
    public void Add(float left, float top, float right, float bottom) => Set(Count++, left, top, right, bottom);

    /// <summary>Puts a box at a place, after all places before it in the same vector.</summary>
    public readonly void Set(int place, float left, float top, float right, float bottom)
    {
        Span<float> values = _values;
        if (place % Vector<float>.Count == 0)
            for (int column = 0; column < 5; column++)
                values.Slice((column * _stride) + place, Vector<float>.Count).Fill(float.NaN);
        values[place] = left;
        values[place + _stride] = top;
        values[place + (2 * _stride)] = right;
        values[place + (3 * _stride)] = bottom;
        values[place + (4 * _stride)] = (right - left) * (bottom - top);
    }

    public void Dispose()
    {
        if (_values is { } values)
            ArrayPool<float>.Shared.Return(values);
        _values = null;
    }

    private readonly ReadOnlySpan<float> Column(int column) => _values.AsSpan(column * _stride, _stride);
}
