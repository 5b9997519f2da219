using System.Collections.Immutable;
using System.Text.RegularExpressions;
using MogaSharp.Graph;

namespace MogaSharp.Models;

/// <summary>ConvNeXt as a family: the names that other projects give its tensors, layers by parameter name, the official weights.</summary>
public sealed partial class ConvNeXtFamily : ModelFamily<ConvNeXtOptions>
{
    private const string Own = "stages.0.blocks.0.conv_dw.weight";

    /// <inheritdoc/>
    public override ImmutableArray<NameForm> Forms =>
        [
            // HorNet's names look alike but for the block's own.
            new("facebookresearch/ConvNeXt", OfTheAuthors) { Parameter = Own, Mark = "stages.0.0.dwconv.weight" },
            new("torchvision", OfTorchvision) { Parameter = Own },
            new("transformers", OfTransformers) { Parameter = Own },
            new("OpenMixup", name => OfTheAuthors(OfOpenMixup(name))) { Parameter = Own },
        ];

    /// <inheritdoc/>
    public override Stream? OpenCatalogue() => Resource("convnext.json");

    /// <inheritdoc/>
    /// <remarks>facebookresearch/ConvNeXt, <c>TRAINING.md</c> and <c>main.py</c>.</remarks>
    public override Stream? OpenPresets() => Resource("convnext.presets.json");

    /// <inheritdoc/>
    /// <remarks><c>stem</c>, <c>stages.N.downsample</c>, <c>stages.N.blocks.M</c>.</remarks>
    public override LayerPlace? LayerOf(ModelOptions options, string parameter)
    {
        string[] parts = parameter.Split('.');
        return parts switch
        {
            ["stem", ..] => new(1, LayerPlace.Before),
            ["stages", _, "downsample", ..] when parts.Number(1) is { } stage => new(stage + 1, LayerPlace.Before),
            ["stages", _, "blocks", ..] when parts.Number(1) is { } stage && parts.Number(3) is { } block => new(stage + 1, block),
            _ => null,
        };
    }

    private static string OfTheAuthors(string name)
    {
        name = Stem().Replace(name, "stem.");
        name = Downsample().Replace(name, "stages.$1.downsample.");
        name = Block().Replace(name, "stages.$1.blocks.$2.");
        name = name.Replace(".dwconv.", ".conv_dw.", StringComparison.Ordinal).Replace(".pwconv", ".mlp.fc", StringComparison.Ordinal);
        name = Norm().Replace(name, "head.norm.");
        return Head().Replace(name, "head.fc.");
    }

    private static string OfOpenMixup(string name) =>
        name.StartsWith("backbone.", StringComparison.Ordinal) ? name["backbone.".Length..] : MixupHead().Replace(name, "head.");

    private static string OfTorchvision(string name)
    {
        if (name.StartsWith("classifier.0.", StringComparison.Ordinal))
            return "head.norm." + name["classifier.0.".Length..];
        if (name.StartsWith("classifier.2.", StringComparison.Ordinal))
            return "head.fc." + name["classifier.2.".Length..];
        if (name.StartsWith("features.0.", StringComparison.Ordinal))
            return "stem." + name["features.0.".Length..];
        if (TorchvisionName.Match(name) is not { } found)
            return name;
        (int place, string rest) = found;
        if (place % 2 == 0)
            return $"stages.{place / 2}.downsample.{rest}";
        return $"stages.{(place - 1) / 2}.blocks."
            + NameParts.Replace(
                rest,
                (".block.0.", ".conv_dw."),
                (".block.2.", ".norm."),
                (".block.3.", ".mlp.fc1."),
                (".block.5.", ".mlp.fc2."),
                (".layer_scale", ".gamma")
            );
    }

    private static string OfTransformers(string name)
    {
        name = NameParts.Without(name, "convnext.");
        if (name.StartsWith("classifier.", StringComparison.Ordinal))
            return "head.fc." + name["classifier.".Length..];
        if (name.StartsWith("layernorm.", StringComparison.Ordinal))
            return "head.norm." + name["layernorm.".Length..];
        name = NameParts.Replace(name, ("embeddings.patch_embeddings.", "stem.0."), ("embeddings.layernorm.", "stem.1."));
        return NameParts.Replace(
            NameParts.Without(name, "encoder."),
            (".downsampling_layer.", ".downsample."),
            (".layers.", ".blocks."),
            (".layer_scale_parameter", ".gamma"),
            (".dwconv.", ".conv_dw."),
            (".layernorm.", ".norm."),
            (".pwconv1.", ".mlp.fc1."),
            (".pwconv2.", ".mlp.fc2.")
        );
    }

    [GeneratedRegex(@"^downsample_layers\.0\.")]
    private static partial Regex Stem();

    [GeneratedRegex(@"^downsample_layers\.([1-9]\d*)\.")]
    private static partial Regex Downsample();

    [GeneratedRegex(@"^stages\.(\d+)\.(\d+)\.")]
    private static partial Regex Block();

    [GeneratedRegex(@"^norm\.")]
    private static partial Regex Norm();

    [GeneratedRegex(@"^head\.(?!norm\.)")]
    private static partial Regex Head();

    [GeneratedRegex(@"^(?:cls_head|classifier|head|fc)\.(?:fc\.)?(?=(?:weight|bias)$)")]
    private static partial Regex MixupHead();
}
