namespace MogaSharp.Cpu.Planning;

/// <summary>In which form something lies in a <see cref="PackedStore"/>.</summary>
internal enum PackedForm
{
    ConvMatrix,
    WinogradMatrix,
    TransposedMatrix,
    Tiled,
    GroupMatrix,
    LinearMatrix,
    Panels,
    Taps,
    Sum,
    Ones,
    Placed,
    Mask,
    InverseDeviation,
    ScoreStart,
    ScoreMask,
    Rows,
    Resized,
    Filter,
    Waves,
}

/// <summary>What a form was made of: weights, and the numbers that it depends on besides.</summary>
/// <param name="Form">The form.</param>
/// <param name="Weight">The weight's name; null for a form of none.</param>
/// <param name="Second">The name of a second one.</param>
internal readonly record struct PackedKey(PackedForm Form, string? Weight = null, string? Second = null)
{
    public int A { get; init; }

    public int B { get; init; }

    public int C { get; init; }

    public int D { get; init; }
}
