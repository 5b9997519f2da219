using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using MogaSharp.Models;
using MogaSharp.Tasks;

namespace MogaSharp.Cli;

/// <summary>
/// Class names from a file, in the order of a model's outputs: a name per line; or JSON, as an array of names, an object of numbers to
/// names (Hugging Face's <c>id2label</c>, also within a <c>config.json</c>) or of names to numbers (<c>class_to_idx</c>).
/// </summary>
internal static class LabelFile
{
    private const int MaxBytes = 16 << 20;

    /// <summary>The model with the names of a file; the model itself when there is no file. Says when the weights' classes have no
    /// names.</summary>
    /// <exception cref="UsageException">There is no such file, it holds no names, or another number of them.</exception>
    public static LoadedModel Apply(LoadedModel model, string? path)
    {
        if (model.Card.Options is not ClassifierOptions { NumClasses: > 0 } options)
            return model;
        if (path is null)
        {
            bool hasNames = model.Card.LabelSet is not null || !model.Card.Labels.IsDefaultOrEmpty;
            if (!hasNames)
                Notices.OfThisRun.Add($"the {options.NumClasses} classes have no names, so they are numbers; --labels FILE names them");
            return model;
        }

        ImmutableArray<string> names = Read(Paths.Existing(path));
        if (names.Length != options.NumClasses)
            throw new UsageException($"'{path}' names {names.Length} classes; the weights have {options.NumClasses}.");
        return model with { Card = model.Card with { Labels = names, LabelSet = null } };
    }

    private static ImmutableArray<string> Read(string path)
    {
        if (new FileInfo(path).Length > MaxBytes)
            throw new UsageException($"'{path}' has more than {Output.Bytes(MaxBytes)}; it is not a list of class names.");
        string text = File.ReadAllText(path).Trim();
        ImmutableArray<string> names =
            text.StartsWith('[') || text.StartsWith('{')
                ? FromJson(path, text)
                : [.. text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)];
        return names.Length > 0 ? names : throw new UsageException($"'{path}' holds no class names.");
    }

    private static ImmutableArray<string> FromJson(string path, string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            JsonElement root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("id2label", out JsonElement inner))
                root = inner;
            if (root.ValueKind == JsonValueKind.Array)
                return [.. root.EnumerateArray().Select(name => name.GetString() ?? "")];
            (int Index, string Name)[] pairs = [.. root.EnumerateObject().Select(Pair).OrderBy(pair => pair.Index)];
            for (int i = 0; i < pairs.Length; i++)
                if (pairs[i].Index != i)
                    throw new UsageException(
                        $"'{path}': the numbers of {pairs.Length} classes are 0 to {pairs.Length - 1}, each once; {pairs[i].Index} "
                            + $"stands where {i} is due."
                    );
            return [.. pairs.Select(pair => pair.Name)];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or OverflowException)
        {
            throw new UsageException($"'{path}' is neither a list of names, nor numbers with names, nor names with numbers.");
        }
    }

    private static (int Index, string Name) Pair(JsonProperty property) =>
        property.Value.ValueKind == JsonValueKind.Number
            ? (property.Value.GetInt32(), property.Name)
            : (int.Parse(property.Name, NumberStyles.None, CultureInfo.InvariantCulture), property.Value.GetString() ?? "");
}
