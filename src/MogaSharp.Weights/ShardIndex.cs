using System.Text.Json;

namespace MogaSharp.Weights;

/// <summary>
/// The index of a checkpoint in parts, as Hugging Face writes it: <c>model.safetensors.index.json</c> or
/// <c>pytorch_model.bin.index.json</c>, whose <c>weight_map</c> says which file beside it holds each tensor.
/// </summary>
internal static class ShardIndex
{
    private const int MaxParts = 10_000;
    private const string Ending = ".index.json";

    /// <summary>The index of the parts that a file is one of; null when it is none, or the index is not there.</summary>
    public static string? Beside(string path)
    {
        string name = Path.GetFileName(path);
        int of = name.LastIndexOf("-of-", StringComparison.Ordinal);
        int dash = of < 0 ? -1 : name.LastIndexOf('-', of - 1 < 0 ? 0 : of - 1);
        int dot = of < 0 ? -1 : name.IndexOf('.', of);
        if (dash <= 0 || dot < 0 || !name[(dash + 1)..of].All(char.IsAsciiDigit) || !name[(of + 4)..dot].All(char.IsAsciiDigit))
            return null;
        string index = Path.Combine(Path.GetDirectoryName(path) ?? "", name[..dash] + name[dot..] + Ending);
        return File.Exists(index) ? index : null;
    }

    /// <summary>Whether a file is an index: JSON by its content, and named as one.</summary>
    public static bool IsIndex(FileBytes file)
    {
        if (!file.Name.EndsWith(".json", StringComparison.OrdinalIgnoreCase) || file.Length < 2)
            return false;
        byte[] start = new byte[(int)Math.Min(16, file.Length)];
        file.Read(0, start);
        return start.AsSpan().TrimStart(" \t\r\n\uFEFF"u8).StartsWith("{"u8);
    }

    /// <summary>The tensors by name and the parts that hold them, in the order of the index.</summary>
    /// <exception cref="CheckpointFormatException">It is not such an index, or names files elsewhere.</exception>
    public static IReadOnlyList<KeyValuePair<string, string>> Read(FileBytes file, CheckpointLimits limits)
    {
        if (file.Length > limits.MaxHeaderBytes)
            throw file.Reject($"The index has {file.Length} bytes, at most {limits.MaxHeaderBytes} are read.");
        byte[] json = new byte[file.Length];
        file.Read(0, json);
        try
        {
            // A mark of the byte order, as some editors write it, is none of the JSON.
            ReadOnlyMemory<byte> text = json.AsSpan().StartsWith("\uFEFF"u8) ? json.AsMemory(3) : json;
            using JsonDocument index = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 8 });
            if (!index.RootElement.TryGetProperty("weight_map", out JsonElement map) || map.ValueKind != JsonValueKind.Object)
                throw file.Reject(
                    "The file is JSON, not weights, and not the index of a checkpoint in parts either: it has no 'weight_map'."
                );
            var entries = new List<KeyValuePair<string, string>>();
            foreach (JsonProperty entry in map.EnumerateObject())
            {
                if (entry.Value.ValueKind != JsonValueKind.String)
                    throw file.Reject($"The index gives no file for the tensor '{entry.Name}'.");
                entries.Add(KeyValuePair.Create(entry.Name, Part(file, entry.Value.GetString()!)));
                if (entries.Count > limits.MaxValues)
                    throw file.Reject($"The index has more than {limits.MaxValues} tensors.");
            }

            string? repeated = entries.GroupBy(entry => entry.Key, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1)?.Key;
            if (repeated is not null)
                throw file.Reject($"The index has the tensor '{repeated}' twice.");
            if (entries.Count == 0)
                throw file.Reject("The index has no tensors.");
            if (entries.DistinctBy(entry => entry.Value).Count() > MaxParts)
                throw file.Reject($"The index has more than {MaxParts} parts.");
            return entries;
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            throw file.Reject($"The index is not the JSON it should be: {problem.Message}", problem);
        }
    }

    // The index says what is opened: nothing but files beside it.
    private static string Part(FileBytes file, string name)
    {
        bool isPlain =
            name.Length > 0
            && name is not ("." or "..")
            && !name.Contains('/', StringComparison.Ordinal)
            && !name.Contains('\\', StringComparison.Ordinal)
            && !name.Contains('\0', StringComparison.Ordinal)
            && !Path.IsPathRooted(name)
            && !name.EndsWith(Ending, StringComparison.OrdinalIgnoreCase);
        return isPlain ? name : throw file.Reject($"The index names the part '{name}', which is not a weight file beside it.");
    }
}
