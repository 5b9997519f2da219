using MogaSharp.Torch.Native;

namespace MogaSharp.Torch;

/// <summary>Settings of <see cref="Sgd"/>.</summary>
/// <param name="Momentum">How much of the last direction is kept, 0 to below 1.</param>
/// <param name="Nesterov">Look ahead along the momentum.</param>
/// <param name="Dampening">The share of a new gradient that is left out, 0 to below 1; 0 with Nesterov.</param>
public sealed record SgdOptions(double Momentum = 0.9, bool Nesterov = false, double Dampening = 0)
{
    internal SgdOptions Checked()
    {
        if (Momentum is not (>= 0 and < 1) || Dampening is not (>= 0 and < 1)) throw new ArgumentException($"{this} is out of range: momentum and dampening are in [0, 1).");
        return Nesterov && (Momentum == 0 || Dampening != 0) ? throw new ArgumentException("Nesterov takes momentum, and no dampening.") : this;
    }
}

/// <summary>Gradient descent with momentum, as <c>torch.optim.SGD</c>: weight decay is a part of the gradient.</summary>
public sealed unsafe class Sgd : TorchOptimizer
{
    private readonly SgdOptions _options;

    /// <summary>Starts without momentum.</summary>
    /// <inheritdoc cref="AdamW(TorchNetwork, IEnumerable{ParameterGroup}, AdamOptions?)"/>
    public Sgd(TorchNetwork network, IEnumerable<ParameterGroup> groups, SgdOptions? options = null)
        : base(network, groups, "momentum_buffer") => _options = (options ?? new()).Checked();

    private protected override int Step(in Arguments a) => Shim.SgdStep(
        (nint*)a.Parameters, (nint*)a.First, (long*)a.Steps, a.Count, (double*)a.LearningRates, (double*)a.WeightDecays,
        _options.Momentum, _options.Dampening, _options.Nesterov ? 1 : 0);
}
