using System.Security.Cryptography;
using System.Text.RegularExpressions;
using MogaSharp.Testing;

namespace MogaSharp.Weights.Tests;

public sealed class DownloadTests : IAsyncDisposable
{
    private static readonly byte[] Good = File.ReadAllBytes(Fixtures.PathOf("b0_state_dict_small.pth"));
    private static readonly byte[] Other = File.ReadAllBytes(Fixtures.PathOf("e_half.pth"));
    private static readonly byte[] Html = File.ReadAllBytes(Fixtures.PathOf("hostile/html_page.pth.tar"));

    private readonly TestServer _server = new(Good);
    private readonly TemporaryFolder _cache = new();
    private readonly HttpClient _client = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private ModelFile Model => new("model.pth", _server.Address);

    private string Target => _cache.File("model.pth");

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _client.Dispose();
        _cache.Dispose();
    }

    [Fact]
    public async Task Downloads_once_and_then_gives_the_cached_file()
    {
        var progress = new Recorder();
        DownloadedModel first = await Downloader().GetAsync(Model, progress, Token);
        DownloadedModel second = await Downloader().GetAsync(Model, null, Token);

        Assert.Equal(new DownloadedModel(Target, Hash(Good), WasCached: false), first);
        Assert.Equal(first with { WasCached = true }, second);
        Assert.Equal(Good, await File.ReadAllBytesAsync(Target, Token));
        Assert.Single(_server.Requests);
        Assert.Contains(Hash(Good), await File.ReadAllTextAsync($"{Target}.json", Token), StringComparison.Ordinal);
        Assert.Equal(["model.pth", "model.pth.json", "model.pth.lock"], _cache.FileNames.Order());
        Assert.Equal(new DownloadProgress(Good.Length, Good.Length), progress.Reports[^1]);
        Assert.Equal(progress.Reports.Select(report => report.Received).Order(), progress.Reports.Select(report => report.Received));
    }

    [Fact]
    public async Task A_cached_file_is_read_again_only_when_it_was_changed_or_is_to_be_verified()
    {
        await Downloader().GetAsync(Model, null, Token);
        DateTime written = File.GetLastWriteTimeUtc(Target);
        byte[] damaged = [.. Good[..^1], (byte)~Good[^1]];

        // As many bytes, and the time put back: nothing shows but the content.
        await DamageAsync(written);
        Assert.Equal(new DownloadedModel(Target, Hash(Good), WasCached: true), await Downloader().GetAsync(Model, null, Token));
        Assert.Equal(damaged, await File.ReadAllBytesAsync(Target, Token));
        Assert.False((await Verifying().GetAsync(Model, null, Token)).WasCached);
        Assert.Equal(Good, await File.ReadAllBytesAsync(Target, Token));
        Assert.True((await Verifying().GetAsync(Model, null, Token)).WasCached);

        await DamageAsync(written.AddTicks(1));
        Assert.False((await Downloader().GetAsync(Model, null, Token)).WasCached);
        Assert.Equal(Good, await File.ReadAllBytesAsync(Target, Token));

        // A record of an earlier version has neither size nor time; it is completed.
        string record = await File.ReadAllTextAsync($"{Target}.json", Token);
        await File.WriteAllTextAsync($"{Target}.json", Regex.Replace(record, """,\s*"(size|written)": [^,}]*""", ""), Token);
        Assert.True((await Downloader().GetAsync(Model, null, Token)).WasCached);
        Assert.Equal(record, await File.ReadAllTextAsync($"{Target}.json", Token));

        async Task DamageAsync(DateTime time)
        {
            await File.WriteAllBytesAsync(Target, damaged, Token);
            File.SetLastWriteTimeUtc(Target, time);
        }

        ModelDownloader Verifying() => new(_client, new DownloadOptions { CacheFolder = _cache.FullName, Verify = true });
    }

    [Fact]
    public async Task A_file_of_the_same_name_from_another_address_is_another_file()
    {
        await Downloader().GetAsync(Model, null, Token);
        _server.Content = Other;
        ModelFile elsewhere = Model with { Address = new Uri(_server.Address, "/other/model.pth") };
        DownloadedModel second = await Downloader().GetAsync(elsewhere, null, Token);
        Assert.Equal(new DownloadedModel(Target, Hash(Other), WasCached: false), second);
        Assert.Equal(Other, await File.ReadAllBytesAsync(Target, Token));
        Assert.True((await Downloader().GetAsync(elsewhere, null, Token)).WasCached);
        // A mirror of the very same file needs no second download.
        Assert.True((await Downloader().GetAsync(Model with { Sha256 = Hash(Other) }, null, Token)).WasCached);
    }

    [Fact]
    public async Task A_mirror_gives_what_the_address_does_not()
    {
        await using var mirror = new TestServer(Good);
        ModelFile file = Model with { Sha256 = Hash(Good), Mirrors = [mirror.Address] };
        _server.Then((_, stream) => TestServer.SendAsync(stream, "404 Not Found", "", default));
        Assert.False((await Downloader().GetAsync(file, null, Token)).WasCached);
        File.Delete(Target);
        _server.Then((_, stream) => TestServer.SendAsync(stream, "200 OK", "", Html));
        await Downloader().GetAsync(file, null, Token);
        File.Delete(Target);
        // A server that gave nothing is asked once, one that broke off again and again.
        _server.Then((_, stream) => TestServer.SendAsync(stream, "503 Unavailable", "", default));
        await Downloader().GetAsync(file, null, Token);
        File.Delete(Target);
        _server
            .Then(_server.CutAfter(50_000))
            .Then(
                (_, stream) =>
                    TestServer.SendAsync(
                        stream,
                        "206 Partial Content",
                        $"Content-Range: bytes 50000-{Good.Length - 1}/{Good.Length}",
                        Good.AsMemory(50_000, 9),
                        Good.Length - 50_000
                    )
            );
        await Downloader(attempts: 2).GetAsync(file, null, Token);
        Assert.Equal([null, null, null, null, 50_000], _server.Requests.Select(request => request.RangeStart));
        // What came of the one is no beginning of the other's.
        Assert.Equal([null, null, null, null], mirror.Requests.Select(request => request.RangeStart));
        Assert.Equal(Good, await File.ReadAllBytesAsync(Target, Token));
        Assert.Equal(["model.pth", "model.pth.json", "model.pth.lock"], _cache.FileNames.Order());
        // Wherever it came from, it is the file of the first address.
        Assert.True((await Downloader().GetAsync(Model, null, Token)).WasCached);
    }

    [Fact]
    public async Task A_logger_receives_attempts_and_mirrors()
    {
        await using var mirror = new TestServer(Good);
        _server.Then((_, stream) => TestServer.SendAsync(stream, "404 Not Found", "", default));
        mirror.Then(mirror.CutAfter(50_000));
        var logger = new RecordingLogger();
        var options = new DownloadOptions
        {
            CacheFolder = _cache.FullName,
            RetryDelay = TimeSpan.FromMilliseconds(1),
            Logger = logger,
        };
        await new ModelDownloader(_client, options).GetAsync(Model with { Sha256 = Hash(Good), Mirrors = [mirror.Address] }, null, Token);
        Assert.Equal(
            [
                $"Information: {_server.Address}: The server answered 404 Not Found. Another address is tried.",
                $"Information: {mirror.Address}: attempt 1 of 4 ended because",
                $"Debug: {mirror.Address}: complete as {Target}, SHA-256 {Hash(Good)}.",
            ],
            logger.Lines.Select(line =>
                line.Contains("because", StringComparison.Ordinal) ? line[..(line.IndexOf("because", StringComparison.Ordinal) + 7)] : line
            )
        );
    }

    [Fact]
    public async Task When_no_mirror_has_the_file_all_are_named_and_nothing_is_kept()
    {
        await using var mirror = new TestServer(Other);
        _server.Then((_, stream) => TestServer.SendAsync(stream, "404 Not Found", "", default));
        ModelFile file = Model with { Sha256 = Hash(Good), Mirrors = [mirror.Address, new Uri("http://127.0.0.1:1/model.pth")] };
        var problem = await Assert.ThrowsAsync<DownloadException>(() => Downloader(attempts: 1).GetAsync(file, null, Token));
        Assert.StartsWith(
            $"{_server.Address}: The server answered 404 Not Found. Nor could it be had elsewhere. {mirror.Address}: The file has the "
                + $"SHA-256 {Hash(Other)}, not",
            problem.Message,
            StringComparison.Ordinal
        );
        Assert.Contains("It was not kept. http://127.0.0.1:1/model.pth: The download failed", problem.Message, StringComparison.Ordinal);
        Assert.Equal(_server.Address, problem.Address);
        Assert.Equal(["model.pth.lock"], _cache.FileNames);
    }

    [Fact]
    public async Task Resumes_where_the_connection_broke()
    {
        _server
            .Then(_server.CutAfter(50_000))
            .Then(
                async (request, stream) =>
                {
                    byte[] rest = Good[request.RangeStart!.Value..];
                    string headers = $"Content-Range: bytes {request.RangeStart}-{Good.Length - 1}/{Good.Length}\r\n{_server.Version}";
                    await TestServer.SendAsync(stream, "206 Partial Content", headers, rest.AsMemory(0, 10_000), rest.Length);
                }
            );
        await Downloader().GetAsync(Model, null, Token);

        Assert.Equal(Good, await File.ReadAllBytesAsync(Target, Token));
        Assert.Equal([null, 50_000, 60_000], _server.Requests.Select(request => request.RangeStart));
        Assert.Equal([null, "\"v1\"", "\"v1\""], _server.Requests.Select(request => request.Header("if-range")));
    }

    [Fact]
    public async Task Resumes_in_a_later_call()
    {
        _server.Then(_server.CutAfter(50_000));
        var problem = await Assert.ThrowsAsync<DownloadException>(() => Downloader(attempts: 1).GetAsync(Model, null, Token));
        Assert.Contains("goes on from there", problem.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Target));

        await Downloader().GetAsync(Model, null, Token);
        Assert.Equal(Good, await File.ReadAllBytesAsync(Target, Token));
        Assert.Equal([null, 50_000], _server.Requests.Select(request => request.RangeStart));
    }

    [Fact]
    public async Task Restarts_when_the_server_ignores_the_range()
    {
        _server.Then(_server.CutAfter(50_000)).Then((_, stream) => _server.SendWhole(stream));
        await Downloader().GetAsync(Model, null, Token);
        Assert.Equal(Good, await File.ReadAllBytesAsync(Target, Token));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Restarts_when_the_file_changed_meanwhile(bool serverKnowsIfRange)
    {
        _server
            .Then(_server.CutAfter(50_000))
            .Then(
                (request, stream) =>
                {
                    _server.Content = Other;
                    _server.Version = "ETag: \"v2\"";
                    return serverKnowsIfRange ? _server.ServeAsync(request, stream) : _server.SendRest(stream, request.RangeStart!.Value);
                }
            );
        await Downloader().GetAsync(Model, null, Token);
        Assert.Equal(Other, await File.ReadAllBytesAsync(Target, Token));
    }

    [Theory]
    [InlineData("ETag: W/\"v1\"", null)]
    [InlineData("Last-Modified: Fri, 01 Mar 2024 10:00:00 GMT", "Fri, 01 Mar 2024 10:00:00 GMT")]
    [InlineData("", null)]
    public async Task Resumes_only_with_proof_that_the_file_is_the_same(string version, string? ifRange)
    {
        _server.Version = version;
        _server.Then(_server.CutAfter(50_000));
        await Downloader().GetAsync(Model, null, Token);
        Assert.Equal(Good, await File.ReadAllBytesAsync(Target, Token));
        Assert.Equal(ifRange, _server.Requests[1].Header("if-range"));
        Assert.Equal(ifRange is null ? null : 50_000, _server.Requests[1].RangeStart);
    }

    [Fact]
    public async Task Restarts_when_the_range_does_not_exist()
    {
        _server.Then(_server.CutAfter(50_000)).Then((_, stream) => TestServer.SendAsync(stream, "416 Range Not Satisfiable", "", default));
        await Downloader().GetAsync(Model, null, Token);
        Assert.Equal(Good, await File.ReadAllBytesAsync(Target, Token));
    }

    [Fact]
    public async Task A_stalled_connection_is_given_up_and_resumed()
    {
        _server.Then(
            async (request, stream) =>
            {
                await _server.CutAfter(50_000)(request, stream);
                await Task.Delay(1000, _server.Stopped);
            }
        );
        await Downloader(stallMilliseconds: 300).GetAsync(Model, null, Token);
        Assert.Equal(Good, await File.ReadAllBytesAsync(Target, Token));
        Assert.Equal(50_000, _server.Requests[1].RangeStart);
    }

    [Fact]
    public async Task A_server_that_never_answers_is_given_up()
    {
        _server.Then((_, _) => Task.Delay(1000, _server.Stopped));
        var problem = await Assert.ThrowsAsync<DownloadException>(() =>
            Downloader(attempts: 1, stallMilliseconds: 300).GetAsync(Model, null, Token)
        );
        Assert.Contains("sent nothing for 0.3 seconds", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_lies_about_the_length_is_given_up()
    {
        Task Lie(TestRequest request, Stream stream) => TestServer.SendAsync(stream, "200 OK", "", Good, Good.Length + 5);
        _server.Then(Lie).Then(Lie).Then(Lie);
        var problem = await Assert.ThrowsAsync<DownloadException>(() => Downloader(attempts: 3).GetAsync(Model, null, Token));
        Assert.Contains("failed 3 times", problem.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Target));
    }

    [Fact]
    public async Task A_length_that_is_too_short_gives_a_damaged_file_which_is_refused()
    {
        _server.Then((_, stream) => TestServer.SendAsync(stream, "200 OK", "", Good, Good.Length - 5));
        await AssertRefused("cut off");
    }

    [Fact]
    public async Task A_missing_file_is_reported_at_once()
    {
        _server.Then((_, stream) => TestServer.SendAsync(stream, "404 Not Found", "", Html));
        await AssertRefused("404 Not Found");
        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task A_failing_server_is_tried_again()
    {
        Task Fail(TestRequest request, Stream stream) => TestServer.SendAsync(stream, "500 Internal Server Error", "", default);
        _server.Then(Fail).Then(Fail);
        await Downloader(attempts: 3).GetAsync(Model, null, Token);
        _server.Then(Fail);
        var problem = await Assert.ThrowsAsync<DownloadException>(() =>
            Downloader(attempts: 1).GetAsync(Model with { FileName = "b.pth" }, null, Token)
        );
        Assert.Contains("500 Internal Server Error", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_in_place_of_the_file_is_refused()
    {
        _server.Content = Html;
        await AssertRefused("HTML page");
    }

    [Fact]
    public async Task A_file_with_a_damaged_tensor_is_refused()
    {
        _server.Content = await File.ReadAllBytesAsync(Fixtures.PathOf("hostile/crc_mismatch.pth"), Token);
        await AssertRefused("CRC-32");
    }

    [Fact]
    public async Task A_handler_that_does_not_notice_a_missing_end_is_not_believed()
    {
        using var client = new HttpClient(new CarelessHandler());
        var downloader = new ModelDownloader(client, new DownloadOptions { CacheFolder = _cache.FullName, Attempts = 1 });
        var problem = await Assert.ThrowsAsync<DownloadException>(() => downloader.GetAsync(Model, null, Token));
        Assert.Contains($"sent {Good.Length} of {Good.Length + 1} bytes", problem.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Target));
    }

    [Fact]
    public async Task A_file_with_a_wrong_hash_is_refused()
    {
        ModelFile model = Model with { Sha256 = Hash(Other) };
        var problem = await Assert.ThrowsAsync<DownloadException>(() => Downloader().GetAsync(model, null, Token));
        Assert.Contains($"{Hash(Good)}, not {Hash(Other)} as known", problem.Message, StringComparison.Ordinal);
        Assert.Equal(["model.pth.lock"], _cache.FileNames);
    }

    [Fact]
    public async Task A_file_that_differs_from_the_first_download_is_refused()
    {
        await Downloader().GetAsync(Model, null, Token);
        File.Delete(Target);
        _server.Content = Other;
        var problem = await Assert.ThrowsAsync<DownloadException>(() => Downloader().GetAsync(Model, null, Token));
        Assert.Contains("recorded when it was first downloaded", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_cached_file_is_downloaded_again()
    {
        await Downloader().GetAsync(Model, null, Token);
        await File.WriteAllBytesAsync(Target, Other, Token);
        Assert.False((await Downloader().GetAsync(Model, null, Token)).WasCached);
        Assert.Equal(Good, await File.ReadAllBytesAsync(Target, Token));
    }

    [Fact]
    public async Task Cancelling_keeps_what_has_arrived()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        _server.Then(
            async (request, stream) =>
            {
                await _server.CutAfter(50_000)(request, stream);
                await Task.Delay(1000, _server.Stopped);
            }
        );
        var progress = new Recorder(report =>
        {
            if (report.Received == 50_000)
                cancel.Cancel();
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Downloader().GetAsync(Model, progress, cancel.Token));
        await Downloader().GetAsync(Model, null, Token);
        Assert.Equal(50_000, _server.Requests[^1].RangeStart);
        Assert.Equal(Good, await File.ReadAllBytesAsync(Target, Token));
    }

    [Fact]
    public async Task Two_at_once_download_once()
    {
        _server.Then(
            async (request, stream) =>
            {
                await Task.Delay(100, Token);
                await _server.ServeAsync(request, stream);
            }
        );
        DownloadedModel[] both = await Task.WhenAll(Downloader().GetAsync(Model, null, Token), Downloader().GetAsync(Model, null, Token));
        Assert.Single(both, model => model.WasCached);
        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task A_file_above_the_limit_is_refused()
    {
        var downloader = new ModelDownloader(_client, new DownloadOptions { CacheFolder = _cache.FullName, MaxBytes = 1000 });
        var problem = await Assert.ThrowsAsync<DownloadException>(() => downloader.GetAsync(Model, null, Token));
        Assert.Contains("larger than the 1000 bytes", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_at_the_address_is_reported()
    {
        var gone = new TestServer(Good);
        await gone.DisposeAsync();
        var problem = await Assert.ThrowsAsync<DownloadException>(() =>
            Downloader(attempts: 1).GetAsync(Model with { Address = gone.Address }, null, Token)
        );
        Assert.Contains("the connection failed", problem.Message, StringComparison.Ordinal);
        Assert.StartsWith(gone.Address.ToString(), problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../evil.pth")]
    [InlineData("a/b.pth")]
    [InlineData("..")]
    [InlineData("")]
    public async Task File_names_with_a_path_are_refused(string name)
    {
        await Assert.ThrowsAsync<ArgumentException>(() => Downloader().GetAsync(Model with { FileName = name }, null, Token));
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task A_cache_that_cannot_be_written_is_reported()
    {
        string file = _cache.File("taken", [1]);
        var downloader = new ModelDownloader(_client, new DownloadOptions { CacheFolder = Path.Combine(file, "sub") });
        await Assert.ThrowsAnyAsync<IOException>(() => downloader.GetAsync(Model, null, Token));
    }

    private async Task AssertRefused(string reason)
    {
        var problem = await Assert.ThrowsAsync<DownloadException>(() => Downloader().GetAsync(Model, null, Token));
        Assert.Contains(reason, problem.Message, StringComparison.Ordinal);
        Assert.Equal(["model.pth.lock"], _cache.FileNames);
    }

    private ModelDownloader Downloader(int attempts = 4, int stallMilliseconds = 10_000) =>
        new(
            _client,
            new DownloadOptions
            {
                CacheFolder = _cache.FullName,
                Attempts = attempts,
                StallTimeout = TimeSpan.FromMilliseconds(stallMilliseconds),
                RetryDelay = TimeSpan.FromMilliseconds(10),
            }
        );

    private static string Hash(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    private sealed class Recorder(Action<DownloadProgress>? also = null) : IProgress<DownloadProgress>
    {
        public List<DownloadProgress> Reports { get; } = [];

        public void Report(DownloadProgress value)
        {
            Reports.Add(value);
            also?.Invoke(value);
        }
    }

    private sealed class CarelessHandler : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(
                new HttpResponseMessage { Content = new ByteArrayContent(Good) { Headers = { ContentLength = Good.Length + 1 } } }
            );
    }
}
