using System.Text.Json;
using System.Text.Json.Serialization;

namespace MogaSharp.Weights;

/// <summary>What is kept in a JSON file beside a download: for a part what resuming needs, for a whole file its hash.</summary>
internal sealed record DownloadRecord(Uri Address, string? ETag = null, DateTimeOffset? LastModified = null, string? Sha256 = null)
{
    /// <summary>The whole file's size in bytes when its hash was taken.</summary>
    public long? Size { get; init; }

    /// <summary>When the whole file had last been written to when its hash was taken.</summary>
    public DateTimeOffset? Written { get; init; }

    /// <summary>A record of a whole file.</summary>
    /// <param name="address">Where it comes from.</param>
    /// <param name="path">The file.</param>
    /// <param name="sha256">Its hash, just taken.</param>
    public static DownloadRecord Of(Uri address, string path, string sha256)
    {
        var file = new FileInfo(path);
        return new DownloadRecord(address, Sha256: sha256) { Size = file.Length, Written = file.LastWriteTimeUtc };
    }

    /// <summary>The hash of a file that nobody has written to since it was taken; null when it has to be taken again.</summary>
    /// <param name="path">The file.</param>
    public string? HashOf(string path)
    {
        var file = new FileInfo(path);
        return Size == file.Length && Written is { } written && written.UtcDateTime == file.LastWriteTimeUtc ? Sha256 : null;
    }

    /// <summary>Reads a record; null when there is none or it is damaged, as one can do without.</summary>
    public static DownloadRecord? Load(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), DownloadRecordContext.Default.DownloadRecord);
        }
        catch (Exception problem) when (problem is FileNotFoundException or JsonException)
        {
            return null;
        }
    }

    public void Save(string path) =>
        AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, this, DownloadRecordContext.Default.DownloadRecord));
}

/// <summary>Code to read and write records without reflection, so that trimmed programs can.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(DownloadRecord))]
internal sealed partial class DownloadRecordContext : JsonSerializerContext;
