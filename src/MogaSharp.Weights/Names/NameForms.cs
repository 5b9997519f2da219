using System.Text.RegularExpressions;
using MogaSharp.Graph;

namespace MogaSharp.Weights;

/// <summary>The ways in which projects name the tensors of one network. Each form is a function from its name to the network's.</summary>
internal static partial class NameForms
{
    /// <summary>The forms that a network's tensors may be named in; the first is the network's own.</summary>
    /// <param name="needed">The network's names.</param>
    /// <param name="known">The forms of other projects.</param>
    public static IReadOnlyList<Func<string, string?>> For(IReadOnlySet<string> needed, IReadOnlyList<NameForm> known)
    {
        string head = needed.Contains("head.fc.weight") ? "head.fc." : "head.";
        return [name => name, name => OpenMixup(name, head), .. known.Where(form => Fits(form, needed)).Select(form => form.Rename)];
    }

    /// <summary>Whether a form of a network that is needed leaves a tensor aside.</summary>
    public static bool IsLeftAside(string name, IReadOnlySet<string> needed, IReadOnlyList<NameForm> known) =>
        known.Any(form => Fits(form, needed) && form.Rename(name) is null);

    /// <summary>Tensors under the network's own names, where their form is recognized by itself.</summary>
    public static TensorEntry[] Recognized(TensorEntry[] tensors, IReadOnlyList<NameForm> known)
    {
        foreach (NameForm form in known.Where(form => form.Mark is not null))
        {
            if (!Array.Exists(tensors, tensor => tensor.Name == form.Mark))
                continue;
            tensors = WeightGroup.Rename(tensors, form.Rename);
        }

        return tensors;
    }

    /// <summary>Makes one tensor <c>qkv</c> of the three that Hugging Face's transformers keep; other tensors stay.</summary>
    public static TensorEntry[] JoinQueriesKeysValues(TensorEntry[] tensors)
    {
        Dictionary<string, TensorEntry> byName = [];
        foreach (TensorEntry tensor in tensors)
            byName.TryAdd(tensor.Name, tensor);
        var joined = new List<TensorEntry>(tensors.Length);
        foreach (TensorEntry tensor in tensors)
        {
            if (Third().Match(tensor.Name) is not { Success: true } match)
            {
                joined.Add(tensor);
                continue;
            }

            TensorEntry[] parts =
            [
                .. new[] { "query", "key", "value" }
                    .Select(part => byName.GetValueOrDefault($"{match.Groups[1].Value}{part}{match.Groups[3].Value}"))
                    .OfType<TensorEntry>(),
            ];
            if (!JoinedTensor.Fit(parts, 3))
                joined.Add(tensor);
            else if (match.Groups[2].Value == "query")
                joined.Add(new JoinedTensor($"{match.Groups[1].Value}qkv{match.Groups[3].Value}", parts));
        }

        return [.. joined];
    }

    private static bool Fits(NameForm form, IReadOnlySet<string> needed) => form.Parameter is null || needed.Contains(form.Parameter);

    /// <summary>OpenMixup and the mm* projects, and whoever else has a backbone and a head side by side.</summary>
    private static string OpenMixup(string name, string head)
    {
        if (name.StartsWith("backbone.", StringComparison.Ordinal))
            return name["backbone.".Length..];
        return LinearHead().Replace(name, head);
    }

    [GeneratedRegex(@"^(.*\.attention\.self\.)(query|key|value)(\.(?:weight|bias))$")]
    private static partial Regex Third();

    [GeneratedRegex(@"^(?:cls_head|classifier|head|fc)\.(?:fc\.)?(?=(?:weight|bias)$)")]
    private static partial Regex LinearHead();
}
