using System.Collections.Immutable;
using System.Drawing;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace MogaSharp.Models;

/// <summary>Well-known lists of classes, in the order of the official models' outputs.</summary>
public static class LabelSet
{
    private static readonly Lazy<ImmutableArray<ClassLabel>> ImageNet = new(() =>
        [
            .. Read("imagenet1k.json", CardContext.Default.SynsetArray)
                .Select(synset => new ClassLabel(synset.Names[0], synset.Id, synset.Names[1..])),
        ]
    );

    private static readonly Lazy<ImmutableArray<ClassLabel>> Ade = new(() => Colored("ade20k.json"));

    private static readonly Lazy<ImmutableArray<ClassLabel>> CocoDetection = new(() => Colored("coco.json"));

    private static readonly ImmutableArray<(string Name, Func<ImmutableArray<ClassLabel>> Labels)> All =
    [
        ("imagenet1k", () => ImageNet.Value),
        ("ade20k", () => Ade.Value),
        ("coco", () => CocoDetection.Value),
    ];

    /// <summary>The names of the sets.</summary>
    public static ImmutableArray<string> Names { get; } = [.. All.Select(set => set.Name)];

    /// <summary>The 1000 classes of ImageNet-1k.</summary>
    public static ImmutableArray<ClassLabel> ImageNet1k => ImageNet.Value;

    /// <summary>The 150 classes of ADE20K's scene parsing challenge, with their customary colors (MMSegmentation, <c>ade.py</c>).</summary>
    public static ImmutableArray<ClassLabel> Ade20k => Ade.Value;

    /// <summary>The 80 classes of COCO's things, with the customary colors (MMDetection, <c>coco.py</c>) and COCO's numbers, which have
    /// gaps.</summary>
    public static ImmutableArray<ClassLabel> Coco => CocoDetection.Value;

    /// <summary>A set by name; null when there is none.</summary>
    /// <param name="name">The name: <c>imagenet1k</c>.</param>
    public static ImmutableArray<ClassLabel>? Find(string name) =>
        All.FirstOrDefault(set => set.Name == name).Labels is { } labels ? labels() : null;

    private static ImmutableArray<ClassLabel> Colored(string resource) =>
        [
            .. Read(resource, CardContext.Default.ColoredClassArray)
                .Select(one => new ClassLabel(one.Name)
                {
                    Color = Color.FromArgb(one.Color[0], one.Color[1], one.Color[2]),
                    Number = one.Id,
                }),
        ];

    private static T Read<T>(string resource, JsonTypeInfo<T> type)
    {
        using Stream stream = typeof(LabelSet).Assembly.GetManifestResourceStream(resource)!;
        return JsonSerializer.Deserialize(stream, type)!;
    }
}

/// <summary>A class with the color that it is customarily drawn in: red, green, blue.</summary>
internal sealed record ColoredClass(string Name, ImmutableArray<int> Color, int? Id = null);

/// <summary>A class of ImageNet as its file has it.</summary>
internal sealed record Synset([property: JsonPropertyName("synset")] string Id, ImmutableArray<string> Names);
