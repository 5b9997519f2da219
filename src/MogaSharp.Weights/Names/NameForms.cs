using System.Globalization;
using System.Text.RegularExpressions;

namespace MogaSharp.Weights;

/// <summary>The ways in which projects name the tensors of one network. Each form is a function from its name to the network's.</summary>
internal static partial class NameForms
{
    /// <summary>The forms that a network's tensors may be named in; the first is the network's own.</summary>
    public static IReadOnlyList<Func<string, string>> For(IReadOnlySet<string> needed)
    {
        string head = needed.Contains("head.fc.weight") ? "head.fc." : "head.";
        var forms = new List<Func<string, string>> { name => name, name => OpenMixup(name, head) };
        if (needed.Contains("layers.0.blocks.0.attn.qkv.weight")) forms.AddRange([SwinOfTimm, SwinOfTorchvision, SwinOfTransformers]);
        if (needed.Contains("stages.0.blocks.0.conv_dw.weight"))
        {
            forms.AddRange([ConvNeXtNames.ToTimm, ConvNeXtOfTorchvision, ConvNeXtOfTransformers]);
            forms.Add(name => ConvNeXtNames.ToTimm(OpenMixup(name, "head.")));
        }

        return forms;
    }

    /// <summary>Makes one tensor <c>qkv</c> of the three that Hugging Face's transformers keep; other tensors stay.</summary>
    public static TensorEntry[] JoinQueriesKeysValues(TensorEntry[] tensors)
    {
        Dictionary<string, TensorEntry> byName = [];
        foreach (TensorEntry tensor in tensors) byName.TryAdd(tensor.Name, tensor);
        var joined = new List<TensorEntry>(tensors.Length);
        foreach (TensorEntry tensor in tensors)
        {
            if (Third().Match(tensor.Name) is not { Success: true } match)
            {
                joined.Add(tensor);
                continue;
            }

            TensorEntry[] parts = [.. new[] { "query", "key", "value" }
                .Select(part => byName.GetValueOrDefault($"{match.Groups[1].Value}{part}{match.Groups[3].Value}")).OfType<TensorEntry>()];
            if (!JoinedTensor.Fit(parts, 3))
                joined.Add(tensor);
            else if (match.Groups[2].Value == "query")
                joined.Add(new JoinedTensor($"{match.Groups[1].Value}qkv{match.Groups[3].Value}", parts));
        }

        return [.. joined];
    }

    /// <summary>OpenMixup and the mm* projects, and whoever else has a backbone and a head side by side.</summary>
    private static string OpenMixup(string name, string head)
    {
        if (name.StartsWith("backbone.", StringComparison.Ordinal)) return name["backbone.".Length..];
        return LinearHead().Replace(name, head);
    }

    // timm since 0.9 has the merging of patches at the beginning of a stage, not at the end of the one before.
    private static string SwinOfTimm(string name)
    {
        if (name.StartsWith("head.fc.", StringComparison.Ordinal)) return "head." + name["head.fc.".Length..];
        return Merging().Replace(name, match => $"layers.{Number(match, 1) - 1}.downsample.");
    }

    private static string SwinOfTorchvision(string name)
    {
        name = name.Replace("features.0.0.", "patch_embed.proj.", StringComparison.Ordinal).Replace("features.0.2.", "patch_embed.norm.", StringComparison.Ordinal);
        if (Features().Match(name) is not { Success: true } match) return name;
        int place = Number(match, 1);
        string rest = match.Groups[2].Value;
        if (place % 2 == 0) return $"layers.{(place / 2) - 1}.downsample.{rest}";
        rest = rest.Replace(".mlp.0.", ".mlp.fc1.", StringComparison.Ordinal).Replace(".mlp.3.", ".mlp.fc2.", StringComparison.Ordinal);
        return $"layers.{(place - 1) / 2}.blocks.{rest}";
    }

    private static string ConvNeXtOfTorchvision(string name)
    {
        if (name.StartsWith("classifier.0.", StringComparison.Ordinal)) return "head.norm." + name["classifier.0.".Length..];
        if (name.StartsWith("classifier.2.", StringComparison.Ordinal)) return "head.fc." + name["classifier.2.".Length..];
        if (name.StartsWith("features.0.", StringComparison.Ordinal)) return "stem." + name["features.0.".Length..];
        if (Features().Match(name) is not { Success: true } match) return name;
        int place = Number(match, 1);
        string rest = match.Groups[2].Value;
        if (place % 2 == 0) return $"stages.{place / 2}.downsample.{rest}";
        return $"stages.{(place - 1) / 2}.blocks." + Replace(
            rest, (".block.0.", ".conv_dw."), (".block.2.", ".norm."), (".block.3.", ".mlp.fc1."), (".block.5.", ".mlp.fc2."), (".layer_scale", ".gamma"));
    }

    private static string SwinOfTransformers(string name)
    {
        name = Without(name, "swin.");
        if (name.StartsWith("classifier.", StringComparison.Ordinal)) return "head." + name["classifier.".Length..];
        if (name.StartsWith("layernorm.", StringComparison.Ordinal)) return "norm." + name["layernorm.".Length..];
        name = Replace(name, ("embeddings.patch_embeddings.projection.", "patch_embed.proj."), ("embeddings.norm.", "patch_embed.norm."));
        return Replace(
            Without(name, "encoder."), (".layernorm_before.", ".norm1."), (".layernorm_after.", ".norm2."), (".attention.self.", ".attn."),
            (".attention.output.dense.", ".attn.proj."), (".intermediate.dense.", ".mlp.fc1."), (".output.dense.", ".mlp.fc2."));
    }

    private static string ConvNeXtOfTransformers(string name)
    {
        name = Without(name, "convnext.");
        if (name.StartsWith("classifier.", StringComparison.Ordinal)) return "head.fc." + name["classifier.".Length..];
        if (name.StartsWith("layernorm.", StringComparison.Ordinal)) return "head.norm." + name["layernorm.".Length..];
        name = Replace(name, ("embeddings.patch_embeddings.", "stem.0."), ("embeddings.layernorm.", "stem.1."));
        return Replace(
            Without(name, "encoder."), (".downsampling_layer.", ".downsample."), (".layers.", ".blocks."), (".layer_scale_parameter", ".gamma"), (".dwconv.", ".conv_dw."),
            (".layernorm.", ".norm."), (".pwconv1.", ".mlp.fc1."), (".pwconv2.", ".mlp.fc2."));
    }

    private static string Without(string name, string prefix) => name.StartsWith(prefix, StringComparison.Ordinal) ? name[prefix.Length..] : name;

    private static string Replace(string name, params ReadOnlySpan<(string From, string To)> parts)
    {
        foreach ((string from, string to) in parts) name = name.Replace(from, to, StringComparison.Ordinal);
        return name;
    }

    // Numbers of at most four digits match.
    private static int Number(Match match, int group) => int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(.*\.attention\.self\.)(query|key|value)(\.(?:weight|bias))$")]
    private static partial Regex Third();

    [GeneratedRegex(@"^(?:cls_head|classifier|head|fc)\.(?:fc\.)?(?=(?:weight|bias)$)")]
    private static partial Regex LinearHead();

    [GeneratedRegex(@"^layers\.(\d{1,4})\.downsample\.")]
    private static partial Regex Merging();

    [GeneratedRegex(@"^features\.([1-9]\d{0,3})\.(.*)$")]
    private static partial Regex Features();
}
