using System.Text.Json;
using MogaSharp.Imaging;
using MogaSharp.Testing;
using MogaSharp.Vision;

namespace MogaSharp.Cli.Tests;

/// <summary><c>moga detect</c>: results, files, and what goes wrong.</summary>
public sealed class DetectTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static string Photo => Repository.Fixture("imaging", "chelsea.png");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Results_have_COCO_s_form_and_overlays_and_crops_are_written()
    {
        string card = DenseModels.WriteDetector(_folder);
        JsonElement[] things =
        [
            .. (
                await Detect(
                    card,
                    Photo,
                    "--output",
                    _folder.File("out"),
                    "--crops",
                    _folder.File("crops"),
                    "--max",
                    "4",
                    "--score",
                    "0.1",
                    "--json"
                )
            ).Json.EnumerateArray(),
        ];
        Assert.InRange(things.Length, 1, 4);
        foreach (JsonElement thing in things)
        {
            Assert.Equal((Photo, 1), (thing.GetProperty("file_name").GetString(), thing.GetProperty("image_id").GetInt32()));
            Assert.Contains(thing.GetProperty("label").GetString(), new[] { "cat", "dog", "traffic light" });
            Assert.InRange(thing.GetProperty("category_id").GetInt32(), 1, 3);
            Assert.InRange(thing.GetProperty("score").GetDouble(), 0.1, 1);
            double[] box = [.. thing.GetProperty("bbox").EnumerateArray().Select(number => number.GetDouble())];
            Assert.True(box[0] >= 0 && box[1] >= 0 && box[0] + box[2] <= 451.01 && box[1] + box[3] <= 300.01);
            JsonElement mask = thing.GetProperty("segmentation");
            Assert.Equal([300, 451], mask.GetProperty("size").EnumerateArray().Select(side => side.GetInt32()));
            Assert.InRange(RunLengthMask.Parse(new ImageSize(451, 300), mask.GetProperty("counts").GetString()).Area, 0, 451 * 300);
            RgbImage crop = ImageDecoder.Load(thing.GetProperty("crop").GetString()!);
            Assert.InRange(crop.Width, (int)box[2], (int)box[2] + 2);
            Assert.InRange(crop.Height, (int)box[3], (int)box[3] + 2);
        }

        RgbImage overlay = ImageDecoder.Load(_folder.File("out/chelsea.png"));
        Assert.Equal((451, 300), (overlay.Width, overlay.Height));
        Assert.Equal(things.Length, Directory.GetFiles(_folder.File("crops")).Length);
        double[] scores = [.. things.Select(thing => thing.GetProperty("score").GetDouble())];
        Assert.Equal(scores.OrderDescending(), scores);
    }

    [Fact]
    public async Task A_crop_is_not_written_over_an_image_of_the_call()
    {
        string card = DenseModels.WriteDetector(_folder);
        string[] options = ["--crops", _folder.File("crops"), "--score", "0.1", "--max", "1"];
        (await Detect(card, [Photo, .. options])).Succeeded();
        string crop = Assert.Single(Directory.GetFiles(_folder.File("crops")));
        byte[] before = File.ReadAllBytes(crop);
        Outcome outcome = await Detect(card, [crop, Photo, .. options]);
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("is an image of this call and is not written over", outcome.Errors, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(crop));
    }

    [Fact]
    public async Task Results_have_the_other_form_too_and_classes_are_chosen()
    {
        string card = DenseModels.WriteDetector(_folder);
        JsonElement[] all = [.. (await Detect(card, Photo, "--format", "hf", "--score", "0", "--json")).Json.EnumerateArray()];
        JsonElement first = all[0];
        Assert.False(first.TryGetProperty("bbox", out _));
        JsonElement box = first.GetProperty("box");
        Assert.True(box.GetProperty("xmax").GetDouble() >= box.GetProperty("xmin").GetDouble());
        string label = first.GetProperty("label").GetString()!;
        JsonElement[] own =
        [
            .. (
                await Detect(card, Photo, "--format", "hf", "--score", "0", "--json", "--no-masks", "--classes", label.ToUpperInvariant())
            ).Json.EnumerateArray(),
        ];
        Assert.NotEmpty(own);
        Assert.All(own, thing => Assert.Equal(label, thing.GetProperty("label").GetString()));
        Assert.All(own, thing => Assert.False(thing.TryGetProperty("segmentation", out _)));
    }

    [Fact]
    public async Task Lines_name_things_and_other_images_are_done_beside_a_bad_one()
    {
        string card = DenseModels.WriteDetector(_folder);
        File.WriteAllText(_folder.File("bad.png"), "no image");
        Outcome outcome = await Detect(card, _folder.File("bad.png"), Photo, "--score", "0.1", "--max", "2");
        Assert.Equal(1, outcome.ExitCode);
        Assert.All(
            outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            line => Assert.Matches(@"chelsea\.png: (cat|dog|traffic light) 0\.\d\d at \d+,\d+ \d+x\d+$", line)
        );
        Assert.Contains("1 of 2 images could not be searched", outcome.Errors, StringComparison.Ordinal);
        Outcome nothing = await Detect(card, Photo, "--score", "0.999");
        Assert.Equal(0, nothing.ExitCode);
        Assert.Contains("chelsea.png: nothing above 0.999", nothing.Output, StringComparison.Ordinal);
        Assert.Equal(0, (await Detect(card, Photo, "--score", "0.999", "--json")).Json.GetArrayLength());
    }

    [Theory]
    [InlineData("--score takes a number from 0 to below 1", "--score", "1")]
    [InlineData("knows no 'bird'; it knows cat, dog, traffic light", "--classes", "cat,bird")]
    [InlineData("--classes names no class", "--classes", ",")]
    [InlineData("--max", "--max", "0")]
    public async Task Impossible_settings_are_refused(string problem, params string[] options) =>
        (await Detect(DenseModels.WriteDetector(_folder), [Photo, .. options])).Failed(2, problem);

    [Fact]
    public async Task Images_are_not_written_over_and_models_for_other_tasks_are_refused()
    {
        string card = DenseModels.WriteDetector(_folder);
        Directory.CreateDirectory(_folder.File("photos"));
        File.Copy(Photo, _folder.File("photos/a.png"));
        (await Detect(card, _folder.File("photos/a.png"), "--output", _folder.File("photos"))).Failed(2, "is read and written");
        Assert.Equal(File.ReadAllBytes(Photo), File.ReadAllBytes(_folder.File("photos/a.png")));
        (await Moga.RunAsync("segment", Photo, "--model", card)).Failed(2, "is a model for detection; this takes one for segmentation");
        (await Moga.RunAsync("train", "--model", card, "--data", "scenes")).Failed(2, "There is no preset for 'detector'");
    }

    [Fact]
    public async Task Each_frame_of_a_GIF_is_an_image()
    {
        string card = DenseModels.WriteDetector(_folder);
        RgbImage photo = ImageDecoder.Load(Photo).Resize(96, 64, ResizeFilter.Bilinear);
        new GifAnimation([photo, photo.Mirrored(), photo], [100, 100, 100]).Save(_folder.File("clip.gif"));
        new GifAnimation([photo], [100]).Save(_folder.File("still.gif"));
        JsonElement[] things =
        [
            .. (
                await Detect(
                    card,
                    _folder.File("clip.gif"),
                    _folder.File("still.gif"),
                    "--score",
                    "0",
                    "--max",
                    "1",
                    "--output",
                    _folder.File("out"),
                    "--json"
                )
            ).Json.EnumerateArray(),
        ];
        string clip = _folder.File("clip.gif");
        Assert.Equal(
            [$"{clip}#0", $"{clip}#1", $"{clip}#2", _folder.File("still.gif")],
            things.Select(thing => thing.GetProperty("file_name").GetString())
        );
        Assert.Equal([1, 2, 3, 4], things.Select(thing => thing.GetProperty("image_id").GetInt32()));
        Assert.Equal(
            ["clip#0.png", "clip#1.png", "clip#2.png", "still.png"],
            Directory.GetFiles(_folder.File("out")).Select(Path.GetFileName).Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task A_GIF_that_ends_early_is_told_and_other_images_are_done()
    {
        string card = DenseModels.WriteDetector(_folder);
        RgbImage photo = ImageDecoder.Load(Photo).Resize(96, 64, ResizeFilter.Bilinear);
        new GifAnimation([photo, photo.Mirrored(), photo], [100, 100, 100]).Save(_folder.File("clip.gif"));
        byte[] bytes = File.ReadAllBytes(_folder.File("clip.gif"));
        File.WriteAllBytes(_folder.File("bad.gif"), bytes[..20]);
        Outcome outcome = await Detect(card, _folder.File("bad.gif"), Photo, "--score", "0", "--max", "1");
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("bad.gif", outcome.Errors, StringComparison.Ordinal);
        Assert.Contains("1 of 2 images could not be searched", outcome.Errors, StringComparison.Ordinal);
        Assert.StartsWith(Photo, outcome.Output, StringComparison.Ordinal);
    }

    private static Task<Outcome> Detect(string card, params string[] arguments) => Moga.RunAsync(["detect", "--model", card, .. arguments]);
}
