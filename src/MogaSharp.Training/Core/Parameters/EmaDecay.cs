namespace MogaSharp.Training;

/// <summary>
/// The decay of the weights' moving average: <c>average = decay x average + (1 - decay) x weights</c> after each update, for parameters
/// and running statistics alike (timm 0.6, <c>ModelEmaV2</c>); counters are copied.
/// </summary>
/// <param name="Decay">The decay, between 0 and 1.</param>
/// <param name="HasWarmup">Let it grow from 0 so that a short run's average forgets its start (timm 1.0, <c>ModelEmaV3</c> with
/// <c>use_warmup</c>).</param>
public readonly record struct EmaDecay(double Decay, bool HasWarmup = false)
{
    private const double Power = 2.0 / 3;

    /// <summary>The decay of an update.</summary>
    /// <param name="update">The update's number, from 1.</param>
    /// <returns>The decay to use after this update; 0 takes the weights as they are.</returns>
    public double At(long update)
    {
        if (!HasWarmup)
            return Decay;
        long passed = Math.Max(0, update - 1);
        return passed == 0 ? 0 : Math.Clamp(1 - Math.Pow(1 + passed, -Power), 0, Decay);
    }
}
