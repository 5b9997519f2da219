using System.Collections.Immutable;
using System.Text.Json;

namespace MogaSharp.Models;

/// <summary>One class of a label set.</summary>
/// <param name="Synset">Its WordNet id, such as <c>n01440764</c>.</param>
/// <param name="Names">Its names, the usual one first.</param>
public sealed record ClassLabel(string Synset, ImmutableArray<string> Names);

/// <summary>Well-known lists of classes, in the order of the official models' outputs.</summary>
public static class LabelSet
{
    private static readonly Lazy<ImmutableArray<ClassLabel>> ImageNet = new(() =>
    {
        using Stream stream = typeof(LabelSet).Assembly.GetManifestResourceStream("imagenet1k.json")!;
        return [.. JsonSerializer.Deserialize(stream, CardContext.Default.ClassLabelArray)!];
    });

    /// <summary>The 1000 classes of ImageNet-1k.</summary>
    public static ImmutableArray<ClassLabel> ImageNet1k => ImageNet.Value;

    /// <summary>A set by name.</summary>
    /// <exception cref="MogaSharp.Graph.GraphException">No set has this name.</exception>
    public static ImmutableArray<ClassLabel> Find(string name) =>
        name == "imagenet1k"
            ? ImageNet1k
            : throw new MogaSharp.Graph.GraphException($"No label set is called '{name}'; there is imagenet1k.");
}
