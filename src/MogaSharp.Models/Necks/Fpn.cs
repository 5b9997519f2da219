using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>What the maps of a pyramid above the backbone's are made of.</summary>
public enum ExtraLevels
{
    /// <summary>The largest numbers of the coarsest map, every second one (a pool with kernel 1 and stride 2).</summary>
    MaxPool,

    /// <summary>3x3 convolutions with stride 2, the first one of the backbone's last map.</summary>
    OnInput,

    /// <summary>As <see cref="OnInput"/>, of the coarsest map before its 3x3 convolution.</summary>
    OnLateral,

    /// <summary>As <see cref="OnInput"/>, of the pyramid's coarsest map.</summary>
    OnOutput,
}

/// <summary>
/// A feature pyramid (arXiv 1612.03144; MMSegmentation's and MMDetection's <c>FPN</c> without norms): each map through a 1x1 convolution,
/// plus the one above it enlarged to its size (nearest), then through a 3x3 convolution; and further, coarser maps over them. Names:
/// <c>lateral_convs.I</c>, <c>fpn_convs.I</c>.
/// </summary>
/// <param name="Channels">Channels of all maps of the pyramid.</param>
public sealed record Fpn(int Channels)
{
    /// <summary>The first map of the backbone that is read, from 0.</summary>
    public int Start { get; init; }

    /// <summary>Maps beyond those of the backbone.</summary>
    public int ExtraCount { get; init; }

    /// <summary>What these are made of.</summary>
    public ExtraLevels Extra { get; init; }

    /// <summary>Adds the pyramid.</summary>
    /// <param name="net">Where its modules stand.</param>
    /// <param name="features">Maps (N, C_i, H_i, W_i), the finest first.</param>
    /// <returns>A map (N, Channels, H_i, W_i) for each from <see cref="Start"/> on, and <see cref="ExtraCount"/> more, each half as
    /// large.</returns>
    public IReadOnlyList<Value> Build(Scope net, IReadOnlyList<Value> features)
    {
        Value[] maps = [.. features.Skip(Start).Select((map, i) => net["lateral_convs"][i].PlainConv(map, Channels, 1))];
        for (int i = maps.Length - 1; i > 0; i--)
            maps[i - 1] += net.Resize(maps[i], maps[i - 1], Interpolation.Nearest);
        List<Value> levels = [.. maps.Select((map, i) => net["fpn_convs"][i].PlainConv(map, Channels, 3))];
        Value last = Extra switch
        {
            ExtraLevels.OnInput => features[^1],
            ExtraLevels.OnLateral => maps[^1],
            _ => levels[^1],
        };
        for (int i = 0; i < ExtraCount; i++)
        {
            last =
                Extra == ExtraLevels.MaxPool
                    ? net.Add(new MaxPool2d(1, 2), last)
                    : net["fpn_convs"][levels.Count].PlainConv(last, Channels, 3, stride: 2);
            levels.Add(last);
        }

        return levels;
    }
}
