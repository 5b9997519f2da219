namespace MogaSharp.Graph;

/// <summary>Whether training changes a tensor by gradient (parameter) or by observation (buffer).</summary>
public enum ParameterKind
{
    /// <summary>Trained by gradient; counted in "params".</summary>
    Parameter,

    /// <summary>State that is saved but not trained: running statistics and the batch counter.</summary>
    Buffer,
}

/// <summary>One named tensor that a graph needs.</summary>
/// <param name="Name">The official state-dict key.</param>
/// <param name="Shape">Its shape as in the official state dict.</param>
/// <param name="Kind">Parameter or buffer.</param>
/// <param name="Initializer">How a fresh network fills it.</param>
/// <param name="IsOptional">True for state that files may lack without harm (<c>num_batches_tracked</c>, <c>attn_mask</c>).</param>
public sealed record ParameterSpec(string Name, Shape Shape, ParameterKind Kind, Initializer Initializer, bool IsOptional = false)
{
    /// <summary>The type that PyTorch keeps the tensor in: 64-bit integers for batch counters and Swin's position indices.</summary>
    public DType Type { get; init; } = DType.Float32;
}
