using MogaSharp.Graph;

namespace MogaSharp.Weights;

/// <summary>Several tensors that differ at most in their first extent, one behind the other.</summary>
internal sealed class JoinedTensor(string name, TensorEntry[] parts) : TensorEntry(name, parts[0].DType, Joined(parts))
{
    /// <summary>Whether there are as many parts as there should be, and they can be joined.</summary>
    public static bool Fit(TensorEntry[] parts, int count) =>
        parts.Length == count
        && Array.TrueForAll(
            parts,
            part =>
                part.DType == parts[0].DType
                && part.Shape.Rank > 0
                && part.Shape.Rank == parts[0].Shape.Rank
                && part.Shape.Extents[1..].SequenceEqual(parts[0].Shape.Extents[1..])
        )
        && parts.Sum(part => (long)part.ByteCount) <= Array.MaxLength;

    internal override void Verify()
    {
        foreach (TensorEntry part in parts)
            part.Verify();
    }

    private protected override void Read(Span<byte> destination)
    {
        foreach (TensorEntry part in parts)
        {
            part.ReadBytes(destination[..part.ByteCount]);
            destination = destination[part.ByteCount..];
        }
    }

    private static Shape Joined(TensorEntry[] parts)
    {
        long[] extents = parts[0].Shape.Extents.ToArray();
        extents[0] = parts.Sum(part => (long)part.Shape[0]);
        return new Shape(extents);
    }
}
