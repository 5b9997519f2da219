using System.Collections;
using System.Globalization;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using MogaSharp.Imaging;
using MogaSharp.Vision;

namespace MogaSharp.Data;

/// <summary>
/// Images in tar archives ("shards") as WebDataset writes them: an image (<c>.jpg</c>, <c>.jpeg</c>, <c>.png</c>, <c>.webp</c>) and a label
/// (<c>.cls</c>, a whole number as text, or <c>.json</c> with a number <c>label</c> or <c>cls</c>) are one sample when their paths are
/// equal but for the ending, or else, as in WebDataset, up to the first dot of the name. Other files of a sample, hidden ones, links and
/// bytes behind the end are left out, archives that were joined in one file are all read, and <see cref="Notes"/> says so. The headers are
/// read once; images are then read wherever they lie.
/// </summary>
public sealed class TarDataset : IImageDataset
{
    private const int MaxLabelBytes = 1 << 16;
    private const int MaxLabel = 10_000_000;

    private readonly List<TarImageItem> _items = [];

    /// <summary>Reads the headers and labels of all shards.</summary>
    /// <param name="pattern">
    /// The archives: a path with ranges or lists in braces, such as <c>train-{0000..0127}.tar</c>, and <c>*</c> and <c>?</c> in the name.
    /// </param>
    /// <param name="classNames">The names of the classes; null for 0, 1, ... up to the largest label.</param>
    /// <exception cref="DatasetException">An archive is missing or broken, a sample has no image or label or two of them, or a label is no
    /// class.</exception>
    /// <exception cref="IOException">An archive cannot be read.</exception>
    public TarDataset(string pattern, IReadOnlyList<string>? classNames = null)
    {
        string[] paths = ShardPattern.Expand(pattern);
        var shards = new List<TarImageItem>[paths.Length];
        var notes = new DatasetNotes[paths.Length];
        try
        {
            Parallel.For(0, paths.Length, i => shards[i] = ReadShard(paths[i], notes[i] = new DatasetNotes()));
        }
        catch (AggregateException exception)
            when (exception.InnerException is DatasetException or IOException or UnauthorizedAccessException)
        {
            throw exception.InnerException is DatasetException bad
                ? new DatasetException(bad.DatasetPath, bad.Problem, exception)
                : exception.InnerException;
        }
        foreach (List<TarImageItem> shard in shards)
            _items.AddRange(shard);
        if (_items.Count == 0)
            throw new DatasetException(pattern, "There are no images in it.");
        var all = new DatasetNotes();
        foreach (DatasetNotes some in notes)
            all.AddRange(some);
        Notes = all.ToList();
        TarImageItem largest = _items.MaxBy(item => item.Label)!;
        ClassNames =
            classNames ?? [.. Enumerable.Range(0, largest.Label + 1).Select(label => label.ToString(CultureInfo.InvariantCulture))];
        if (largest.Label >= ClassNames.Count)
            throw new DatasetException(largest.Name, $"The label is {largest.Label}, but there are {ClassNames.Count} classes.");
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> ClassNames { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Notes { get; }

    /// <inheritdoc/>
    public int Count => _items.Count;

    /// <inheritdoc/>
    public ImageItem this[int index] => _items[index];

    /// <inheritdoc/>
    public IEnumerator<ImageItem> GetEnumerator() => _items.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static List<TarImageItem> ReadShard(string path, DatasetNotes notes)
    {
        using SafeFileHandle handle = File.OpenHandle(path, options: FileOptions.RandomAccess);
        var pairs = new TarPairs(path, notes);
        foreach (TarFile file in TarReader.List(handle, path, notes))
            pairs.Add(file);
        return
        [
            .. pairs
                .Pair((file, isJson) => ReadLabel(handle, file, isJson, path))
                .Select(sample => new TarImageItem(path, sample.Image, sample.Label)),
        ];
    }

    private static int? ReadLabel(SafeFileHandle handle, TarFile file, bool isJson, string path)
    {
        if (file.Size > MaxLabelBytes)
            throw new DatasetException(path, $"'{file.Name}': the label has {file.Size} bytes; the limit is {MaxLabelBytes}.");
        byte[] text = new byte[file.Size];
        TarReader.Read(handle, text, file.Offset, path);
        int? label =
            isJson ? JsonLabel(text, file, path)
            : int.TryParse(text.AsSpan().Trim(" \r\n\t"u8), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number)
                ? number
            : throw new DatasetException(path, $"'{file.Name}': the label is not a whole number.");
        return label is null or (>= 0 and <= MaxLabel)
            ? label
            : throw new DatasetException(path, $"'{file.Name}': the label {label} is not in 0..{MaxLabel}.");
    }

    private static int? JsonLabel(byte[] text, TarFile file, string path)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return null;
            foreach (string name in (string[])["label", "cls"])
                if (
                    document.RootElement.TryGetProperty(name, out JsonElement value)
                    && value.ValueKind == JsonValueKind.Number
                    && value.TryGetInt32(out int label)
                )
                    return label;
            return null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // The second type is what names with half a surrogate pair give.
            throw new DatasetException(path, $"'{file.Name}' is not JSON. {exception.Message}", exception);
        }
    }
}

/// <summary>An image inside a tar archive.</summary>
public sealed class TarImageItem : ImageItem
{
    private readonly string _path;
    private readonly TarFile _file;

    internal TarImageItem(string path, TarFile file, int label)
        : base($"{path}#{file.Name}", new ClassIndex(label))
    {
        _path = path;
        _file = file;
    }

    /// <inheritdoc/>
    public override PixelBlock ReadPixels(ImageLimits? limits = null, DecodeBuffers? buffers = null)
    {
        using SafeFileHandle handle = File.OpenHandle(_path, options: FileOptions.RandomAccess);
        return ImageDecoder.Load(handle, _file.Offset, _file.Size, buffers ?? new DecodeBuffers(), Name, limits);
    }
}
