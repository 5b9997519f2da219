using MogaSharp.Graph;
using MogaSharp.Torch.Native;

namespace MogaSharp.Torch;

/// <summary>How the values of several processes become one.</summary>
public enum ReduceKind
{
    /// <summary>Their sum.</summary>
    Sum,

    /// <summary>Their mean.</summary>
    Mean,

    /// <summary>The largest.</summary>
    Max,

    /// <summary>The least.</summary>
    Min,
}

/// <content>What exchanges data. Called by all ranks, in the same order, with tensors of the same shapes and types.</content>
public sealed unsafe partial class TorchProcessGroup
{
    /// <summary>Makes tensors the same everywhere.</summary>
    /// <param name="tensors">Tensors on <see cref="Device"/>, overwritten in place.</param>
    /// <param name="root">The rank whose values everybody gets.</param>
    /// <exception cref="ProcessGroupException">A process is lost.</exception>
    public void Broadcast(IReadOnlyList<TorchTensor> tensors, int root = 0)
    {
        RequireRank(root);
        using var list = new HandleList([.. tensors.Select(tensor => tensor.Handle)]);
        Check(Shim.GroupBroadcast(Alive(), list.Pointer, list.Count, root));
    }

    /// <summary>Gives everybody a rank's bytes.</summary>
    /// <param name="data">What to give; looked at on the root only.</param>
    /// <param name="root">The rank that gives.</param>
    /// <returns>The root's bytes.</returns>
    /// <exception cref="ProcessGroupException">A process is lost.</exception>
    public byte[] BroadcastBytes(ReadOnlySpan<byte> data, int root = 0)
    {
        using var scope = new TorchScope();
        TorchTensor length = TorchTensor.From<long>([data.Length], new Shape(1), Device);
        Broadcast([length], root);
        byte[] bytes = Rank == root ? data.ToArray() : new byte[length.ToArray<long>()[0]];
        if (bytes.Length == 0)
            return bytes;
        TorchTensor content = TorchTensor.From<byte>(bytes, new Shape(bytes.Length), Device);
        Broadcast([content], root);
        return content.ToArray<byte>();
    }

    /// <summary>Replaces tensors by what all ranks' values give together; one message for all of them.</summary>
    /// <param name="tensors">Tensors of one type on <see cref="Device"/>, overwritten in place.</param>
    /// <param name="kind">Sum, mean (floating point only), largest or least.</param>
    /// <exception cref="ArgumentException">The types differ, or a mean of integers is asked for.</exception>
    /// <exception cref="ProcessGroupException">A process is lost.</exception>
    public void AllReduce(IReadOnlyList<TorchTensor> tensors, ReduceKind kind)
    {
        DType[] types = [.. tensors.Select(tensor => tensor.DType).Distinct()];
        if (types.Length > 1)
            throw new ArgumentException($"Tensors of {types[0]} and {types[1]} are not reduced together.", nameof(tensors));
        if (kind == ReduceKind.Mean && types is [DType.Int64 or DType.UInt8 or DType.Bool])
            throw new ArgumentException($"A mean is taken of floating-point numbers, not of {types[0]}.", nameof(kind));
        using var list = new HandleList([.. tensors.Select(tensor => tensor.Handle)]);
        Check(Shim.GroupAllReduce(Alive(), list.Pointer, list.Count, (int)kind));
    }

    /// <summary>What all ranks' numbers give together.</summary>
    /// <param name="values">Equally many on all ranks.</param>
    /// <param name="kind">Sum, mean, largest or least.</param>
    /// <returns>As many numbers, the same bits on all ranks.</returns>
    /// <exception cref="ProcessGroupException">A process is lost.</exception>
    public double[] AllReduce(ReadOnlySpan<double> values, ReduceKind kind)
    {
        using var scope = new TorchScope();
        TorchTensor tensor = TorchTensor.From(values, new Shape(values.Length), Device);
        AllReduce([tensor], kind);
        return tensor.ToArray<double>();
    }

    /// <summary>Whether something holds on any rank.</summary>
    /// <exception cref="ProcessGroupException">A process is lost.</exception>
    public bool Any(bool mine) => AllReduce([mine ? 1 : 0], ReduceKind.Max)[0] > 0;

    /// <summary>The tensors of all ranks.</summary>
    /// <param name="tensor">A tensor on <see cref="Device"/>.</param>
    /// <returns>(ranks, ...), in the current scope.</returns>
    /// <exception cref="ProcessGroupException">A process is lost.</exception>
    public TorchTensor AllGather(TorchTensor tensor)
    {
        Check(Shim.GroupAllGather(Alive(), tensor.Handle, out TensorHandle result));
        return TorchTensor.InScope(result);
    }

    /// <summary>Waits until all ranks are here.</summary>
    /// <exception cref="ProcessGroupException">A process is lost.</exception>
    public void Barrier() => Check(Shim.GroupBarrier(Alive()));

    private GroupHandle Alive()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _handle;
    }

    private void RequireRank(int rank)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rank);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rank, Size);
    }
}
