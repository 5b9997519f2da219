namespace MogaSharp.Imaging;

/// <summary>
/// Large images are decoded one at a time, however many threads ask for some: each may take more memory than all small ones together.
/// </summary>
internal static class LargeImages
{
    // The 16 megapixels of many a camera are 50 MB; several of them at once do no harm.
    private const long Pixels = 32_000_000;

    private static readonly SemaphoreSlim Turn = new(1, 1);

    /// <summary>Waits for the turn of an image; null at once for one that is not large.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static IDisposable? Enter(long pixels, CancellationToken cancellationToken)
    {
        if (pixels <= Pixels)
            return null;
        Turn.Wait(cancellationToken);
        return new Leaving();
    }

    private sealed class Leaving : IDisposable
    {
        public void Dispose() => Turn.Release();
    }
}
