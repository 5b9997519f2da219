namespace MogaSharp.Data;

/// <summary>What the texts that name data sets have in common: <c>KIND:PATH?NAME=VALUE&amp;NAME=VALUE</c>.</summary>
internal sealed record SpecText(string Kind, string Path, IReadOnlyDictionary<string, string> Options)
{
    /// <summary>Takes a text apart.</summary>
    /// <param name="text">The text.</param>
    /// <param name="kinds">The kinds there are.</param>
    /// <param name="names">The options there are.</param>
    /// <param name="flags">Those of them that may stand without a value; then it is empty.</param>
    /// <param name="usage">What to write instead, for messages.</param>
    /// <param name="needsPath">False when a kind may stand alone.</param>
    /// <exception cref="DatasetSpecException">The text is wrong.</exception>
    public static SpecText Parse(string text, string[] kinds, string[] names, string[] flags, string usage, bool needsPath)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 && !needsPath)
        {
            int question = text.IndexOf('?', StringComparison.Ordinal);
            colon = question < 0 ? text.Length : question;
            if (kinds.Contains(text[..colon]))
                text = text.Insert(colon, ":");
        }
        string kind = colon < 0 ? "" : text[..colon];
        if (!kinds.Contains(kind))
            throw new DatasetSpecException($"'{text}' does not say what it is; {usage}.");
        (string path, string[] parts) = SplitOptions(text[(colon + 1)..], flags);
        if (path.Length == 0 && needsPath)
            throw new DatasetSpecException($"'{text}' names no path; {usage}.");
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string part in parts)
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            (string name, string value) = equals < 0 ? (part, "") : (part[..equals], part[(equals + 1)..]);
            if (!names.Contains(name))
                throw new DatasetSpecException($"'{text}' has the unknown option '{name}'; there are {string.Join(", ", names)}.");
            if (value.Length == 0 && (equals >= 0 || !flags.Contains(name)))
                throw new DatasetSpecException($"'{text}' gives the option '{name}' no value.");
            if (value.Length > 0 && flags.Contains(name))
                throw new DatasetSpecException($"'{text}' gives the option '{name}' a value; it takes none.");
            if (!options.TryAdd(name, value))
                throw new DatasetSpecException($"'{text}' has the option '{name}' twice.");
        }
        return new SpecText(kind, path, options);
    }

    private static (string Path, string[] Options) SplitOptions(string text, string[] flags)
    {
        // A question mark is a wildcard too; options begin behind one that a name and an equals sign, or a flag, follow.
        for (int i = text.Length - 1; i >= 0; i--)
        {
            if (text[i] != '?')
                continue;
            string first = text[(i + 1)..].Split('&')[0];
            int equals = first.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 ? first[..equals].All(char.IsAsciiLetter) : flags.Contains(first))
                return (text[..i], text[(i + 1)..].Split('&'));
        }
        return (text, []);
    }
}
