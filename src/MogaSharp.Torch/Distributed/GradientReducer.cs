using MogaSharp.Torch.Native;

namespace MogaSharp.Torch;

/// <summary>How gradients are averaged over processes.</summary>
public sealed record GradientReducerOptions
{
    /// <summary>Gradients travel in buckets of about this size (MiB), each as soon as it is full, while the backward pass goes
    /// on.</summary>
    public double BucketMegabytes { get; init; } = 25;

    /// <summary>
    /// Look for parameters that a loss does not depend on, in every pass; others than these wait for their gradients forever. They get
    /// the mean over the ranks that used them, others counting as 0; one that no rank used gets none.
    /// </summary>
    public bool FindUnused { get; init; }
}

/// <summary>
/// Averages a network's gradients over all processes, by c10d's <c>Reducer</c>, the engine of PyTorch's DistributedDataParallel. Made
/// when parameters have been frozen and made equal; dispose it before the network. Gradients that are there already, of
/// earlier passes without <see cref="Prepare"/>, are averaged with those of the pass: accumulation costs one exchange.
/// </summary>
public sealed unsafe class GradientReducer : IDisposable
{
    private readonly TorchProcessGroup _group;
    private readonly ReducerHandle _handle;
    private readonly bool _findUnused;

    /// <summary>Takes the parameters that are trained.</summary>
    /// <param name="network">A network with the same trained parameters on all ranks.</param>
    /// <param name="group">The processes.</param>
    /// <param name="options">The defaults when null.</param>
    /// <exception cref="ProcessGroupException">A process is lost.</exception>
    /// <exception cref="TorchException">Parameters differ between ranks in number, shape or type.</exception>
    public GradientReducer(TorchNetwork network, TorchProcessGroup group, GradientReducerOptions? options = null)
    {
        options ??= new();
        if (!(options.BucketMegabytes > 0))
            throw new ArgumentException("A bucket's size is above 0.", nameof(options));
        (_group, _findUnused) = (group, options.FindUnused);
        using var list = new HandleList([.. network.TrainableNames.Select(network.Handle)]);
        try
        {
            Shim.Check(
                Shim.ReducerCreate(
                    group.Handle,
                    list.Pointer,
                    list.Count,
                    (long)Math.Ceiling(options.BucketMegabytes * 1024 * 1024),
                    _findUnused ? 1 : 0,
                    out _handle
                )
            );
        }
        catch (TorchException e) when (group.Explain(e) is ProcessGroupException lost)
        {
            throw lost;
        }
    }

    /// <summary>Announces that the next backward pass averages; on all ranks, between forward and backward.</summary>
    /// <param name="loss">What the pass starts from.</param>
    /// <exception cref="TorchException">The pass before did not reach all parameters: some are unused.</exception>
    /// <exception cref="ProcessGroupException">A process is lost.</exception>
    public void Prepare(TorchTensor loss)
    {
        using var list = new HandleList([loss.Handle]);
        try
        {
            Shim.Check(Shim.ReducerPrepare(_handle, list.Pointer, list.Count, _findUnused ? 1 : 0));
        }
        catch (TorchException e) when (_group.Explain(e) is ProcessGroupException lost)
        {
            throw lost;
        }
    }

    /// <summary>Frees the buckets.</summary>
    public void Dispose() => _handle.Dispose();
}
