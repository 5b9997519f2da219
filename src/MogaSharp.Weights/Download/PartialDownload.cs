using System.Net;
using System.Net.Http.Headers;

namespace MogaSharp.Weights;

/// <summary>The part of a file that has arrived, and one attempt to fetch the rest of it.</summary>
internal sealed class PartialDownload(HttpClient client, ModelFile file, string path, DownloadOptions options)
{
    private const int BufferSize = 1 << 17;

    private readonly string _recordPath = $"{path}.json";

    /// <summary>Whether part of the file has arrived from this address.</summary>
    public bool HasBegun => File.Exists(path) && DownloadRecord.Load(_recordPath)?.Address == file.Address;

    /// <summary>Removes what has arrived.</summary>
    public void Discard()
    {
        File.Delete(path);
        File.Delete(_recordPath);
    }

    /// <summary>Fetches what is missing.</summary>
    /// <exception cref="DownloadException">The server refuses, or the disk does.</exception>
    /// <exception cref="InterruptedException">The connection broke; another attempt can go on from there.</exception>
    public async Task FetchAsync(IProgress<DownloadProgress>? progress, CancellationToken cancellationToken)
    {
        using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            await FetchAsync(progress, stall).ConfigureAwait(false);
        }
        catch (OperationCanceledException problem) when (!cancellationToken.IsCancellationRequested)
        {
            throw new InterruptedException($"the server sent nothing for {options.StallTimeout.TotalSeconds:0.#} seconds", problem);
        }
    }

    private async Task FetchAsync(IProgress<DownloadProgress>? progress, CancellationTokenSource stall)
    {
        stall.CancelAfter(options.StallTimeout);
        using HttpResponseMessage response = await SendAsync(stall.Token).ConfigureAwait(false);
        long received = StartOf(response);
        long? total = received + response.Content.Headers.ContentLength;
        if (total > options.MaxBytes)
            throw TooLarge();

        using Stream source = await Guarded(response.Content.ReadAsStreamAsync(stall.Token)).ConfigureAwait(false);
        using FileStream target = new(path, received == 0 ? FileMode.Create : FileMode.Append, FileAccess.Write, FileShare.None);
        // After the file has been emptied: an old part must never stand beside a new record.
        if (received == 0)
            NewRecord(response).Save(_recordPath);
        byte[] buffer = new byte[BufferSize];
        while (true)
        {
            progress?.Report(new DownloadProgress(received, total));
            stall.CancelAfter(options.StallTimeout);
            int count = await Guarded(source.ReadAsync(buffer, stall.Token).AsTask()).ConfigureAwait(false);
            // The disk and the one who watches may take their time.
            stall.CancelAfter(Timeout.InfiniteTimeSpan);
            if (count == 0)
                break;
            received += count;
            if (received > options.MaxBytes)
                throw TooLarge();
            await target.WriteAsync(buffer.AsMemory(0, count), stall.Token).ConfigureAwait(false);
        }

        if (total is not null && received != total)
            throw new InterruptedException($"the server sent {received} of {total} bytes");
    }

    private async Task<HttpResponseMessage> SendAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, file.Address);
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        long present = File.Exists(path) ? new FileInfo(path).Length : 0;
        if (present > 0 && Validator() is { } validator)
        {
            request.Headers.Range = new RangeHeaderValue(present, null);
            request.Headers.IfRange = validator;
        }

        return await Guarded(client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken)).ConfigureAwait(false);
    }

    /// <summary>What proves that the file on the server is still the one a part is of; a weak ETag does not.</summary>
    private RangeConditionHeaderValue? Validator()
    {
        DownloadRecord? record = DownloadRecord.Load(_recordPath);
        if (record is null || record.Address != file.Address)
            return null;
        if (EntityTagHeaderValue.TryParse(record.ETag, out EntityTagHeaderValue? tag) && !tag.IsWeak)
            return new RangeConditionHeaderValue(tag);
        return record.LastModified is { } date ? new RangeConditionHeaderValue(date) : null;
    }

    private DownloadRecord NewRecord(HttpResponseMessage response) =>
        new(file.Address, response.Headers.ETag?.ToString(), response.Content.Headers.LastModified);

    /// <summary>Where in the file the response's content begins: behind what is present, or at 0 when the server sends
    /// everything.</summary>
    private long StartOf(HttpResponseMessage response)
    {
        switch (response.StatusCode)
        {
            case HttpStatusCode.OK:
                return 0;
            case HttpStatusCode.PartialContent when IsContinuation(response):
                return new FileInfo(path).Length;
            case HttpStatusCode.PartialContent or HttpStatusCode.RequestedRangeNotSatisfiable:
                Discard();
                throw new InterruptedException("the server sent another part of the file than the one asked for");
            case >= HttpStatusCode.InternalServerError or HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout:
                throw new InterruptedException($"the server answered {(int)response.StatusCode} {response.ReasonPhrase}");
            default:
                throw new DownloadException(file.Address, $"The server answered {(int)response.StatusCode} {response.ReasonPhrase}.");
        }
    }

    private bool IsContinuation(HttpResponseMessage response)
    {
        if (!File.Exists(path) || response.Content.Headers.ContentRange?.From != new FileInfo(path).Length)
            return false;
        // Some servers know Range and not If-Range.
        string? tag = response.Headers.ETag?.ToString();
        return tag is null || tag == DownloadRecord.Load(_recordPath)?.ETag;
    }

    private DownloadException TooLarge() => new(file.Address, $"The file is larger than the {options.MaxBytes} bytes that are allowed.");

    /// <summary>Tells a broken connection from a broken disk: both are I/O exceptions.</summary>
    private static async Task<T> Guarded<T>(Task<T> network)
    {
        try
        {
            return await network.ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is HttpRequestException or IOException)
        {
            throw new InterruptedException($"the connection failed ({problem.Message})", problem);
        }
    }

    /// <summary>An attempt ended early in a way that another may not.</summary>
    internal sealed class InterruptedException(string problem, Exception? inner = null) : Exception(problem, inner);
}
