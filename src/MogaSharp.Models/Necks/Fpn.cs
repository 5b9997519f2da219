using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>
/// A feature pyramid (arXiv 1612.03144; MMSegmentation's and MMDetection's <c>FPN</c> without norms): each map through a 1x1 convolution,
/// plus the one above it enlarged to its size (nearest), then through a 3x3 convolution. Names: <c>lateral_convs.I</c>,
/// <c>fpn_convs.I</c>.
/// </summary>
/// <param name="Channels">Channels of all maps of the pyramid.</param>
public sealed record Fpn(int Channels)
{
    /// <summary>Adds the pyramid.</summary>
    /// <param name="net">Where its modules stand.</param>
    /// <param name="features">Maps (N, C_i, H_i, W_i), the finest first.</param>
    /// <returns>A map (N, Channels, H_i, W_i) for each.</returns>
    public IReadOnlyList<Value> Build(Scope net, IReadOnlyList<Value> features)
    {
        Value[] maps = [.. features.Select((map, i) => net["lateral_convs"][i].PlainConv(map, Channels, 1))];
        for (int i = maps.Length - 1; i > 0; i--)
            maps[i - 1] += net.Resize(maps[i], maps[i - 1], Interpolation.Nearest);
        return [.. maps.Select((map, i) => net["fpn_convs"][i].PlainConv(map, Channels, 3))];
    }
}
