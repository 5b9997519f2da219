using System.Text.Json;
using MogaSharp.Testing;

namespace MogaSharp.Weights.Tests;

/// <summary>Finds the checkpoint files under tests/fixtures and what is expected of each.</summary>
internal static class Fixtures
{
    private static readonly Lazy<Dictionary<string, Expectation>> LazyManifest = new(ReadManifest);

    public static IReadOnlyDictionary<string, Expectation> Manifest => LazyManifest.Value;

    public static IEnumerable<string> Good => Manifest.Where(entry => entry.Value.Expected is not null).Select(entry => entry.Key);

    public static IEnumerable<string> Hostile => Manifest.Where(entry => entry.Value.Expected is null).Select(entry => entry.Key);

    public static string PathOf(string name) => Repository.Fixture("checkpoints", name);

    private static Dictionary<string, Expectation> ReadManifest()
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(PathOf("manifest.json")));
        return json
            .RootElement.EnumerateObject()
            .ToDictionary(
                entry => entry.Name,
                entry => new Expectation(
                    entry.Value.TryGetProperty("expected", out JsonElement expected) ? expected.GetString() : null,
                    entry.Value.TryGetProperty("expected_prefix", out JsonElement prefix) ? prefix.GetString()! : "",
                    entry.Value.TryGetProperty("weights_key", out JsonElement key) ? key.GetString() : null
                )
            );
    }

    /// <summary>What the manifest says of one file.</summary>
    public sealed record Expectation(string? Expected, string Prefix, string? WeightsKey);
}
