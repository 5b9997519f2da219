namespace MogaSharp.Weights;

/// <summary>Which weights of a checkpoint to take, and how to name them.</summary>
public sealed record StateDictOptions
{
    /// <summary>The trained weights, under their official names.</summary>
    public static StateDictOptions Default { get; } = new();

    /// <summary>True to take the moving average that training kept (EMA); without one that is an error.</summary>
    public bool Ema { get; init; }

    /// <summary>
    /// True to keep names as they are in the file. Otherwise prefixes that all names have go, <c>module.</c> (of distributed training) and
    /// <c>model.</c> (of OpenSTL's methods), and in files of OpenMixup and the mm* projects <c>backbone.</c> goes and <c>head.fc.</c> becomes <c>head.</c>; ConvNeXt's original names become timm's.
    /// </summary>
    public bool KeepNames { get; init; }
}
