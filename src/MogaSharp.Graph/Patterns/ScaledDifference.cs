namespace MogaSharp.Graph;

/// <summary>
/// x + scale (x - other) with a learnt factor per channel, by which MogaNet decomposes features (paper, equations 5 and 7). Engines compute
/// it in one step or fold it into convolutions.
/// </summary>
/// <param name="X">What is decomposed.</param>
/// <param name="Scale">Key of the factors.</param>
/// <param name="Other">What is taken away; broadcast.</param>
public readonly record struct ScaledDifference(Value X, string Scale, Value Other)
{
    /// <summary>Finds the pattern at its last op, in either order of the sum.</summary>
    /// <param name="op">The op.</param>
    /// <param name="inputs">What it reads.</param>
    /// <returns>Null when it is another one.</returns>
    public static ScaledDifference? Match(Op op, IReadOnlyList<Value> inputs)
    {
        if (op is not Binary { Function: BinaryKind.Add })
            return null;
        for (int i = 0; i < 2; i++)
        {
            (Value x, Value scaled) = (inputs[i], inputs[1 - i]);
            if (
                scaled.Op is ChannelAffine { Scale: { } scale, Shift: null }
                && scaled.Inputs[0] is { Op: Binary { Function: BinaryKind.Subtract } } difference
                && difference.Inputs[0] == x
            )
                return new(x, scale, difference.Inputs[1]);
        }

        return null;
    }
}
