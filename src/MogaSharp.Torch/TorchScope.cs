namespace MogaSharp.Torch;

/// <summary>
/// Owns the tensors that its thread makes while it is the innermost scope, and frees them when it is disposed. What has to
/// live longer is moved out. Disposed on the thread that made it, inner scopes before outer ones.
/// </summary>
public sealed class TorchScope : IDisposable
{
    [ThreadStatic]
    private static TorchScope? _current;

    private readonly TorchScope? _outer;
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private readonly List<TorchTensor> _tensors = [];
    private bool _disposed;

    /// <summary>Opens a scope inside of this thread's current one.</summary>
    public TorchScope()
    {
        _outer = _current;
        _current = this;
    }

    /// <summary>Tensors that the scope would free now.</summary>
    public int Count => _tensors.Count;

    internal static TorchScope? Current => _current;

    /// <summary>Gives a tensor to the scope around this one, or to nobody but the caller where there is none.</summary>
    /// <returns>The tensor.</returns>
    /// <exception cref="InvalidOperationException">The scope does not own the tensor.</exception>
    public TorchTensor MoveOut(TorchTensor tensor)
    {
        Remove(tensor);
        _outer?.Add(tensor);
        return tensor;
    }

    /// <summary>Takes a tensor out of all scopes: the caller disposes it.</summary>
    /// <returns>The tensor.</returns>
    /// <exception cref="InvalidOperationException">The scope does not own the tensor.</exception>
    public TorchTensor Keep(TorchTensor tensor)
    {
        Remove(tensor);
        return tensor;
    }

    /// <summary>Frees the tensors that were not moved out.</summary>
    /// <exception cref="InvalidOperationException">Another thread made the scope, or an inner scope is still open.</exception>
    public void Dispose()
    {
        if (_disposed)
            return;
        if (Environment.CurrentManagedThreadId != _thread)
            throw new InvalidOperationException("A scope of tensors is closed on another thread than it was opened on.");
        if (_current != this)
            throw new InvalidOperationException("A scope of tensors is closed before the scopes inside it.");
        _disposed = true;
        _current = _outer;
        foreach (TorchTensor tensor in _tensors)
            tensor.FreeFromScope();
        _tensors.Clear();
    }

    internal void Add(TorchTensor tensor)
    {
        tensor.Owner = this;
        tensor.OwnerSlot = _tensors.Count;
        _tensors.Add(tensor);
    }

    // The last tensor takes the place, so that leaving costs the same for the first and the last.
    internal void Remove(TorchTensor tensor)
    {
        if (tensor.Owner != this)
            throw new InvalidOperationException("The scope does not own this tensor.");
        if (Environment.CurrentManagedThreadId != _thread)
            throw new InvalidOperationException("A tensor is taken from a scope of another thread.");
        TorchTensor last = _tensors[^1];
        _tensors[tensor.OwnerSlot] = last;
        last.OwnerSlot = tensor.OwnerSlot;
        _tensors.RemoveAt(_tensors.Count - 1);
        tensor.Owner = null;
    }
}
