using MogaSharp.Torch.Native;

namespace MogaSharp.Torch;

/// <summary>Settings of Adam and AdamW; the defaults are PyTorch's.</summary>
/// <param name="Beta1">How much of the mean gradient is kept, 0 to below 1.</param>
/// <param name="Beta2">How much of the mean squared gradient is kept, 0 to below 1.</param>
/// <param name="Epsilon">Added to the root of the latter.</param>
public sealed record AdamOptions(double Beta1 = 0.9, double Beta2 = 0.999, double Epsilon = 1e-8)
{
    // Looked at before a base constructor makes state that nobody would free.
    internal static string[] StateNames(AdamOptions? options) =>
        options is null or { Beta1: >= 0 and < 1, Beta2: >= 0 and < 1, Epsilon: >= 0 }
            ? ["exp_avg", "exp_avg_sq"]
            : throw new ArgumentException($"{options} is out of range: betas are in [0, 1), epsilon is 0 or more.");
}

/// <summary>AdamW (Loshchilov and Hutter 2019), as <c>torch.optim.AdamW</c>: weight decay apart from the gradient.</summary>
public sealed unsafe class AdamW : TorchOptimizer
{
    private AdamOptions _options;

    /// <summary>Starts with empty averages.</summary>
    /// <param name="network">Whose parameters are changed.</param>
    /// <param name="groups">Which of them, and how fast.</param>
    /// <param name="options">Betas and epsilon.</param>
    /// <exception cref="ArgumentException">A parameter is unknown or in two groups, or an option is out of range.</exception>
    public AdamW(TorchNetwork network, IEnumerable<ParameterGroup> groups, AdamOptions? options = null)
        : base(network, groups, AdamOptions.StateNames(options)) => _options = options ?? new();

    /// <inheritdoc/>
    public override double Momentum
    {
        get => _options.Beta1;
        set => _options = _options with { Beta1 = CheckedMomentum(value) };
    }

    private protected override int Step(in Arguments a) => Adam.Step(a, _options, decoupled: true);
}

/// <summary>Adam (Kingma and Ba 2015), as <c>torch.optim.Adam</c>: weight decay is a part of the gradient.</summary>
public sealed unsafe class Adam : TorchOptimizer
{
    private AdamOptions _options;

    /// <inheritdoc cref="AdamW(TorchNetwork, IEnumerable{ParameterGroup}, AdamOptions?)"/>
    public Adam(TorchNetwork network, IEnumerable<ParameterGroup> groups, AdamOptions? options = null)
        : base(network, groups, AdamOptions.StateNames(options)) => _options = options ?? new();

    /// <inheritdoc/>
    public override double Momentum
    {
        get => _options.Beta1;
        set => _options = _options with { Beta1 = CheckedMomentum(value) };
    }

    internal static int Step(in Arguments a, AdamOptions options, bool decoupled) =>
        Shim.AdamStep(
            (nint*)a.Parameters,
            (nint*)a.First,
            (nint*)a.Second,
            (long*)a.Steps,
            a.Count,
            (double*)a.LearningRates,
            (double*)a.WeightDecays,
            options.Beta1,
            options.Beta2,
            options.Epsilon,
            decoupled ? 1 : 0
        );

    private protected override int Step(in Arguments a) => Step(a, _options, decoupled: false);
}
