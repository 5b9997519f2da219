using MogaSharp.Graph;

namespace MogaSharp.Torch;

/// <summary>h + scale (h - GELU(conv(h))) with a 1x1 convolution to one channel, the channel decomposition of MogaNet's aggregation block, computed as one step.</summary>
/// <param name="Map">Index of h.</param>
/// <param name="Conv">The convolution.</param>
/// <param name="Scale">The factors' name.</param>
internal sealed record Decomposition(int Map, Conv2d Conv, string Scale)
{
    /// <summary>Finds the decompositions of a graph, each under the index of its last value; the values within are then not computed.</summary>
    public static Dictionary<int, Decomposition> Find(ComputationGraph graph, Func<Value, bool> isReadOnce, out HashSet<int> within)
    {
        var found = new Dictionary<int, Decomposition>();
        within = [];
        foreach (Value value in graph.Values)
        {
            if (value is not { Op: Binary { Function: BinaryKind.Add }, Inputs: [var h, { Op: ChannelAffine { Scale: { } scale, Shift: null } } scaled] } || !isReadOnce(scaled)) continue;
            if (scaled.Inputs[0] is not { Op: Binary { Function: BinaryKind.Subtract }, Inputs: [var whole, { Op: Activation { Function: ActivationKind.Gelu } } activated] } rest) continue;
            if (whole != h || !isReadOnce(rest) || !isReadOnce(activated) || activated.Inputs[0] is not { Op: Conv2d conv } common || common.Inputs[0] != h || !isReadOnce(common)) continue;
            if (conv is not { IsPointwise: true, OutChannels: 1, Bias: not null }) continue;
            found.Add(value.Index, new Decomposition(h.Index, conv, scale));
            within.UnionWith([scaled.Index, rest.Index, activated.Index, common.Index]);
        }

        return found;
    }
}
