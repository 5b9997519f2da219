namespace MogaSharp.Data;

/// <summary>One class of a model, in the order of its outputs.</summary>
/// <param name="Name">The name to show.</param>
/// <param name="WordNetId">The WordNet id, such as n01440764, if the class has one.</param>
/// <param name="Synonyms">Other names of the class.</param>
public sealed record ClassLabel(string Name, string? WordNetId = null, IReadOnlyList<string>? Synonyms = null)
{
    /// <summary>
    /// Finds the classes that names mean: by WordNet id, name or synonym. An exact name wins; else the form of Unicode, case, blanks around
    /// it, and a space or an underscore do not matter.
    /// </summary>
    /// <param name="names">The names, such as those of class folders.</param>
    /// <param name="labels">The classes.</param>
    /// <returns>For each name the index of its class; null where there is none, or more than one.</returns>
    public static IReadOnlyList<int?> Match(IReadOnlyList<string> names, IReadOnlyList<ClassLabel> labels) =>
        [.. LabelMatcher.Candidates(names, labels).Select(found => found is [int only] ? only : (int?)null)];
}
