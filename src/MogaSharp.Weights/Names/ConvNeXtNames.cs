using System.Text.RegularExpressions;

namespace MogaSharp.Weights;

/// <summary>The names of facebookresearch/ConvNeXt, where the official weights come from, as those of timm, which everyone else uses.</summary>
internal static partial class ConvNeXtNames
{
    /// <summary>Whether names are the original ones; HorNet's look alike but for the block's own.</summary>
    public static bool IsOriginal(IEnumerable<string> names) => names.Contains("stages.0.0.dwconv.weight");

    /// <summary>timm's name of a tensor.</summary>
    public static string ToTimm(string name)
    {
        name = Stem().Replace(name, "stem.");
        name = Downsample().Replace(name, "stages.$1.downsample.");
        name = Block().Replace(name, "stages.$1.blocks.$2.");
        name = name.Replace(".dwconv.", ".conv_dw.", StringComparison.Ordinal).Replace(".pwconv", ".mlp.fc", StringComparison.Ordinal);
        name = Norm().Replace(name, "head.norm.");
        return Head().Replace(name, "head.fc.");
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
}
