using MogaSharp.Graph;

namespace MogaSharp.Weights;

/// <summary>Which weights of a checkpoint to take, and how to name them.</summary>
public sealed record StateDictOptions
{
    /// <summary>The trained weights, under their official names.</summary>
    public static StateDictOptions Default { get; } = new();

    /// <summary>True to take the moving average that training kept (EMA); without one that is an error.</summary>
    public bool Ema { get; init; }

    /// <summary>
    /// Where the weights lie: keys joined by "/", or the beginning of the names there (<c>teacher</c> for names such as
    /// <c>teacher.norm.weight</c>). Null to find the place.
    /// </summary>
    public string? Key { get; init; }

    /// <summary>Parameters whose names begin with one of these may be missing where the rest is there, such as <c>head.</c> for a network
    /// that gets a fresh head.</summary>
    public IReadOnlyList<string> MayLack { get; init; } = [];

    /// <summary>The names that other projects give to networks' tensors. Default: none.</summary>
    public IReadOnlyList<NameForm> Forms { get; init; } = [];

    /// <summary>
    /// True to keep names as they are in the file. Otherwise prefixes that all names have go, <c>module.</c> (of distributed training) and
    /// <c>model.</c> (of OpenSTL's methods), and in files of OpenMixup and the mm* projects <c>backbone.</c> goes and <c>head.fc.</c>
    /// becomes <c>head.</c>; names of <see cref="Forms"/> that have a mark become the network's.
    /// </summary>
    public bool KeepNames { get; init; }
}
