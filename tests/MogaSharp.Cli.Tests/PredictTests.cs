using System.Text.Json;
using MogaSharp.Cpu;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Models;
using MogaSharp.Tasks;
using MogaSharp.Testing;
using MogaSharp.Vision;

namespace MogaSharp.Cli.Tests;

public sealed class PredictTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Out => _folder.File("out");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_sample_gives_frames_strip_and_animation()
    {
        string card = VideoFixtures.WriteModel(_folder, VideoFixtures.Small with { InShape = [10, 1, 64, 64] }, 10);
        JsonElement result = (await Predict(VideoFixtures.Sample("moving_mnist.gif"), card, "--json")).Json;
        Assert.Equal((10, 10, 10), (Number(result, "input_frames"), Number(result, "predicted_frames"), Number(result, "true_frames")));
        string[] names = [.. Enumerable.Range(0, 10).Select(i => $"frame_{i:D2}.png"), "comparison.gif", "predicted.npy", "strip.png"];
        Assert.Equal(names.Order(), Directory.GetFiles(Out).Select(path => Path.GetFileName(path)).Order());

        // The same by the library.
        RgbImage[] clip = [.. Load(VideoFixtures.Sample("moving_mnist.gif")).Frames];
        using var engine = new CpuEngine();
        using var predictor = new VideoPredictor(
            ModelSource.Bind(ModelCard.Load(card), _folder.File("video.safetensors"), ema: false),
            engine
        );
        Tensor predicted = predictor.Predict(predictor.ToClip(clip[..10]), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(predicted.Data, Npy("predicted.npy", [10, 1, 64, 64]));
        for (int i = 0; i < 10; i++)
            Assert.Equal(FramePlanes.ToImage(predicted.Span.Slice(i * 4096, 4096), 1, 64, 64).Pixels, Frame(i).Pixels);

        RgbImage strip = ImageDecoder.Load(Path.Combine(Out, "strip.png"));
        Assert.Equal(((10 * 68) - 4, (4 * 68) - 4), (strip.Width, strip.Height));
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal(clip[i].Pixels, Cut(strip, i, 0));
            Assert.Equal(clip[10 + i].Pixels, Cut(strip, i, 1));
            Assert.Equal(Frame(i).Pixels, Cut(strip, i, 2));
            Assert.Equal(clip[10 + i].Pixels.Zip(Frame(i).Pixels, (a, b) => (byte)Math.Abs(a - b)), Cut(strip, i, 3));
        }
        GifAnimation gif = Load(Path.Combine(Out, "comparison.gif"));
        Assert.Equal((10, (3 * 132) - 4, 128), (gif.Frames.Length, gif.Frames[0].Width, gif.Frames[0].Height));

        var metrics = new VideoMetrics(1, 64, 64);
        float[] truth = [.. clip[10..].SelectMany(frame => FramePlanes.Of(frame, 1)).Select(sample => sample / 255f)];
        metrics.Add(predicted.Data, truth);
        JsonElement numbers = result.GetProperty("metrics");
        Assert.Equal(["mse", "mae", "rmse", "ssim_official", "ssim", "psnr"], numbers.EnumerateObject().Select(number => number.Name));
        Assert.Equal(metrics.Mse, numbers.GetProperty("mse").GetDouble(), 1e-6);
        Assert.Equal(metrics.OfficialSsim, numbers.GetProperty("ssim_official").GetDouble(), 1e-9);
        Assert.Equal(metrics.Psnr, numbers.GetProperty("psnr").GetDouble(), 1e-9);
    }

    [Fact]
    public async Task Folders_and_arrays_of_every_layout_give_the_same()
    {
        string card = VideoFixtures.WriteModel(_folder);
        byte[] gray = new byte[7 * 16 * 20];
        new Random(1).NextBytes(gray);
        Directory.CreateDirectory(_folder.File("frames"));
        for (int i = 0; i < 7; i++)
            RgbImage.FromPixels(gray.AsSpan(i * 320, 320), 20, 16, PixelLayout.Gray).SavePng(_folder.File($"frames/{i + 5}.png"));
        NpyFile.Save(_folder.File("thw.npy"), [7, 16, 20], gray);
        NpyFile.Save(_folder.File("thwc.npy"), [7, 16, 20, 3], gray.SelectMany(sample => Enumerable.Repeat(sample, 3)).ToArray());
        NpyFile.Save(_folder.File("tchw.npy"), [7, 1, 16, 20], gray);
        NpyFile.Save(_folder.File("float.npy"), [7, 16, 20, 1], gray.Select(sample => sample / 255f).ToArray());
        NpyFile.Save(
            _folder.File("double.npy"),
            [7, 3, 16, 20],
            Enumerable
                .Range(0, 7)
                .SelectMany(i => Enumerable.Repeat(gray[(i * 320)..((i + 1) * 320)], 3))
                .SelectMany(frame => frame)
                .Select(sample => sample / 255.0)
                .ToArray()
        );
        float[]? expected = null;
        foreach (string name in (string[])["frames", "thw.npy", "thwc.npy", "tchw.npy", "float.npy", "double.npy"])
        {
            JsonElement result = (await Predict(_folder.File(name), card, "--json", "--frames", "5")).Json;
            Assert.Equal(
                (5, 4, 16, 20),
                (Number(result, "predicted_frames"), Number(result, "true_frames"), Number(result, "height"), Number(result, "width"))
            );
            float[] predicted = Npy("predicted.npy", [5, 1, 16, 20]);
            expected ??= predicted;
            // The luma of equal colours is rounded in single precision.
            Assert.InRange(expected.Zip(predicted, (a, b) => Math.Abs(a - b)).Max(), 0, name == "double.npy" ? 1e-5 : 0);
        }

        // From a later frame on there is no truth.
        JsonElement late = (await Predict(_folder.File("thw.npy"), card, "--json", "--start", "4")).Json;
        Assert.Equal(0, Number(late, "true_frames"));
        Assert.False(late.TryGetProperty("metrics", out _));
        Assert.Equal((2 * 20) - 4, ImageDecoder.Load(Path.Combine(Out, "strip.png")).Height);
        // Another size.
        JsonElement resized = (await Predict(_folder.File("frames"), card, "--json", "--size", "24x32")).Json;
        Assert.Equal((24, 32), (Number(resized, "height"), Number(resized, "width")));
    }

    [Fact]
    public async Task The_text_names_each_number()
    {
        string card = VideoFixtures.WriteModel(_folder);
        NpyFile.Save(_folder.File("clip.npy"), [6, 16, 16], new byte[6 * 256]);
        Outcome outcome = await Predict(_folder.File("clip.npy"), card, "--official-psnr");
        string[] lines = outcome.Succeeded().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Matches(@"^custom_video predicted 3 frames of 16 x 16 from 3 in \d+\.\d\d s$", lines[0]);
        Assert.EndsWith("frame_00.png to frame_02.png, " + Path.Combine(Out, "predicted.npy"), lines[1], StringComparison.Ordinal);
        Assert.EndsWith("(side by side: input, truth, prediction)", lines[2], StringComparison.Ordinal);
        Assert.EndsWith("(rows: input, truth, prediction, difference)", lines[3], StringComparison.Ordinal);
        Assert.Equal("compared with 3 true frames:", lines[4]);
        string[] names =
        [
            "MSE (summed over a frame)",
            "MAE (summed over a frame)",
            "RMSE",
            "SSIM as in the papers (data range 2)",
            "SSIM (data range 1)",
            "PSNR in dB",
            "PSNR of the official code (8 bits that wrap around)",
        ];
        Assert.Equal(names, lines[6..].Select(line => line[..51].TrimEnd()));
        Assert.All(lines[6..], line => Assert.Matches(@" -?\d+\.\d+$", line));

        // Without --output the folder is named after the clip.
        (await Moga.RunInAsync(_folder.FullName, null, "predict", "clip.npy", "--model", card)).Succeeded();
        Assert.True(File.Exists(_folder.File("predicted_clip/strip.png")));
    }

    [Fact]
    public async Task Clips_that_cannot_be_predicted_are_explained()
    {
        string card = VideoFixtures.WriteModel(_folder);
        NpyFile.Save(_folder.File("short.npy"), [2, 16, 16], new byte[512]);
        (await Predict(_folder.File("short.npy"), card)).Failed(1, "short.npy: It has 2 frames; custom_video needs 3 to predict from");
        // What the command line gets wrong is told before anything is read or made.
        (await Predict(_folder.File("short.npy"), card, "--provider", "cpu")).Failed(2, "--provider cpu needs --engine onnxruntime");
        Assert.False(Directory.Exists(Out));
        (await Predict(_folder.File("short.npy"), card, "--start", "9")).Failed(
            1,
            "short.npy: It has 0 frames from frame 9 on; custom_video needs 3 to predict from"
        );
        NpyFile.Save(_folder.File("odd.npy"), [4, 17, 16], new byte[4 * 17 * 16]);
        (await Predict(_folder.File("odd.npy"), card)).Failed(
            2,
            "odd.npy: It has 16 x 17 pixels. The network takes frames whose rows and columns are multiples of 2"
        );
        NpyFile.Save(_folder.File("large.npy"), [3, 16, 16], Enumerable.Repeat(7f, 768).ToArray());
        (await Predict(_folder.File("large.npy"), card)).Failed(
            1,
            "large.npy: It has numbers from 7 to 7, outside of 0 to 1; save values of 0 to 255 as uint8, or divide them by 255"
        );
        NpyFile.Save(_folder.File("nan.npy"), [3, 16, 16], Enumerable.Repeat(float.NaN, 768).ToArray());
        (await Predict(_folder.File("nan.npy"), card)).Failed(
            1,
            "nan.npy: It has 768 numbers that are NaN or infinite; samples are from 0 to 1"
        );
        NpyFile.Save(_folder.File("flat.npy"), [3, 16], new byte[48]);
        (await Predict(_folder.File("flat.npy"), card)).Failed(
            1,
            "This is an array of 3 x 16; a clip is T x H x W, T x H x W x C or T x C x H x W, with 1 or 3 channels"
        );
        NpyFile.Save(_folder.File("empty.npy"), [3, 0, 16], Array.Empty<byte>());
        (await Predict(_folder.File("empty.npy"), card)).Failed(1, "The array of 3 x 0 x 16 is empty.");
        NpyFile.Save(_folder.File("float.npy"), [3, 16, 16], new float[768]);
        (await Predict(_folder.File("float.npy"), card, "--size", "32")).Failed(
            1,
            "Arrays of Float32 are not resized; save them as uint8, or with 32 x 32 pixels"
        );
        byte[] bytes = await File.ReadAllBytesAsync(_folder.File("float.npy"), TestContext.Current.CancellationToken);
        _folder.File(
            "complex.npy",
            [.. bytes.Select((value, i) => i < 64 && value == (byte)'f' && bytes[i + 1] == (byte)'4' ? (byte)'c' : value)]
        );
        (await Predict(_folder.File("complex.npy"), card)).Failed(
            1,
            "Elements of type '<c4' are not read; booleans, whole numbers and floats of 2, 4 or 8 bytes are"
        );
        byte[] gif = await File.ReadAllBytesAsync(VideoFixtures.Sample("moving_mnist.gif"), TestContext.Current.CancellationToken);
        (await Predict(_folder.File("cut.gif", gif[..2000]), card)).Failed(
            1,
            "cut.gif: The GIF image is truncated or corrupt (the file ends too early)."
        );
        (await Predict(_folder.File("text.txt", "frames"u8.ToArray()), card)).Failed(
            1,
            "text.txt: This is neither a folder of frames, nor a GIF, nor an npy array"
        );
        Assert.False(Directory.Exists(Out));
    }

    [Fact]
    public async Task Folders_that_do_not_fit_are_explained()
    {
        string card = VideoFixtures.WriteModel(_folder);
        Directory.CreateDirectory(_folder.File("frames"));
        (await Predict(_folder.File("frames"), card)).Failed(2, "has no frame (.jpg .jpeg .png");
        for (int i = 0; i < 6; i++)
            new RgbImage(16, i == 4 ? 18 : 16, new byte[16 * (i == 4 ? 18 : 16) * 3]).SavePng(_folder.File($"frames/{i}.png"));
        (await Predict(_folder.File("frames"), card)).Failed(
            1,
            "frames/4.png: It has 16 x 18 pixels, where the first frame has 16 x 16; --size HxW resizes them"
        );
        (await Predict(_folder.File("frames"), card, "--size", "16")).Succeeded();
        Directory.Delete(Out, recursive: true);
        _folder.File("frames/1.png", "no picture"u8.ToArray());
        (await Predict(_folder.File("frames"), card)).Failed(1, "frames/1.png: This is not a JPEG, PNG, WebP, BMP, TIFF or GIF image");
        (await Predict(_folder.File("none"), card)).Failed(2, "There is no file or folder '");
        (await Predict(_folder.File("frames"), "moganet_tiny")).Failed(
            2,
            "moganet_tiny is a model for classification; this takes one for video"
        );
        (await Moga.RunAsync("predict", VideoFixtures.Sample("moving_mnist.gif"), "--model", card, "--output", card)).Failed(
            2,
            "is a file, not a folder"
        );
        (await Moga.RunAsync("predict", VideoFixtures.Sample("moving_mnist.gif"), "--model", card, "--output", "/dev/null/x")).Failed(
            1,
            "The folder '/dev/null/x' cannot be made"
        );
        Assert.False(Directory.Exists(Out));
    }

    [Fact]
    public async Task Gaps_and_frames_of_an_earlier_prediction_are_told()
    {
        string card = VideoFixtures.WriteModel(_folder);
        Directory.CreateDirectory(_folder.File("frames"));
        for (int i = 0; i < 8; i++)
        {
            if (i != 2)
                new RgbImage(16, 16, new byte[768]).SavePng(_folder.File($"frames/{i}.png"));
        }

        _folder.File("frames/._0.png", "hidden"u8.ToArray());
        Directory.CreateDirectory(Out);
        foreach (string name in (string[])["frame_000.png", "frame_07.png", "frame_08.png", "frame_x.png", "mine.txt"])
            _folder.File($"out/{name}", [1]);
        Outcome outcome = await Predict(_folder.File("frames"), card, "--json", "--device", "cpu");
        string[] notes =
        [
            $"1 frame is missing in the numbers; the clips jump there ({_folder.File("frames")}: 2)",
            $"1 hidden image file is left out ({_folder.File("frames/._0.png")})",
            $"3 frames of an earlier prediction are still in '{Out}' (frame_000.png to frame_08.png), not part of this one",
        ];
        Assert.Equal(notes, outcome.Json.GetProperty("notes").EnumerateArray().Select(note => note.GetString()!));
        Assert.Equal(notes.Select(note => $"note: {note}"), outcome.ErrorLines);
        Assert.True(File.Exists(Path.Combine(Out, "frame_07.png")));
        // Behind the gap there is nothing to tell but the rest.
        Directory.Delete(Out, recursive: true);
        File.Delete(_folder.File("frames/._0.png"));
        Outcome late = await Predict(_folder.File("frames"), card, "--start", "2", "--json");
        Assert.False(late.Json.TryGetProperty("notes", out _));
        Assert.Empty(late.Errors);
        Outcome onnxRuntime = await Predict(_folder.File("frames"), card, "--start", "2", "--json", "--engine", "onnxruntime");
        Assert.Equal(late.Json.GetProperty("frames").ToString(), onnxRuntime.Json.GetProperty("frames").ToString());
        (await Predict(_folder.File("frames"), card, "--start", "2", "--engine", "cpu", "--device", "cuda")).Failed(
            2,
            "--device cuda needs --engine torch"
        );
    }

    [Fact]
    public async Task Long_animations_and_rounded_arrays_are_taken()
    {
        string card = VideoFixtures.WriteModel(_folder);
        // 210 frames of 800 x 600 are more pixels than an image may have.
        RgbImage[] shades =
        [
            .. Enumerable
                .Range(0, 10)
                .Select(shade => RgbImage.FromPixels(Enumerable.Repeat((byte)(shade * 20), 480_000).ToArray(), 800, 600, PixelLayout.Gray)),
        ];
        new GifAnimation(Enumerable.Range(0, 210).Select(i => shades[i % 10]), Enumerable.Repeat(100, 210)).Save(_folder.File("long.gif"));
        JsonElement result = (await Predict(_folder.File("long.gif"), card, "--json", "--size", "16", "--start", "203")).Json;
        Assert.Equal((3, 16), (Number(result, "true_frames"), Number(result, "width")));
        Assert.Equal(
            [60, 80, 100],
            Enumerable.Range(0, 3).Select(i => (int)ImageDecoder.Load(Path.Combine(Out, "strip.png")).Row(0)[i * 20 * 3])
        );

        NpyFile.Save(_folder.File("rounded.npy"), [3, 16, 16], [.. Enumerable.Repeat(1.0000002f, 2), .. new float[766]]);
        Outcome outcome = await Predict(_folder.File("rounded.npy"), card);
        Assert.Equal(
            $"note: {_folder.File("rounded.npy")}: 2 numbers just outside of 0 to 1 cut, from 0 to 1.00000024",
            outcome.Succeeded().ErrorLines[0]
        );
    }

    [Fact]
    public async Task Damaged_weights_are_told()
    {
        string card = VideoFixtures.WriteModel(_folder);
        byte[] weights = await File.ReadAllBytesAsync(_folder.File("video.safetensors"), TestContext.Current.CancellationToken);
        BitConverter.TryWriteBytes(weights.AsSpan(weights.Length - 4), float.NaN);
        _folder.File("video.safetensors", weights);
        NpyFile.Save(_folder.File("clip.npy"), [3, 16, 16], new byte[768]);
        (await Predict(_folder.File("clip.npy"), card)).Failed(1, "The network's outputs are not finite; the weights may be damaged");
        Assert.Empty(Directory.GetFiles(Out));
    }

    [Fact]
    public void The_sample_is_a_clip_of_the_drawn_test_set()
    {
        const string Fashion = "/usr/share/datasets/fashion-mnist";
        Assert.SkipUnless(Directory.Exists(Fashion), "Fashion-MNIST is not installed");
        var set = (MovingImages)ClipSpec.Parse($"moving-fashion:{Fashion}").Open(DatasetSplit.Test);
        byte[] clip = new byte[20 * 4096];
        set.Draw(1, new RandomStream(0, RandomPurpose.Clip, 0, 0), clip);
        Assert.Equal(clip, Load(VideoFixtures.Sample("moving_fashion.gif")).Frames.SelectMany(frame => FramePlanes.Of(frame, 1)));
    }

    private static GifAnimation Load(string path) => GifAnimation.Load(path, null, TestContext.Current.CancellationToken);

    private static int Number(JsonElement element, string name) => element.GetProperty(name).GetInt32();

    private static IEnumerable<byte> Cut(RgbImage strip, int column, int row) =>
        Enumerable.Range(row * 68, 64).SelectMany(y => strip.Pixels.Skip(((y * strip.Width) + (column * 68)) * 3).Take(192));

    private Task<Outcome> Predict(string clip, string model, params string[] more) =>
        Moga.RunAsync(["predict", clip, "--model", model, "--output", Out, .. more]);

    private RgbImage Frame(int number) => ImageDecoder.Load(Path.Combine(Out, $"frame_{number:D2}.png"));

    private float[] Npy(string name, int[] shape)
    {
        using NpyFile file = NpyFile.Open(Path.Combine(Out, name));
        Assert.Equal(shape, file.Shape);
        float[] values = new float[file.Count];
        file.Read(0, values);
        return values;
    }
}
