using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MogaSharp.Models;

/// <summary>Well-known lists of classes, in the order of the official models' outputs.</summary>
public static class LabelSet
{
    private const string ImageNet1kName = "imagenet1k";

    private static readonly Lazy<ImmutableArray<ClassLabel>> ImageNet = new(() =>
    {
        using Stream stream = typeof(LabelSet).Assembly.GetManifestResourceStream($"{ImageNet1kName}.json")!;
        Synset[] synsets = JsonSerializer.Deserialize(stream, CardContext.Default.SynsetArray)!;
        return [.. synsets.Select(synset => new ClassLabel(synset.Names[0], synset.Id, synset.Names[1..]))];
    });

    /// <summary>The 1000 classes of ImageNet-1k.</summary>
    public static ImmutableArray<ClassLabel> ImageNet1k => ImageNet.Value;

    /// <summary>A set by name; null when there is none.</summary>
    /// <param name="name">The name: <c>imagenet1k</c>.</param>
    public static ImmutableArray<ClassLabel>? Find(string name) => name == ImageNet1kName ? ImageNet1k : null;
}

/// <summary>A class of ImageNet as its file has it.</summary>
internal sealed record Synset([property: JsonPropertyName("synset")] string Id, ImmutableArray<string> Names);
