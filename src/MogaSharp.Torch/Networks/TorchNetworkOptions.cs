using MogaSharp.Graph;
using MogaSharp.Torch.Native;

namespace MogaSharp.Torch;

/// <summary>How a network lies in memory.</summary>
public sealed record TorchNetworkOptions
{
    /// <summary>Where parameters lie and everything is computed.</summary>
    public TorchDevice Device { get; init; } = TorchDevice.Cpu;

    /// <summary>The type of parameters and buffers: float32, or float64 to check gradients with.</summary>
    public DType Type { get; init; } = DType.Float32;

    /// <summary>Keep feature maps and convolution weights with channels innermost; the same results up to rounding, often faster.</summary>
    public bool ChannelsLast { get; init; }

    /// <summary>The seed of the generator that Dropout and DropPath draw from.</summary>
    public ulong Seed { get; init; }
}

/// <summary>How one forward pass is done.</summary>
public sealed record TorchForwardOptions
{
    /// <summary>Eval mode without gradients.</summary>
    public static TorchForwardOptions Eval { get; } = new();

    /// <summary>Train mode with gradients.</summary>
    public static TorchForwardOptions Train { get; } = new() { Training = true };

    /// <summary>
    /// Train mode: batch norm takes the batch's statistics and updates the running ones, Dropout and DropPath draw. Eval
    /// mode otherwise.
    /// </summary>
    public bool Training { get; init; }

    /// <summary>Whether to record what gradients need; null for what <see cref="Training"/> says.</summary>
    public bool? RecordGradients { get; init; }

    /// <summary>
    /// Float16 or bfloat16 for convolutions and linear layers, as PyTorch's autocast; group norms and losses stay in float32,
    /// statistics of batch norms too. Null to compute in the parameters' type.
    /// </summary>
    public DType? Autocast { get; init; }

    /// <summary>
    /// Keep only some values between forward and backward and compute the others once more when they are needed: less
    /// memory, more time, the same gradients. Works on blocks, so that it takes a graph through which one value leads.
    /// </summary>
    public bool Checkpointing { get; init; }

    /// <summary>
    /// In train mode batch norms take their statistics over the batches of all processes, as PyTorch's SyncBatchNorm: what one process
    /// would compute on all images. All ranks then do the same passes. Null for the own batch's.
    /// </summary>
    public TorchProcessGroup? BatchNormGroup { get; init; }

    internal bool Records => RecordGradients ?? Training;

    // The shim's code of the autocast type.
    internal int Precision => Autocast is { } type ? (int)type : ShimNumbers.NoPrecision;

    internal void Validate()
    {
        if (Autocast is not (null or DType.Float16 or DType.BFloat16))
            throw new ArgumentException($"Autocast computes in Float16 or BFloat16, not in {Autocast}.");
    }
}
