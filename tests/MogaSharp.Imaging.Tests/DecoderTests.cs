using MogaSharp.Testing;

namespace MogaSharp.Imaging.Tests;

/// <summary>Sources, cancellation and many threads.</summary>
public sealed class DecoderTests
{
    private static readonly RgbImage Photo = ImageDecoder.Load(Fixtures.At("rocket.jpg"));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_source_gives_the_same_image()
    {
        string path = Fixtures.At("rocket.jpg");
        byte[] data = await File.ReadAllBytesAsync(path, Token);
        AssertSame(ImageDecoder.Decode(data));
        AssertSame(await ImageDecoder.LoadAsync(path, cancellationToken: Token));
        using var seekable = new MemoryStream(data);
        AssertSame(ImageDecoder.Load(seekable));
        Assert.True(seekable.CanRead);
        using var trickle = new TrickleStream(data);
        AssertSame(ImageDecoder.Load(trickle));
        trickle.Restart();
        AssertSame(await ImageDecoder.LoadAsync(trickle, cancellationToken: Token));
    }

    [Fact]
    public void Sizes_are_those_of_the_decoded_images()
    {
        string[] paths = [.. Directory.EnumerateFiles(Fixtures.At("formats")), Fixtures.At("rocket.jpg")];
        Assert.True(paths.Length > 60);
        foreach (string path in paths)
        {
            RgbImage image = ImageDecoder.Load(path);
            Assert.Equal((path, image.Width, image.Height), (path, ImageDecoder.ReadSize(path).Width, ImageDecoder.ReadSize(path).Height));
        }
    }

    [Fact]
    public void Sizes_of_what_is_no_image_are_refused()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("The file is empty.", Refusal([]), StringComparison.Ordinal);
        Assert.Contains("bad", Refusal("no image at all"u8.ToArray()), StringComparison.Ordinal);
        Assert.Contains("truncated or corrupt", Refusal(Fixtures.Format("rgb.png")[..30]), StringComparison.Ordinal);
        Assert.Contains(
            "limit",
            Assert
                .Throws<ImageFormatException>(() => ImageDecoder.ReadSize(Fixtures.At("rocket.jpg"), new ImageLimits { MaxSide = 10 }))
                .Message,
            StringComparison.Ordinal
        );
        Assert.Throws<FileNotFoundException>(() => ImageDecoder.ReadSize(folder.File("nowhere")));

        string Refusal(byte[] data) => Assert.Throws<ImageFormatException>(() => ImageDecoder.ReadSize(folder.File("bad", data))).Message;
    }

    [Fact]
    public void A_stream_is_read_from_where_it_stands()
    {
        using var stream = new MemoryStream([1, 2, 3, .. Fixtures.Format("rgb.png")]);
        stream.Position = 3;
        Assert.Equal(33, ImageDecoder.Load(stream).Width);
    }

    [Fact]
    public async Task A_cancelled_load_stops()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            ImageDecoder.LoadAsync(Fixtures.At("rocket.jpg"), cancellationToken: cancelled.Token)
        );
    }

    [Fact]
    public async Task Cancelling_while_a_stream_hangs_stops_the_load()
    {
        using var source = new CancellationTokenSource();
        using var hanging = new HangingStream();
        Task<RgbImage> load = ImageDecoder.LoadAsync(hanging, cancellationToken: source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => load);
    }

    [Fact]
    public async Task An_async_load_of_a_bad_file_throws_the_one_exception()
    {
        using var stream = new MemoryStream("no image"u8.ToArray());
        var refusal = await Assert.ThrowsAsync<ImageFormatException>(() => ImageDecoder.LoadAsync(stream, "bad", cancellationToken: Token));
        Assert.Equal("bad: This is not a JPEG, PNG, WebP, BMP, TIFF or GIF image.", refusal.Message);
    }

    [Fact]
    public void The_extension_plays_no_part()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("photo.svg");
        File.Copy(Fixtures.At("rocket.jpg"), path);
        AssertSame(ImageDecoder.Load(path));
    }

    [Fact]
    public void Many_threads_decode_good_and_bad_images_at_once()
    {
        IReadOnlyList<string> files = Fixtures.FormatFiles;
        byte[][] expected = [.. files.Select(file => ImageDecoder.Decode(Fixtures.Format(file)).Pixels)];
        Parallel.For(
            0,
            8 * files.Count,
            new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Token },
            i =>
            {
                byte[] data = Fixtures.Format(files[i % files.Count]);
                Assert.Throws<ImageFormatException>(() => ImageDecoder.Decode(data.AsSpan(0, 40)));
                AssertPixels.Equal(expected[i % files.Count], ImageDecoder.Decode(data).Pixels);
            }
        );
    }

    [Fact]
    public async Task Large_images_wait_for_each_other_and_small_ones_do_not()
    {
        IDisposable? first = LargeImages.Enter(100_000_000, Token);
        Assert.Null(LargeImages.Enter(1_000_000, Token));
        Task<IDisposable?> second = Task.Run(() => LargeImages.Enter(100_000_000, Token), Token);
        Assert.NotSame(second, await Task.WhenAny(second, Task.Delay(200, Token)));
        using var impatient = new CancellationTokenSource(50);
        Assert.ThrowsAny<OperationCanceledException>(() => LargeImages.Enter(100_000_000, impatient.Token));
        first!.Dispose();
        (await second)!.Dispose();
    }

    private static void AssertSame(RgbImage image)
    {
        Assert.Equal((Photo.Width, Photo.Height), (image.Width, image.Height));
        AssertPixels.Equal(Photo.Pixels, image.Pixels);
    }

    /// <summary>Gives at most 1000 bytes a read and cannot seek.</summary>
    private sealed class TrickleStream(byte[] data) : Stream
    {
        private int _position;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public void Restart() => _position = 0;

        public override int Read(byte[] buffer, int offset, int count)
        {
            int given = Math.Min(Math.Min(count, 1000), data.Length - _position);
            data.AsSpan(_position, given).CopyTo(buffer.AsSpan(offset));
            _position += given;
            return given;
        }

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }

    private sealed class HangingStream : MemoryStream
    {
        public override bool CanSeek => false;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return 0;
        }
    }
}
