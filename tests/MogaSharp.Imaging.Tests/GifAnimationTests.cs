using MogaSharp.Testing;

namespace MogaSharp.Imaging.Tests;

[Collection(nameof(AloneCollection))]
public sealed class GifAnimationTests : IDisposable
{
    private static readonly int Rounds = Environment.GetEnvironmentVariable("MOGA_LONG_TESTS") == "1" ? 5000 : 200;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Frames_and_delays_come_back()
    {
        RgbImage[] frames = [.. Enumerable.Range(0, 7).Select(Frame)];
        new GifAnimation(frames, [100, 200, 30, 40, 55, 1000, 20]).Save(_folder.File("a.gif"));
        GifAnimation back = Load("a.gif");
        Assert.Equal([100, 200, 30, 40, 60, 1000, 20], back.Delays);
        Assert.Equal(7, back.Frames.Length);
        // Few colours survive as they are.
        for (int i = 0; i < 7; i++)
            AssertPixels.Equal(frames[i].Pixels, back.Frames[i].Pixels);
        Assert.Equal(["a.gif"], _folder.FileNames);
        // Other readers see the first frame.
        AssertPixels.Equal(frames[0].Pixels, ImageDecoder.Load(_folder.File("a.gif")).Pixels);
    }

    [Fact]
    public void Frames_that_are_alike_stay_frames()
    {
        var frame = new RgbImage(4, 3, [.. Enumerable.Repeat((byte)80, 36)]);
        new GifAnimation([frame, frame, frame], [100, 100, 230]).Save(_folder.File("still.gif"));
        GifAnimation back = Load("still.gif");
        Assert.Equal([100, 100, 230], back.Delays);
        Assert.All(back.Frames, image => Assert.Equal(frame.Pixels, image.Pixels));
    }

    [Fact]
    public void All_grays_come_back_nearly()
    {
        byte[] pixels = [.. Enumerable.Range(0, 256 * 16).SelectMany(i => Enumerable.Repeat((byte)(i % 256), 3))];
        var gray = new RgbImage(256, 16, pixels);
        new GifAnimation([gray, gray], [100, 100]).Save(_folder.File("gray.gif"));
        RgbImage back = Load("gray.gif").Frames[1];
        Assert.InRange(pixels.Zip(back.Pixels, (a, b) => Math.Abs(a - b)).Max(), 0, 4);
    }

    [Fact]
    public async Task Pillow_reads_what_is_written_and_the_other_way()
    {
        new GifAnimation([.. Enumerable.Range(0, 3).Select(Frame)], [50, 60, 70]).Save(_folder.File("a.gif"));
        const string Script = """
            import sys
            from PIL import Image
            f = sys.argv[1] + '/'
            a = Image.open(f + 'a.gif')
            assert a.n_frames == 3 and a.size == (12, 9) and a.info.get('loop') == 0
            for i in range(3):
                a.seek(i)
                assert a.info['duration'] == 50 + 10 * i
                assert a.convert('RGB').getpixel((i, 2)) == (255, 10 * i, 0), (i, a.convert('RGB').getpixel((i, 2)))
            frames = [Image.new('RGB', (10, 6), (40 * i, 0, 200)) for i in range(5)]
            frames[0].save(f + 'b.gif', save_all=True, append_images=frames[1:], duration=120)
            """;
        (int exitCode, _, string errors) = await Python.Run(TestContext.Current.CancellationToken, "-c", Script, _folder.FullName);
        Assert.SkipWhen(
            exitCode != 0 && (exitCode == -1 || errors.Contains("No module named", StringComparison.Ordinal)),
            "Pillow is not installed"
        );
        Assert.True(exitCode == 0, errors);
        GifAnimation back = Load("b.gif");
        Assert.Equal([120, 120, 120, 120, 120], back.Delays);
        Assert.Equal([0, 40, 80, 120, 160], back.Frames.Select(frame => (int)frame.Pixels[0]));
    }

    [Fact]
    public void What_is_no_animation_is_refused()
    {
        new GifAnimation([.. Enumerable.Range(0, 30).Select(Frame)], Enumerable.Repeat(10, 30)).Save(_folder.File("a.gif"));
        byte[] good = File.ReadAllBytes(_folder.File("a.gif"));
        Assert.Contains(
            "The GIF image is truncated or corrupt (the file ends too early).",
            Refused(good[..(good.Length / 2)]),
            StringComparison.Ordinal
        );
        Assert.Contains("The GIF image is truncated or corrupt (the file ends too early).", Refused(good[..10]), StringComparison.Ordinal);
        Assert.Contains(
            "The GIF image is truncated or corrupt (no frames).",
            Refused([.. good[..6], 5, 0, 5, 0, 0, 0, 0]),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "something else where a block should begin",
            Refused([.. good[..6], 5, 0, 5, 0, 0, 0, 0, 1]),
            StringComparison.Ordinal
        );
        // Without the mark of the end nothing is lost.
        Assert.Equal(
            30,
            GifAnimation.Decode(good.AsSpan(0, good.Length - 1), "a.gif", null, TestContext.Current.CancellationToken).Frames.Length
        );
        Assert.Contains("This is not a GIF image.", Refused("no picture"u8.ToArray()), StringComparison.Ordinal);
        Assert.Contains("This is not a GIF image.", Refused([]), StringComparison.Ordinal);
        Assert.Contains(
            "30 frames of 12 x 9 pixels; the limit is 3000 pixels in all",
            Refused(good, new ImageLimits { MaxPixels = 3000 }),
            StringComparison.Ordinal
        );
        Assert.Contains("the limit of a side is 10", Refused(good, new ImageLimits { MaxSide = 10 }), StringComparison.Ordinal);
        Assert.Contains("more bytes than the limit of 100", Refused(good, new ImageLimits { MaxBytes = 100 }), StringComparison.Ordinal);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => GifAnimation.Decode(good, cancellationToken: cancelled.Token));

        Assert.Throws<ArgumentException>(() => new GifAnimation([], []));
        Assert.Throws<ArgumentException>(() => new GifAnimation([Frame(0)], [1, 2]));
        Assert.Throws<ArgumentException>(() => new GifAnimation([Frame(0)], [-1]));
        Assert.Throws<ArgumentException>(() => new GifAnimation([Frame(0), new RgbImage(1, 1, new byte[3])], [1, 2]));
        Assert.Throws<DirectoryNotFoundException>(() => new GifAnimation([Frame(0)], [1]).Save(_folder.File("none/a.gif")));
    }

    [Fact]
    public void Planes_and_pixels_are_turned_into_each_other()
    {
        RgbImage frame = Frame(3);
        byte[] planes = FramePlanes.Of(frame, 3);
        Assert.Equal(frame.Pixels.Where((_, i) => i % 3 == 1), planes[108..216]);
        Assert.Equal(frame.Pixels, FramePlanes.ToImage([.. planes.Select(sample => sample / 255f)], 3, 9, 12).Pixels);
        byte[] gray = FramePlanes.Of(frame, 1);
        Assert.Equal([23, 23, 23, 94], gray[..4]);
        RgbImage cut = FramePlanes.ToImage([-1, float.NaN, 0.5f, 2, 0.00196f, 0.00197f], 1, 2, 3);
        Assert.Equal((byte[])[0, 0, 128, 255, 0, 1], cut.Pixels.Where((_, i) => i % 3 == 0));
        Assert.Throws<ArgumentException>(() => FramePlanes.ToImage(new float[5], 1, 2, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => FramePlanes.Of(frame, 2));
    }

    [Fact]
    public void Damaged_animations_are_read_or_refused()
    {
        new GifAnimation([.. Enumerable.Range(0, 5).Select(Frame)], Enumerable.Repeat(10, 5)).Save(_folder.File("a.gif"));
        byte[] good = File.ReadAllBytes(_folder.File("a.gif"));
        var limits = new ImageLimits { MaxPixels = 1 << 20, MaxSide = 4096 };
        for (int seed = 0; seed < Rounds; seed++)
        {
            var random = new Random(seed);
            byte[] bytes = [.. good[..random.Next(20, good.Length + 1)]];
            for (int change = random.Next(0, 6); change > 0; change--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            try
            {
                GifAnimation animation = GifAnimation.Decode(bytes, "fuzzed", limits, TestContext.Current.CancellationToken);
                Assert.InRange(animation.Frames.Length * animation.Frames[0].Width * animation.Frames[0].Height, 1, 1 << 20);
            }
            catch (ImageFormatException)
            {
                // As it should be.
            }
        }
    }

    [Fact]
    public void Some_frames_are_read_without_the_others()
    {
        RgbImage[] frames = [.. Enumerable.Range(0, 7).Select(Frame)];
        new GifAnimation(frames, Enumerable.Repeat(10, 7)).Save(_folder.File("a.gif"));
        RgbImage[] Some(int first, int count, long pixels = 108) =>
            [
                .. GifAnimation.ReadFrames(
                    _folder.File("a.gif"),
                    first,
                    count,
                    new ImageLimits { MaxPixels = pixels },
                    TestContext.Current.CancellationToken
                ),
            ];
        Assert.Equal([3, 4], Some(3, 2).Select(frame => Array.FindIndex(frames, known => known.Pixels.SequenceEqual(frame.Pixels))));
        Assert.Equal(
            [5, 6],
            Some(5, int.MaxValue).Select(frame => Array.FindIndex(frames, known => known.Pixels.SequenceEqual(frame.Pixels)))
        );
        Assert.Empty(Some(7, 1));
        Assert.Empty(Some(0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Some(-1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Some(0, -1));
        Assert.Contains(
            "the limit is 107 pixels",
            Assert.Throws<ImageFormatException>(() => Some(0, 1, 107)).Message,
            StringComparison.Ordinal
        );
        // What is decoded has a limit of its own, and frames that are passed over count.
        new GifAnimation([.. Enumerable.Range(0, 30).Select(Frame)], Enumerable.Repeat(10, 30)).Save(_folder.File("a.gif"));
        Assert.Equal(16, Some(0, 16).Length);
        Assert.Contains(
            "17 frames of 12 x 9 pixels to decode; the limit is 1728 pixels in all",
            Assert.Throws<ImageFormatException>(() => Some(16, 1)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Transparent_pixels_show_their_color_in_the_table()
    {
        // Colors: red, green, blue, white; blue is transparent. 2 x 1 pixels: green and transparent, then transparent and red over it.
        byte[] table = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255];
        byte[] Image(byte first, byte second)
        {
            // Codes of 3 bits: clear (4), the two colors, end (5).
            int codes = 4 | (first << 3) | (second << 6) | (5 << 9);
            return [(byte)'!', 0xF9, 4, 5, 10, 0, 2, 0, (byte)',', 0, 0, 0, 0, 2, 0, 1, 0, 0, 2, 2, (byte)codes, (byte)(codes >> 8), 0];
        }

        byte[] data = [.. "GIF89a"u8, 2, 0, 1, 0, 0x81, 0, 0, .. table, .. Image(1, 2), .. Image(2, 2), .. Image(2, 0), (byte)';'];
        GifAnimation animation = GifAnimation.Decode(data, "a.gif", null, TestContext.Current.CancellationToken);
        Assert.Equal([0, 255, 0, 0, 0, 255], animation.Frames[0].Pixels);
        Assert.Equal([0, 255, 0, 0, 0, 255], animation.Frames[1].Pixels);
        Assert.Equal([0, 255, 0, 255, 0, 0], animation.Frames[2].Pixels);
        Assert.Equal(
            [ImageConversions.Opacity, ImageConversions.Opacity, ImageConversions.None],
            animation.Frames.Select(frame => frame.Conversions)
        );
    }

    private GifAnimation Load(string name) => GifAnimation.Load(_folder.File(name), null, TestContext.Current.CancellationToken);

    private static string Refused(byte[] data, ImageLimits? limits = null) =>
        Assert
            .Throws<ImageFormatException>(() => GifAnimation.Decode(data, "a.gif", limits, TestContext.Current.CancellationToken))
            .Message;

    // A red column that moves over blue, with the green of its number.
    private static RgbImage Frame(int number) =>
        new(
            12,
            9,
            [.. Enumerable.Range(0, 108).SelectMany(i => i % 12 == number % 12 ? (byte[])[255, (byte)(10 * number), 0] : [0, 0, 200])]
        );
}
