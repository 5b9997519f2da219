namespace MogaSharp.Models;

/// <summary>HorNet as a family: layers by parameter name, the official weights.</summary>
public sealed class HorNetFamily : ModelFamily<HorNetOptions>
{
    /// <inheritdoc/>
    public override Stream? OpenCatalogue() => Resource("hornet.json");

    /// <inheritdoc/>
    /// <remarks>raoyongming/HorNet, <c>TRAINING.md</c>: ConvNeXt's script with clipped gradients. The large ones have the settings of
    /// pre-training on ImageNet-22k; from scratch on ImageNet-1k there are none.</remarks>
    public override Stream? OpenPresets() => Resource("hornet.presets.json");

    /// <inheritdoc/>
    /// <remarks><c>downsample_layers.N</c>, <c>stages.N.M</c>.</remarks>
    public override LayerPlace? LayerOf(ModelOptions options, string parameter)
    {
        string[] parts = parameter.Split('.');
        return parts switch
        {
            ["downsample_layers", ..] when parts.Number(1) is { } stage => new(stage + 1, LayerPlace.Before),
            ["stages", ..] when parts.Number(1) is { } stage && parts.Number(2) is { } block => new(stage + 1, block),
            _ => null,
        };
    }
}
