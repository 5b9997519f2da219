using System.Drawing;

namespace MogaSharp;

/// <summary>One class of a model, in the order of its outputs.</summary>
/// <param name="Name">The name to show.</param>
/// <param name="WordNetId">The WordNet id, such as <c>n01440764</c>, if the class has one.</param>
/// <param name="Synonyms">Other names of the class.</param>
public sealed record ClassLabel(string Name, string? WordNetId = null, IReadOnlyList<string>? Synonyms = null)
{
    /// <summary>The color that the class is customarily drawn in; null where there is none.</summary>
    public Color? Color { get; init; }

    /// <summary>The number that data sets give the class, such as COCO's, which have gaps; null for its place in the list.</summary>
    public int? Number { get; init; }
}
