using MogaSharp.Torch;

namespace MogaSharp.Training;

/// <summary>The losses of a batch by name, each a scalar with a gradient and the mean over the items. Their sum is minimized.</summary>
public sealed class Losses
{
    private readonly (string Name, TorchTensor Value)[] _parts;

    /// <summary>One loss, which is called <see cref="TrainingTask.LossName"/>.</summary>
    /// <param name="loss">A scalar.</param>
    public Losses(TorchTensor loss)
        : this([(TrainingTask.LossName, loss)]) { }

    /// <summary>Several losses, weighted already.</summary>
    /// <param name="parts">At least one, each of another name.</param>
    /// <exception cref="ArgumentException">There is none, or two have the same name.</exception>
    public Losses(params IEnumerable<(string Name, TorchTensor Value)> parts)
    {
        _parts = [.. parts];
        if (_parts.Length == 0)
            throw new ArgumentException("There is no loss.", nameof(parts));
        if (_parts.DistinctBy(part => part.Name).Count() < _parts.Length)
            throw new ArgumentException("Two losses have the same name.", nameof(parts));
    }

    /// <summary>The names, in order.</summary>
    public IEnumerable<string> Names => _parts.Select(part => part.Name);

    /// <summary>The number of losses.</summary>
    public int Count => _parts.Length;

    /// <summary>What is minimized: the sum of all, a scalar in the current scope.</summary>
    public TorchTensor Total => _parts.Skip(1).Aggregate(_parts[0].Value, (sum, part) => sum + part.Value);

    /// <summary>A loss.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="KeyNotFoundException">There is none of this name.</exception>
    public TorchTensor this[string name] =>
        _parts.FirstOrDefault(part => part.Name == name).Value
        ?? throw new KeyNotFoundException($"There is no loss '{name}'; there are {string.Join(", ", Names)}.");

    /// <summary>The values as numbers, in order.</summary>
    internal double[] Items() => [.. _parts.Select(part => part.Value.Item())];
}
