using MogaSharp.Graph;
using MogaSharp.Torch.Native;

namespace MogaSharp.Torch;

/// <content>Gradients and what is done with all of them at once; frozen parameters take no part.</content>
public sealed unsafe partial class TorchNetwork
{
    /// <summary>The names of the parameters that are trained.</summary>
    public IReadOnlyList<string> TrainableNames => [.. _parameterNames.Where(name => this[name].RequiresGradient)];

    /// <summary>The gradient of a parameter in the current scope; null where there is none.</summary>
    /// <exception cref="KeyNotFoundException">There is no such parameter.</exception>
    public TorchTensor? Gradient(string name) => this[name].Gradient();

    /// <summary>A float32 copy of all gradients that exist, by parameter name.</summary>
    public IReadOnlyDictionary<string, Tensor> ReadGradients()
    {
        using var scope = new TorchScope();
        var gradients = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (string name in _parameterNames)
            if (Gradient(name) is { } gradient)
                gradients.Add(name, gradient.ToTensor());
        return gradients;
    }

    /// <summary>Forgets all gradients.</summary>
    /// <param name="keepMemory">Set them to zero instead of freeing them; optimisers then step such parameters too.</param>
    public void ZeroGradients(bool keepMemory = false)
    {
        using HandleList list = Parameters();
        Shim.Check(Shim.ZeroGrad(list.Pointer, list.Count, keepMemory ? 1 : 0));
    }

    /// <summary>The 2-norm of all gradients together; waits for a device.</summary>
    public double GradientNorm() => ClipGradients(-1, measureOnly: true);

    /// <summary>Shrinks all gradients by one factor so that their 2-norm together is at most a limit, as <c>clip_grad_norm_</c>.</summary>
    /// <returns>The norm before; not finite when a gradient is not, and the gradients are then useless.</returns>
    public double ClipGradients(double limit) => ClipGradients(limit, measureOnly: false);

    /// <summary>Puts every element of every gradient into [-limit, limit], as <c>clip_grad_value_</c>.</summary>
    public void ClipGradientValues(double limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        using HandleList list = Parameters();
        Shim.Check(Shim.ClipGradValue(list.Pointer, list.Count, limit));
    }

    /// <summary>Multiplies all gradients, as for the mean over accumulated batches or to undo a loss scale; waits for a device.</summary>
    /// <returns>Whether all of them are finite afterwards.</returns>
    public bool ScaleGradients(double factor)
    {
        using HandleList list = Parameters();
        Shim.Check(Shim.ScaleGrad(list.Pointer, list.Count, factor, out int finite));
        return finite != 0;
    }

    /// <summary>Whether all gradients are finite; waits for a device.</summary>
    public bool GradientsAreFinite() => ScaleGradients(1);

    /// <summary>Stops training some parameters: they get no gradients, and lose those they have.</summary>
    /// <param name="which">Says for each parameter name whether to freeze it; others stay as they are.</param>
    /// <param name="statistics">Whether batch norms whose weight is frozen use and keep their running statistics in train mode.</param>
    public void Freeze(Func<string, bool> which, bool statistics = true)
    {
        string[] names = [.. _parameterNames.Where(which)];
        foreach (string name in names)
            this[name].RequiresGradient = false;
        using (var list = new HandleList([.. names.Select(Handle)]))
            Shim.Check(Shim.ZeroGrad(list.Pointer, list.Count, 0));
        if (statistics)
            _frozenStatistics.UnionWith(Norms(names));
    }

    /// <summary>Trains some parameters again, and their batch norms' statistics.</summary>
    public void Unfreeze(Func<string, bool> which)
    {
        string[] names = [.. _parameterNames.Where(which)];
        foreach (string name in names)
            this[name].RequiresGradient = true;
        _frozenStatistics.ExceptWith(Norms(names));
    }

    private IEnumerable<string> Norms(string[] weights) =>
        Executed
            .Values.Select(value => value.Op)
            .OfType<BatchNorm2d>()
            .Where(norm => weights.Contains(norm.Weight))
            .Select(norm => norm.Prefix);

    private double ClipGradients(double limit, bool measureOnly)
    {
        if (!measureOnly)
            ArgumentOutOfRangeException.ThrowIfNegative(limit);
        using HandleList list = Parameters();
        Shim.Check(Shim.ClipGradNorm(list.Pointer, list.Count, limit, out double norm));
        return norm;
    }

    private HandleList Parameters()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return new([.. _parameterNames.Select(Handle)]);
    }
}
