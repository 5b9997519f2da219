using MogaSharp.Torch.Native;

namespace MogaSharp.Torch;

/// <summary>
/// LAMB (You et al. 2020), as timm 0.6's <c>Lamb</c>: all gradients together are clipped to norm 1, and each decayed parameter's step has
/// the length of the parameter; parameters without weight decay step as with Adam.
/// </summary>
public sealed unsafe class Lamb : TorchOptimizer
{
    private const double MaxNorm = 1;

    private AdamOptions _options;

    /// <inheritdoc cref="AdamW(TorchNetwork, IEnumerable{ParameterGroup}, AdamOptions?)"/>
    public Lamb(TorchNetwork network, IEnumerable<ParameterGroup> groups, AdamOptions? options = null)
        : base(network, groups, AdamOptions.StateNames(options)) => _options = options ?? new();

    /// <inheritdoc/>
    public override double Momentum
    {
        get => _options.Beta1;
        set => _options = _options with { Beta1 = CheckedMomentum(value) };
    }

    private protected override int Step(in Arguments a) =>
        Shim.LambStep(
            (nint*)a.Parameters,
            (nint*)a.First,
            (nint*)a.Second,
            (long*)a.Steps,
            a.Count,
            (double*)a.LearningRates,
            (double*)a.WeightDecays,
            _options.Beta1,
            _options.Beta2,
            _options.Epsilon,
            MaxNorm
        );
}
