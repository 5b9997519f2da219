using System.Text.Json;

namespace MogaSharp.Weights.Tests;

/// <summary>Finds the checkpoint files under tests/fixtures and what is expected of each.</summary>
internal static class Fixtures
{
    private static readonly Lazy<Dictionary<string, Expectation>> LazyManifest = new(ReadManifest);

    public static string Folder { get; } = Path.Combine(FindRoot(), "tests", "fixtures", "checkpoints");

    public static IReadOnlyDictionary<string, Expectation> Manifest => LazyManifest.Value;

    public static IEnumerable<string> Good => Manifest.Where(entry => entry.Value.Expected is not null).Select(entry => entry.Key);

    public static IEnumerable<string> Hostile => Manifest.Where(entry => entry.Value.Expected is null).Select(entry => entry.Key);

    public static string PathOf(string name) => Path.Combine(Folder, name);

    private static string FindRoot()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "MogaSharp.slnx")))
            folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("MogaSharp.slnx is in no folder above the tests.");
        return folder;
    }

    private static Dictionary<string, Expectation> ReadManifest()
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(PathOf("manifest.json")));
        return json.RootElement.EnumerateObject().ToDictionary(
            entry => entry.Name,
            entry => new Expectation(
                entry.Value.TryGetProperty("expected", out JsonElement expected) ? expected.GetString() : null,
                entry.Value.TryGetProperty("expected_prefix", out JsonElement prefix) ? prefix.GetString()! : "",
                entry.Value.TryGetProperty("weights_key", out JsonElement key) ? key.GetString() : null));
    }

    /// <summary>What the manifest says of one file.</summary>
    public sealed record Expectation(string? Expected, string Prefix, string? WeightsKey);
}
