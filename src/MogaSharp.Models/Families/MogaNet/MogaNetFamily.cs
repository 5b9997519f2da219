using System.Globalization;

namespace MogaSharp.Models;

/// <summary>MogaNet as a family: sizes' aliases, layers by parameter name, the official weights.</summary>
public sealed class MogaNetFamily : ModelFamily<MogaNetOptions>
{
    private const string Prefix = "moganet_";

    /// <inheritdoc/>
    public override Stream? OpenCatalogue() => Resource("moganet.json");

    /// <inheritdoc/>
    /// <remarks>Westlake-AI/MogaNet, <c>TRAINING.md</c>; <c>rsb-a3</c>: Westlake-AI/openmixup,
    /// <c>configs/classification/imagenet/moganet</c>; <c>fashion-mnist</c> trained the classifier shipped here.</remarks>
    public override Stream? OpenPresets() => Resource("moganet.presets.json");

    /// <inheritdoc/>
    /// <remarks>With or without <c>moganet_</c>, by any official alias of the size.</remarks>
    public override string? NameOf(string name)
    {
        string size = name.StartsWith(Prefix, StringComparison.Ordinal) ? name[Prefix.Length..] : name;
        return MogaNetArch.TryParse(size.Replace('_', '-'), out _, out string? official)
            ? Prefix + official.Replace("-", "", StringComparison.Ordinal)
            : null;
    }

    /// <inheritdoc/>
    /// <remarks><c>patch_embedN</c>, <c>blocksN.M</c>, <c>normN</c>.</remarks>
    public override LayerPlace? LayerOf(ModelOptions options, string parameter)
    {
        string[] parts = parameter.Split('.');
        string kind = parts[0].TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9');
        if (!int.TryParse(parts[0].AsSpan(kind.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int stage))
            return null;
        return kind switch
        {
            "patch_embed" => new(stage, LayerPlace.Before),
            "blocks" when parts.Number(1) is { } block => new(stage, block),
            "norm" => new(stage, LayerPlace.After),
            _ => null,
        };
    }
}
