namespace MogaSharp.Vision;

/// <summary>
/// An evaluation that is going on. What it has counted so far can be saved as bytes and merged into another one of the same kind, so that
/// several processes evaluate a data set together. Not safe to use from many threads at once.
/// </summary>
public interface IEvaluator
{
    /// <summary>The items counted: images, clips.</summary>
    long Count { get; }

    /// <summary>All that has been counted.</summary>
    byte[] Save();

    /// <summary>Adds what another process has counted.</summary>
    /// <param name="saved">What <see cref="Save"/> gave there.</param>
    /// <exception cref="ArgumentException">The bytes are not from an evaluation of the same kind and size.</exception>
    void Merge(ReadOnlySpan<byte> saved);

    /// <summary>The figures of everything counted so far, by name; NaN where there is nothing to tell.</summary>
    IReadOnlyDictionary<string, double> Figures();
}
