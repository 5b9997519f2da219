using System.Diagnostics;
using System.Security.Cryptography;
using MogaSharp.Models;
using MogaSharp.Testing;

namespace MogaSharp.Cli.Tests;

public sealed class PullTests : IAsyncDisposable
{
    private static readonly byte[] Good = File.ReadAllBytes(Fixtures.Checkpoint("b0_state_dict_small.pth"));
    private static readonly string Hash = Convert.ToHexStringLower(SHA256.HashData(Good));

    private readonly TemporaryFolder _folder = new();
    private readonly TestServer _server = new(Good);

    private string Cache => _folder.File("cache");

    private IEnumerable<string> Cached =>
        Directory
            .EnumerateFiles(Cache)
            .Select(path => Path.GetFileName(path))
            .Where(name => !name.EndsWith(".lock", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Downloads_resumes_records_and_does_not_download_again()
    {
        _server.Then(_server.CutAfter(50_000));
        Outcome first = (await Pull(Card())).Succeeded();
        Assert.Equal(Path.Combine(Cache, "model.pth") + "\n", first.Output);
        Assert.Equal([$"downloaded, SHA-256 {Hash}"], first.ErrorLines);
        Assert.Equal([null, 50_000], _server.Requests.Select(request => request.RangeStart));
        Assert.Equal(Good, await File.ReadAllBytesAsync(Path.Combine(Cache, "model.pth"), TestContext.Current.CancellationToken));
        Assert.Equal(["model.pth", "model.pth.json"], Cached);
        Outcome second = (await Pull(Card(Hash))).Succeeded();
        Assert.Equal(first.Output, second.Output);
        Assert.StartsWith("already there", second.Errors, StringComparison.Ordinal);
        Assert.Equal(2, _server.Requests.Count);
    }

    [Fact]
    public async Task A_wrong_hash_is_refused()
    {
        (await Pull(Card(new string('0', 64)))).Failed(1, $"has the SHA-256 {Hash}, not 0000");
        Assert.Empty(Cached);
    }

    [Fact]
    public async Task A_page_instead_of_weights_is_refused()
    {
        _server.Content = await File.ReadAllBytesAsync(
            Fixtures.Checkpoint("hostile", "html_page.pth.tar"),
            TestContext.Current.CancellationToken
        );
        (await Pull(Card())).Failed(1, "is not a weight file. The file is an HTML page");
        Assert.Empty(Cached);
        _server.Then((_, stream) => TestServer.SendAsync(stream, "404 Not Found", "", default));
        (await Pull(Card())).Failed(1, "The server answered 404 Not Found.");
    }

    [Fact]
    public async Task Ctrl_C_ends_a_stalled_download_and_the_next_one_goes_on()
    {
        var stalled = new TaskCompletionSource();
        var ended = new TaskCompletionSource();
        _server.Then(
            async (_, stream) =>
            {
                await TestServer.SendAsync(stream, "200 OK", _server.Version, Good.AsMemory(0, 60_000), Good.Length);
                stalled.SetResult();
                await ended.Task.WaitAsync(_server.Stopped);
            }
        );
        using (Process process = Moga.Start(null, Cache, "pull", Card()))
        {
            await stalled.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
            string part = Path.Combine(Cache, "model.pth.part");
            while (!File.Exists(part) || new FileInfo(part).Length == 0)
                await Task.Delay(20, TestContext.Current.CancellationToken);
            await Moga.SignalAsync(process, "INT");
            (await Moga.FinishAsync(process)).Failed(130, "Cancelled.");
        }

        Assert.Equal(["model.pth.part", "model.pth.part.json"], Cached);
        ended.SetResult();
        (await Pull(Card())).Succeeded();
        Assert.True(_server.Requests[^1].RangeStart > 0);
        Assert.Equal(Good, await File.ReadAllBytesAsync(Path.Combine(Cache, "model.pth"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Models_without_address_or_cache_are_explained()
    {
        string shipped = Path.Combine(Path.GetDirectoryName(Moga.Command[^1])!, "models", "moganet_xtiny_fashion", "model.safetensors");
        Assert.Equal(shipped + "\n", (await Moga.RunAsync("pull", "moganet_xtiny_fashion")).Succeeded().Output);
        (await Pull(Fixtures.WriteModel(_folder, Fixtures.Small, source: new WeightsCard()))).Failed(1, "names no weights");
        (await Pull(Fixtures.WriteModel(_folder, Fixtures.Small, source: new WeightsCard { File = "absent.pth" }))).Failed(
            1,
            "there is no file '"
        );
        // The cache's place is taken by a file.
        _folder.File("cache", "x"u8.ToArray());
        Assert.Equal(1, (await Pull(Card())).ExitCode);
    }

    [Fact]
    public async Task Other_commands_download_what_they_need()
    {
        Fixtures.WriteModel(_folder, Fixtures.Small);
        _server.Content = await File.ReadAllBytesAsync(_folder.File("weights.safetensors"), TestContext.Current.CancellationToken);
        Outcome outcome = (
            await Moga.RunInAsync(null, Cache, "classify", Fixtures.Sample("bag_0018.png"), "--model", Card(), "-k", "1")
        ).Succeeded();
        Assert.Empty(outcome.Errors);
        Assert.Single(_server.Requests);
    }

    private Task<Outcome> Pull(string card) => Moga.RunInAsync(null, Cache, "pull", card);

    private string Card(string? hash = null) =>
        Fixtures.WriteModel(_folder, Fixtures.Small, source: new WeightsCard { Url = _server.Address.AbsoluteUri, Sha256 = hash });
}
