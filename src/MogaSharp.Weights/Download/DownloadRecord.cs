using System.Text.Json;
using System.Text.Json.Serialization;

namespace MogaSharp.Weights;

/// <summary>What is kept in a JSON file beside a download: for a part what resuming needs, for a whole file its hash.</summary>
internal sealed record DownloadRecord(Uri Address, string? ETag = null, DateTimeOffset? LastModified = null, string? Sha256 = null)
{
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
