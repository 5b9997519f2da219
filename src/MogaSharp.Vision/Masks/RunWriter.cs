namespace MogaSharp.Vision;

/// <summary>Makes runs of the ranges of pixels that are inside.</summary>
internal sealed class RunWriter
{
    private readonly List<uint> _runs = [];
    private int _written;

    /// <summary>Adds pixels at or after the end of those before.</summary>
    public void Add(int first, int end)
    {
        if (first == end)
            return;
        if (first == _written && _runs.Count > 0)
            _runs[^1] += (uint)(end - first);
        else
        {
            _runs.Add((uint)(first - _written));
            _runs.Add((uint)(end - first));
        }

        _written = end;
    }

    /// <summary>The runs of as many pixels.</summary>
    public uint[] Finish(int pixels) => _written < pixels || _runs.Count == 0 ? [.. _runs, (uint)(pixels - _written)] : [.. _runs];
}

/// <summary>Walks over runs.</summary>
internal ref struct RunReader
{
    private readonly ReadOnlySpan<uint> _runs;
    private int _at;

    public RunReader(ReadOnlySpan<uint> runs)
    {
        _runs = runs;
        Length = runs[0];
        SkipEmpty();
    }

    /// <summary>What is left of this run; 0 at the end.</summary>
    public uint Length { get; private set; }

    public readonly bool IsInside => _at % 2 == 1;

    /// <summary>Goes on, by no more than this run.</summary>
    public void Skip(uint pixels)
    {
        Length -= pixels;
        SkipEmpty();
    }

    private void SkipEmpty()
    {
        while (Length == 0 && _at + 1 < _runs.Length)
            Length = _runs[++_at];
    }
}
