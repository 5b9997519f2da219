using MogaSharp.Torch.Native;

namespace MogaSharp.Torch;

/// <summary>Settings of <see cref="Sgd"/>.</summary>
/// <param name="Momentum">How much of the last direction is kept, 0 to below 1.</param>
/// <param name="Nesterov">Look ahead along the momentum.</param>
/// <param name="Dampening">The share of a new gradient that is left out, 0 to below 1; 0 with Nesterov.</param>
public sealed record SgdOptions(double Momentum = 0.9, bool Nesterov = false, double Dampening = 0)
{
    // Looked at before a base constructor makes state that nobody would free.
    internal static string[] StateNames(SgdOptions? options) =>
        options switch
        {
            null => ["momentum_buffer"],
            not { Momentum: >= 0 and < 1, Dampening: >= 0 and < 1 } => throw new ArgumentException(
                $"{options} is out of range: momentum and dampening are in [0, 1)."
            ),
            { Nesterov: true, Momentum: 0 } or { Nesterov: true, Dampening: > 0 } => throw new ArgumentException(
                "Nesterov takes momentum, and no dampening."
            ),
            _ => ["momentum_buffer"],
        };
}

/// <summary>Gradient descent with momentum, as <c>torch.optim.SGD</c>: weight decay is a part of the gradient.</summary>
public sealed unsafe class Sgd : TorchOptimizer
{
    private SgdOptions _options;

    /// <summary>Starts without momentum.</summary>
    /// <inheritdoc cref="AdamW(TorchNetwork, IEnumerable{ParameterGroup}, AdamOptions?)"/>
    public Sgd(TorchNetwork network, IEnumerable<ParameterGroup> groups, SgdOptions? options = null)
        : base(network, groups, SgdOptions.StateNames(options)) => _options = options ?? new();

    /// <inheritdoc/>
    public override double Momentum
    {
        get => _options.Momentum;
        set => _options = _options with { Momentum = CheckedMomentum(value) };
    }

    private protected override int Step(in Arguments a) =>
        Shim.SgdStep(
            (nint*)a.Parameters,
            (nint*)a.First,
            (long*)a.Steps,
            a.Count,
            (double*)a.LearningRates,
            (double*)a.WeightDecays,
            _options.Momentum,
            _options.Dampening,
            _options.Nesterov ? 1 : 0
        );
}
