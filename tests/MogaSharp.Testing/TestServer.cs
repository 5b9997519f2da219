using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MogaSharp.Testing;

/// <summary>What a client asked: header names in lower case.</summary>
public sealed record TestRequest(IReadOnlyDictionary<string, string> Headers)
{
    public string? Header(string name) => Headers.TryGetValue(name, out string? value) ? value : null;

    /// <summary>The first byte of a "bytes=N-" range, or null.</summary>
    public int? RangeStart => Header("range") is { } range ? int.Parse(range["bytes=".Length..^1]) : null;
}

/// <summary>
/// An HTTP server on this machine, one request per connection. It answers each request with the next scripted answer, and
/// with the plain file once the script is used up.
/// </summary>
public sealed class TestServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Queue<Func<TestRequest, Stream, Task>> _script = new();
    private readonly Task _loop;

    public TestServer(byte[] content)
    {
        Content = content;
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/model.pth");
        _loop = AcceptAsync();
    }

    public Uri Address { get; }

    public byte[] Content { get; set; }

    /// <summary>Headers that say which version of the file this is.</summary>
    public string Version { get; set; } = "ETag: \"v1\"";

    public List<TestRequest> Requests { get; } = [];

    /// <summary>Cancelled when the server is disposed; a stalling answer waits for it.</summary>
    public CancellationToken Stopped => _stop.Token;

    public TestServer Then(Func<TestRequest, Stream, Task> answer)
    {
        _script.Enqueue(answer);
        return this;
    }

    /// <summary>Answers with a status line, headers and a body.</summary>
    public static async Task SendAsync(Stream stream, string status, string headers, ReadOnlyMemory<byte> body, int? claimedLength = null)
    {
        string head =
            $"HTTP/1.1 {status}\r\nContent-Length: {claimedLength ?? body.Length}\r\nConnection: close\r\n{headers.Trim()}\r\n".Replace(
                "\r\n\r\n",
                "\r\n"
            ) + "\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
        await stream.WriteAsync(body);
    }

    /// <summary>The whole file with status 200.</summary>
    public Task SendWhole(Stream stream) => SendAsync(stream, "200 OK", Version, Content);

    /// <summary>The first bytes of the file, and then the connection ends although the length was announced.</summary>
    public Func<TestRequest, Stream, Task> CutAfter(int count) =>
        (_, stream) => SendAsync(stream, "200 OK", Version, Content.AsMemory(0, count), Content.Length);

    /// <summary>As a good server: the rest when the range is asked for and the version is still the same, else everything.</summary>
    public Task ServeAsync(TestRequest request, Stream stream) =>
        request.RangeStart is { } start
        && request.Header("if-range") is { } condition
        && Version.EndsWith(condition, StringComparison.Ordinal)
            ? SendRest(stream, start)
            : SendWhole(stream);

    public Task SendRest(Stream stream, int start) =>
        SendAsync(
            stream,
            "206 Partial Content",
            $"Content-Range: bytes {start}-{Content.Length - 1}/{Content.Length}\r\n{Version}",
            Content.AsMemory(start)
        );

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _loop;
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using TcpClient connection = await _listener.AcceptTcpClientAsync(_stop.Token);
                using NetworkStream stream = connection.GetStream();
                TestRequest request = await ReadRequestAsync(stream);
                Requests.Add(request);
                await (
                    _script.TryDequeue(out Func<TestRequest, Stream, Task>? answer) ? answer(request, stream) : ServeAsync(request, stream)
                );
            }
            catch (Exception problem) when (problem is OperationCanceledException or IOException or SocketException)
            {
                // The client went away, or the test is over.
            }
        }
    }

    private static async Task<TestRequest> ReadRequestAsync(Stream stream)
    {
        var text = new StringBuilder();
        byte[] next = new byte[1];
        while (!text.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(next) == 0)
                throw new IOException("The client closed the connection.");
            text.Append((char)next[0]);
        }

        return new TestRequest(
            text.ToString()
                .Split("\r\n", StringSplitOptions.RemoveEmptyEntries)
                .Skip(1)
                .Select(line => line.Split(": ", 2))
                .ToDictionary(parts => parts[0].ToLowerInvariant(), parts => parts[1])
        );
    }
}
