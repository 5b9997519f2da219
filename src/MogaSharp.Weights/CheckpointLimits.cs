namespace MogaSharp.Weights;

/// <summary>
/// What a weight file may cost to open. The defaults are about ten times what the largest official checkpoint with
/// optimizer state needs; a file beyond them is refused.
/// </summary>
public sealed record CheckpointLimits
{
    private const int HighestNesting = 200;

    /// <summary>The limits used when none are given.</summary>
    public static CheckpointLimits Default { get; } = new();

    /// <summary>Largest safetensors header or zip directory, in bytes. The safetensors format itself sets this number.</summary>
    public int MaxHeaderBytes { get; init; } = 100_000_000;

    /// <summary>Largest pickle, in bytes.</summary>
    public long MaxPickleBytes { get; init; } = 64L << 20;

    /// <summary>Most instructions in one pickle. Each makes at most one value, so this bounds memory (about 150 bytes each).</summary>
    public int MaxPickleOpcodes { get; init; } = 2_000_000;

    /// <summary>Most values in a checkpoint when values that are referred to repeatedly are counted each time.</summary>
    public long MaxValues { get; init; } = 1_000_000;

    /// <summary>Most levels of containers within containers; up to 200, as trees are walked by recursion.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or above 200.</exception>
    public int MaxNesting
    {
        get;
        init =>
            field = value is >= 0 and <= HighestNesting
                ? value
                : throw new ArgumentOutOfRangeException(nameof(value), value, $"0 to {HighestNesting}.");
    } = 64;

    /// <summary>
    /// A file's tensors may together hold this many bytes more than four times the file's length. Views that share or
    /// repeat storage need it; a repeat without end is what it stops.
    /// </summary>
    public long MaxExpandedBytes { get; init; } = 64L << 20;
}
