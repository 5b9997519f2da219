using System.Collections.Immutable;
using System.Globalization;
using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>ParC-Net as a family: what its official files list twice, layers by parameter name, the official weights.</summary>
public sealed class ParCNetFamily : ModelFamily<ParCNetOptions>
{
    private const string Own = "layer_5.0.block.red_1x1.block.conv.weight";

    /// <inheritdoc/>
    /// <remarks>The first block of <c>layer_5</c> stands in official files a second time as <c>residual</c>.</remarks>
    public override ImmutableArray<NameForm> Forms =>
        [
            new("hkzhang91/ParC-Net", name => name.StartsWith("residual.", StringComparison.Ordinal) ? null : name)
            {
                Parameter = Own,
                Mark = Own,
            },
        ];

    /// <inheritdoc/>
    public override Stream? OpenCatalogue() => Resource("parcnet.json");

    /// <inheritdoc/>
    /// <remarks>hkzhang91/ParC-Net, <c>edgeformer_s.yaml</c>. The official sampler also varies the images' size from 160 to 320 pixels;
    /// here it is 256 throughout.</remarks>
    public override Stream? OpenPresets() => Resource("parcnet.presets.json");

    /// <inheritdoc/>
    /// <remarks><c>conv_1</c> and <c>layer_1</c> are the stem; <c>layer_2</c> makes stage 1.</remarks>
    public override LayerPlace? LayerOf(ModelOptions options, string parameter)
    {
        string[] parts = parameter.Split('.');
        if (parts[0] is "conv_1" or "layer_1")
            return new(1, LayerPlace.Before);
        return
            parts[0].StartsWith("layer_", StringComparison.Ordinal)
            && int.TryParse(parts[0].AsSpan("layer_".Length), NumberStyles.None, CultureInfo.InvariantCulture, out int layer)
            && parts.Number(1) is { } block
            ? new(layer - 1, block)
            : null;
    }
}
