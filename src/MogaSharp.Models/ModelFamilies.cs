using System.Collections.Immutable;

namespace MogaSharp.Models;

/// <summary>The kinds of networks that a model card can name, and the options that belong to each.</summary>
internal static class ModelFamilies
{
    /// <summary>The family of cards that name none.</summary>
    public const string Default = "moganet";

    private static readonly ImmutableArray<ModelOptions> Known = [new MogaNetOptions(), new ConvNeXtOptions(), new HorNetOptions(), new SwinOptions()];

    /// <summary>All families, in the order of listing.</summary>
    public static IEnumerable<string> Names => Known.Select(options => options.Family);

    /// <summary>The type of a family's options; null when there is no such family.</summary>
    public static Type? OptionsOf(string family) => Known.FirstOrDefault(options => options.Family == family)?.GetType();
}
