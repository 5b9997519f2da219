using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MogaSharp.Data;

/// <summary>What is needed to bring a data set onto a machine: its files with their hashes, and where they are. A JSON file; names in it
/// are in snake case.</summary>
/// <param name="Name">The set's name, such as <c>mnist</c>.</param>
/// <param name="Origin">Who made it.</param>
/// <param name="Addresses">Folders on servers that hold each file as <c>.gz</c>, to be tried in order; each ends in a slash.</param>
/// <param name="Files">The files.</param>
public sealed record DataCard(string Name, string Origin, ImmutableArray<Uri> Addresses, ImmutableArray<DataFile> Files)
{
    /// <summary>The card of MNIST.</summary>
    public static DataCard Mnist { get; } = Load("mnist");

    private static DataCard Load(string name)
    {
        using Stream stream = typeof(DataCard).Assembly.GetManifestResourceStream($"MogaSharp.Data.{name}.json")!;
        return JsonSerializer.Deserialize(stream, DataCardContext.Default.DataCard)!;
    }
}

/// <summary>A file of a data set.</summary>
/// <param name="Name">Its name in the set's folder.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Sha256">Its SHA-256 in lower-case hexadecimal.</param>
/// <param name="PackedSha256">The SHA-256 of the <c>.gz</c> file that the servers have.</param>
public sealed record DataFile(string Name, long Length, string Sha256, string PackedSha256);

/// <summary>The generated code to read cards.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow
)]
[JsonSerializable(typeof(DataCard))]
internal sealed partial class DataCardContext : JsonSerializerContext;
