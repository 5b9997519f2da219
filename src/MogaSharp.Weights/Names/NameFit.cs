using MogaSharp.Graph;

namespace MogaSharp.Weights;

/// <summary>How the names of some tensors become a network's: what stands before them, and the form of the rest.</summary>
/// <param name="Prefix">What all of the network's tensors begin with; empty, or with a dot at its end.</param>
/// <param name="Form">The form of the rest, by its place in <see cref="NameForms"/>; 0 is the network's own.</param>
/// <param name="Matched">How many of the network's tensors are there.</param>
internal sealed record NameFit(string Prefix, int Form, int Matched);

/// <summary>Finds how the names of tensors become a network's. Decided by the network, not by a list of prefixes.</summary>
internal sealed class NameFitter
{
    // Deeper prefixes than this are not looked for, nor names among more tensors: a file could else cost much time.
    private const int MaxPrefixes = 12;
    private const int MaxTensors = 100_000;

    private readonly HashSet<string> _needed;
    private readonly IReadOnlyList<NameForm> _known;
    private readonly IReadOnlyList<Func<string, string?>> _forms;

    public NameFitter(IReadOnlyList<ParameterSpec> specs, IReadOnlyList<NameForm> forms)
    {
        _known = forms;
        _needed = specs.Select(spec => spec.Name).ToHashSet(StringComparer.Ordinal);
        _forms = NameForms.For(_needed, forms);
    }

    /// <summary>Whether a form of another project leaves a tensor aside.</summary>
    public bool IsLeftAside(string name) => NameForms.IsLeftAside(name, _needed, _known);

    /// <summary>The network's name of a tensor; null when it does not begin with the prefix of the fit.</summary>
    public string? Rename(NameFit fit, string name) =>
        name.StartsWith(fit.Prefix, StringComparison.Ordinal) ? _forms[fit.Form](name[fit.Prefix.Length..]) : null;

    /// <summary>
    /// All fits in which the most of the network's tensors are there: several when there are several copies of the network under different
    /// prefixes. Empty when no name is the network's.
    /// </summary>
    /// <param name="names">The names of the tensors.</param>
    /// <param name="accept">Which prefixes may be.</param>
    public IReadOnlyList<NameFit> Best(IReadOnlyList<string> names, Func<string, bool> accept)
    {
        if (names.Count > MaxTensors)
            return [];
        var best = new List<NameFit>();
        for (int form = 0; form < _forms.Count; form++)
        {
            foreach ((string prefix, HashSet<string> found) in Votes(names, form))
            {
                // The first form that has as many is the simplest.
                if (
                    !accept(prefix)
                    || (best.Count > 0 && (found.Count < best[0].Matched || (found.Count == best[0].Matched && best[0].Form != form)))
                )
                    continue;
                if (best.Count > 0 && found.Count > best[0].Matched)
                    best.Clear();
                best.Add(new NameFit(prefix, form, found.Count));
            }
        }

        return best;
    }

    private Dictionary<string, HashSet<string>> Votes(IReadOnlyList<string> names, int form)
    {
        var votes = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        foreach (string name in names)
        {
            for (int start = 0, tried = 0; tried < MaxPrefixes && start < name.Length; tried++)
            {
                string? renamed = _forms[form](name[start..]);
                if (renamed is not null && _needed.Contains(renamed))
                {
                    string prefix = name[..start];
                    if (!votes.TryGetValue(prefix, out HashSet<string>? found))
                        votes.Add(prefix, found = new(StringComparer.Ordinal));
                    found.Add(renamed);
                }

                int dot = name.IndexOf('.', start);
                if (dot < 0)
                    break;
                start = dot + 1;
            }
        }

        return votes;
    }
}
