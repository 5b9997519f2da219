using System.Collections.Immutable;
using System.Text.Json;
using MogaSharp.Imaging;
using MogaSharp.Tasks;
using MogaSharp.Vision;

namespace MogaSharp.Cli;

/// <summary>
/// The boxes of people in images, from a JSON file: a list of <c>{"image": "cat.jpg", "bbox": [x, y, width, height], "score": 0.9}</c>,
/// where <c>file_name</c> or <c>path</c> may stand for <c>image</c>, or an object from names to lists of such boxes.
/// </summary>
internal sealed class BoxesFile
{
    private const long MaxBytes = 1 << 28;

    private readonly Dictionary<string, List<PersonBox>> _boxes = new(StringComparer.Ordinal);

    private BoxesFile() { }

    /// <summary>The names of the images.</summary>
    public IReadOnlyCollection<string> Names => _boxes.Keys;

    /// <summary>Reads a file.</summary>
    /// <exception cref="FailureException">It is not such a file; the message names the entry.</exception>
    public static BoxesFile Load(string path)
    {
        if (new FileInfo(path).Length > MaxBytes)
            throw new FailureException($"{path}: A file of boxes has at most {Output.Bytes(MaxBytes)}.");
        try
        {
            using FileStream file = File.OpenRead(path);
            using JsonDocument document = JsonDocument.Parse(file);
            var boxes = new BoxesFile();
            if (document.RootElement.ValueKind == JsonValueKind.Array)
                boxes.ReadList(document.RootElement, path);
            else if (document.RootElement.ValueKind == JsonValueKind.Object)
                boxes.ReadObject(document.RootElement, path);
            else
                throw Wrong(path, "", "a list of boxes or an object from images to boxes is needed");
            return boxes;
        }
        catch (JsonException e)
        {
            throw new FailureException($"{path}: This is not JSON: line {e.LineNumber + 1}.");
        }
    }

    /// <summary>The boxes of an image: by its whole path, or else by the file's name.</summary>
    public IReadOnlyList<PersonBox>? Of(string image) =>
        _boxes.GetValueOrDefault(image) ?? _boxes.GetValueOrDefault(Path.GetFileName(image));

    /// <summary>The boxes of an image; where the file has none, nobody is there, which is said.</summary>
    public IReadOnlyList<PersonBox> Find(string name, RgbImage image)
    {
        if (Of(name) is { } found)
            return found;
        Notices.OfThisRun.Count(
            "no boxes",
            name,
            count => $"{count} image{(count == 1 ? "" : "s")} without boxes in the file: nobody is there"
        );
        return [];
    }

    private void ReadList(JsonElement list, string path)
    {
        int i = 0;
        foreach (JsonElement entry in list.EnumerateArray())
        {
            string where = $"entry {++i}: ";
            if (entry.ValueKind != JsonValueKind.Object)
                throw Wrong(path, where, "it is not an object");
            string? name = ((string[])["image", "file_name", "path"])
                .Select(key => Text(entry, key))
                .FirstOrDefault(text => text is not null);
            if (name is null)
                throw Wrong(path, where, "it names no image");
            Add(name, Read(entry, path, where));
        }
    }

    private void ReadObject(JsonElement images, string path)
    {
        foreach (JsonProperty image in images.EnumerateObject())
        {
            if (image.Value.ValueKind != JsonValueKind.Array)
                throw Wrong(path, $"'{image.Name}': ", "its boxes are not a list");
            int i = 0;
            _boxes.TryAdd(image.Name, []);
            foreach (JsonElement box in image.Value.EnumerateArray())
                Add(image.Name, Read(box, path, $"'{image.Name}', box {++i}: "));
        }
    }

    private void Add(string image, PersonBox box)
    {
        if (!_boxes.TryGetValue(image, out List<PersonBox>? boxes))
            _boxes.Add(image, boxes = []);
        boxes.Add(box);
    }

    private static PersonBox Read(JsonElement entry, string path, string where)
    {
        JsonElement box = entry;
        double score = 1;
        if (entry.ValueKind == JsonValueKind.Object)
        {
            if (!entry.TryGetProperty("bbox", out box))
                throw Wrong(path, where, "it has no bbox");
            if (entry.TryGetProperty("score", out JsonElement sure))
                score = Number(sure) ?? throw Wrong(path, where, "its score is not a number");
        }

        double?[] sides = box.ValueKind == JsonValueKind.Array ? [.. box.EnumerateArray().Select(Number)] : [];
        return sides is [{ } x, { } y, { } width, { } height] && width > 0 && height > 0
            ? new PersonBox(new Box(x, y, width, height), score)
            : throw Wrong(path, where, "its bbox is not four numbers x, y, width, height with a width and a height above 0");
    }

    private static double? Number(JsonElement element) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out double number) && double.IsFinite(number) ? number : null;

    private static string? Text(JsonElement entry, string key) =>
        entry.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static FailureException Wrong(string path, string where, string problem) => new($"{path}: {where}{problem}");
}
