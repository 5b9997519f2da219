using System.Diagnostics.CodeAnalysis;

namespace MogaSharp.Graph;

/// <summary>
/// The extents of a tensor, outermost first. Feature maps are (N, C, H, W): images, channels, rows, columns.
/// A scalar has rank 0; an extent may be 0.
/// </summary>
public readonly struct Shape : IEquatable<Shape>
{
    private readonly long[]? _extents;

    /// <summary>Makes a shape from its extents.</summary>
    /// <param name="extents">The extents, each 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">An extent is negative.</exception>
    public Shape(params ReadOnlySpan<long> extents)
    {
        foreach (long extent in extents)
            ArgumentOutOfRangeException.ThrowIfNegative(extent, nameof(extents));
        _extents = extents.ToArray();
    }

    /// <summary>The number of dimensions.</summary>
    public int Rank => _extents?.Length ?? 0;

    /// <summary>The extent of one dimension.</summary>
    /// <param name="dimension">0 (outermost) to <see cref="Rank"/> - 1.</param>
    public int this[int dimension] => checked((int)Extents[dimension]);

    /// <summary>All extents, outermost first.</summary>
    public ReadOnlySpan<long> Extents => _extents;

    /// <summary>The product of the extents (1 for a scalar).</summary>
    /// <exception cref="OverflowException">The product does not fit 64 bits.</exception>
    public long ElementCount
    {
        get
        {
            long count = 1;
            foreach (long extent in Extents)
                count = checked(count * extent);
            return count;
        }
    }

    /// <summary>The same shape with another extent in one dimension.</summary>
    public Shape With(int dimension, long extent)
    {
        long[] copy = Extents.ToArray();
        copy[dimension] = extent;
        return new Shape(copy);
    }

    /// <inheritdoc/>
    public bool Equals(Shape other) => Extents.SequenceEqual(other.Extents);

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is Shape other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (long extent in Extents)
            hash.Add(extent);
        return hash.ToHashCode();
    }

    /// <summary>Two shapes are equal when rank and all extents are.</summary>
    public static bool operator ==(Shape left, Shape right) => left.Equals(right);

    /// <summary>The opposite of equality.</summary>
    public static bool operator !=(Shape left, Shape right) => !left.Equals(right);

    /// <summary>The extents joined by "x", such as <c>1x3x224x224</c>; "scalar" for rank 0.</summary>
    public override string ToString() => Rank == 0 ? "scalar" : string.Join('x', Extents.ToArray());
}
