using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>Swin Transformer as a family: the names that other projects give its tensors, layers by parameter name, the official
/// weights.</summary>
public sealed partial class SwinFamily : ModelFamily<SwinOptions>
{
    private const string Own = "layers.0.blocks.0.attn.qkv.weight";

    /// <inheritdoc/>
    public override ImmutableArray<NameForm> Forms =>
        [
            new("timm since 0.9", OfTimm) { Parameter = Own },
            new("torchvision", OfTorchvision) { Parameter = Own },
            new("transformers", OfTransformers) { Parameter = Own },
        ];

    /// <inheritdoc/>
    public override Stream? OpenCatalogue() => Resource("swin.json");

    /// <inheritdoc/>
    /// <remarks>microsoft/Swin-Transformer, <c>config.py</c>, <c>configs/swin</c>. The smallest rates are given for 512 images there, and
    /// scale with the batch of 1024.</remarks>
    public override Stream? OpenPresets() => Resource("swin.presets.json");

    /// <inheritdoc/>
    /// <remarks><c>patch_embed</c>, <c>layers.N.blocks.M</c>; <c>layers.N.downsample</c> merges the patches for the stage after
    /// it.</remarks>
    public override LayerPlace? LayerOf(ModelOptions options, string parameter)
    {
        string[] parts = parameter.Split('.');
        return parts switch
        {
            ["patch_embed", ..] => new(1, LayerPlace.Before),
            ["layers", _, "downsample", ..] when parts.Number(1) is { } stage => new(stage + 2, LayerPlace.Before),
            ["layers", _, "blocks", ..] when parts.Number(1) is { } stage && parts.Number(3) is { } block => new(stage + 1, block),
            _ => null,
        };
    }

    // There the merging of patches is at the beginning of a stage, not at the end of the one before.
    private static string OfTimm(string name)
    {
        if (name.StartsWith("head.fc.", StringComparison.Ordinal))
            return "head." + name["head.fc.".Length..];
        return Merging()
            .Replace(name, match => $"layers.{int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) - 1}.downsample.");
    }

    private static string OfTorchvision(string name)
    {
        name = name.Replace("features.0.0.", "patch_embed.proj.", StringComparison.Ordinal)
            .Replace("features.0.2.", "patch_embed.norm.", StringComparison.Ordinal);
        if (TorchvisionName.Match(name) is not { } found)
            return name;
        (int place, string rest) = found;
        if (place % 2 == 0)
            return $"layers.{(place / 2) - 1}.downsample.{rest}";
        rest = rest.Replace(".mlp.0.", ".mlp.fc1.", StringComparison.Ordinal).Replace(".mlp.3.", ".mlp.fc2.", StringComparison.Ordinal);
        return $"layers.{(place - 1) / 2}.blocks.{rest}";
    }

    private static string OfTransformers(string name)
    {
        name = NameParts.Without(name, "swin.");
        if (name.StartsWith("classifier.", StringComparison.Ordinal))
            return "head." + name["classifier.".Length..];
        if (name.StartsWith("layernorm.", StringComparison.Ordinal))
            return "norm." + name["layernorm.".Length..];
        name = NameParts.Replace(
            name,
            ("embeddings.patch_embeddings.projection.", "patch_embed.proj."),
            ("embeddings.norm.", "patch_embed.norm.")
        );
        return NameParts.Replace(
            NameParts.Without(name, "encoder."),
            (".layernorm_before.", ".norm1."),
            (".layernorm_after.", ".norm2."),
            (".attention.self.", ".attn."),
            (".attention.output.dense.", ".attn.proj."),
            (".intermediate.dense.", ".mlp.fc1."),
            (".output.dense.", ".mlp.fc2.")
        );
    }

    [GeneratedRegex(@"^layers\.(\d{1,4})\.downsample\.")]
    private static partial Regex Merging();
}
