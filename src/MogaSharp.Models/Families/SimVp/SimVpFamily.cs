namespace MogaSharp.Models;

/// <summary>SimVP as a family: the official weights.</summary>
public sealed class SimVpFamily : ModelFamily<SimVpOptions>
{
    /// <inheritdoc/>
    public override Stream? OpenCatalogue() => Resource("simvp.json");

    /// <inheritdoc/>
    /// <remarks>Westlake-AI/MogaNet, <c>video_prediction/configs/mmnist/simvp</c>: one rate for every update, no decay, no clipping; the
    /// official loop looks at about the first thousand test clips after each epoch. <c>mmnist-small</c> is for a processor: fewer epochs
    /// and clips to look at.</remarks>
    public override Stream? OpenPresets() => Resource("simvp.presets.json");
}
