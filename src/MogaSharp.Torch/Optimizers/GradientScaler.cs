namespace MogaSharp.Torch;

/// <summary>What a <see cref="GradientScaler"/> is at one time, for a checkpoint.</summary>
/// <param name="Scale">The factor on the loss.</param>
/// <param name="GoodSteps">Steps with finite gradients since it last changed.</param>
public sealed record GradientScalerState(double Scale = 65536, int GoodSteps = 0);

/// <summary>
/// Loss scaling for float16 with the rules of PyTorch's <c>GradScaler</c>: a step whose gradients are not finite is left out
/// and halves the scale; 2000 good steps in a row double it.
/// </summary>
public sealed class GradientScaler
{
    private const double Growth = 2,
        Backoff = 0.5;
    private const int GrowthInterval = 2000;

    /// <summary>The scale and how long it has held; can be set to go on from a checkpoint.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The scale is not above 0, or the steps are not 0 to 1999.</exception>
    public GradientScalerState State
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value.Scale, nameof(value));
            ArgumentOutOfRangeException.ThrowIfNegative(value.GoodSteps, nameof(value));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(value.GoodSteps, GrowthInterval, nameof(value));
            field = value;
        }
    } = new();

    /// <summary>The loss times the scale, for the backward pass.</summary>
    public TorchTensor Scale(TorchTensor loss) => loss * State.Scale;

    /// <summary>Divides a network's gradients by the scale; before clipping and stepping, once per step.</summary>
    /// <returns>Whether all are finite; if not, leave the step out. Either way <see cref="Update"/> follows.</returns>
    public bool Unscale(TorchNetwork network) => network.ScaleGradients(1 / State.Scale);

    /// <summary>Ends a step.</summary>
    /// <param name="finite">What <see cref="Unscale"/> said (of all processes, where there are several).</param>
    public void Update(bool finite)
    {
        if (!finite)
            State = new GradientScalerState(State.Scale * Backoff);
        else if (State.GoodSteps + 1 < GrowthInterval)
            State = State with { GoodSteps = State.GoodSteps + 1 };
        else
            State = new GradientScalerState(float.IsFinite((float)(State.Scale * Growth)) ? State.Scale * Growth : State.Scale);
    }
}
