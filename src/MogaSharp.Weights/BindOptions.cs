namespace MogaSharp.Weights;

/// <summary>Which differences between a graph's parameters and a file are allowed. Without options every one is an error.</summary>
public sealed record BindOptions
{
    /// <summary>Nothing but tensors that are optional by themselves may be missing.</summary>
    public static BindOptions Default { get; } = new();

    /// <summary>True to give missing buffers (running statistics) the values of a fresh network.</summary>
    public bool FillMissingBuffers { get; init; }

    /// <summary>
    /// Parameters whose names begin with one of these may be missing, such as <c>head.</c> for a file without classifier.
    /// The bound set then lacks them.
    /// </summary>
    public IReadOnlyList<string> IgnoreMissing { get; init; } = [];

    /// <summary>Tensors of the file whose names begin with one of these are left aside, such as <c>decode_head.</c></summary>
    public IReadOnlyList<string> IgnoreUnexpected { get; init; } = [];
}
