using System.Text.Json;
using MogaSharp.Imaging;
using MogaSharp.Testing;

namespace MogaSharp.Cli.Tests;

/// <summary><c>moga segment</c>: label maps, overlays, and what goes wrong.</summary>
public sealed class SegmentTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static string Photo => Repository.Fixture("imaging", "chelsea.png");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Maps_and_overlays_are_written_and_shares_add_up()
    {
        string card = DenseModels.WriteSegmentor(_folder),
            output = _folder.File("out/maps");
        JsonElement image = (await Segment(card, Photo, "--output", output, "--json")).Json[0];
        Assert.Equal((Photo, 451, 300), (image.GetProperty("path").GetString(), Int(image, "width"), Int(image, "height")));
        JsonElement[] classes = [.. image.GetProperty("classes").EnumerateArray()];
        Assert.Equal(451 * 300, classes.Sum(one => Int(one, "pixels")));
        Assert.Equal(1, classes.Sum(one => one.GetProperty("share").GetDouble()), 1e-4);
        string map = image.GetProperty("map").GetString()!;
        Assert.Equal(Path.Combine(output, "chelsea.png"), map);
        IndexPng indices = IndexPng.Load(map);
        Assert.Equal((451, 300), (indices.Width, indices.Height));
        foreach (JsonElement one in classes)
            Assert.Equal(Int(one, "pixels"), indices.Values.Count(value => value == Int(one, "index")));
        RgbImage overlay = ImageDecoder.Load(image.GetProperty("overlay").GetString()!);
        // The legend stands right of the image.
        Assert.True(overlay.Width > 451 && overlay.Height >= 300);
        Assert.Equal(
            [Path.Combine(output, "chelsea.png"), Path.Combine(output, "chelsea_overlay.png")],
            Directory.GetFiles(output).Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task Lines_name_the_classes_and_other_images_are_done_beside_a_bad_one()
    {
        string card = DenseModels.WriteSegmentor(_folder);
        File.WriteAllText(_folder.File("bad.png"), "no image");
        Outcome outcome = await Segment(card, _folder.File("bad.png"), Photo);
        Assert.Equal(1, outcome.ExitCode);
        string line = Assert.Single(outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Matches(@"chelsea\.png: (ground|sky|ball|person) [0-9.]+%", line);
        Assert.Contains("bad.png: ", outcome.Errors, StringComparison.Ordinal);
        Assert.Contains("1 of 2 images could not be segmented", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_image_of_one_pixel_and_windows_with_scales_and_mirrors()
    {
        string card = DenseModels.WriteSegmentor(_folder);
        new RgbImage(1, 1, [200, 10, 10]).SavePng(_folder.File("one.png"));
        string[] options = ["--window", "64", "--stride", "40", "--scales", "0.5,1", "--flip", "--json"];
        JsonElement[] images = [.. (await Segment([card, _folder.File("one.png"), Photo, .. options])).Json.EnumerateArray()];
        Assert.Equal([1, 451], images.Select(image => Int(image, "width")));
        Assert.Equal(1, Int(Assert.Single(images[0].GetProperty("classes").EnumerateArray()), "pixels"));
    }

    [Fact]
    public async Task Images_with_one_name_get_files_of_their_own()
    {
        string card = DenseModels.WriteSegmentor(_folder);
        Directory.CreateDirectory(_folder.File("a"));
        File.Copy(Photo, _folder.File("a/chelsea.png"));
        Outcome outcome = await Segment(card, Photo, _folder.File("a/chelsea.png"), "--output", _folder.File("out"), "--json");
        Assert.Equal(
            ["chelsea.png", "chelsea_2.png"],
            outcome.Json.EnumerateArray().Select(image => Path.GetFileName(image.GetProperty("map").GetString()!))
        );
        Assert.Contains(outcome.Notes, note => note.Contains("with the name of another", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--stride needs --window", "--stride", "20")]
    [InlineData("at least 32 rows", "--window", "20")]
    [InlineData("not larger than --window", "--window", "64", "--stride", "65")]
    [InlineData("--scales takes numbers", "--scales", "1,x")]
    [InlineData("--scales takes numbers", "--scales", "0")]
    public async Task Impossible_settings_are_refused(string problem, params string[] options) =>
        (await Segment([DenseModels.WriteSegmentor(_folder), Photo, .. options])).Failed(2, problem);

    [Fact]
    public async Task Models_for_other_tasks_are_refused()
    {
        (await Moga.RunAsync("segment", Photo, "--model", Fixtures.ShippedCard)).Failed(
            2,
            "is a model for classification; this takes one for segmentation"
        );
        (await Moga.RunAsync("classify", Photo, "--model", DenseModels.WriteSegmentor(_folder))).Failed(2, "segmentation");
    }

    [Fact]
    public async Task Images_are_not_written_over_and_a_failure_leaves_no_folder()
    {
        string card = DenseModels.WriteSegmentor(_folder);
        Directory.CreateDirectory(_folder.File("photos"));
        File.Copy(Photo, _folder.File("photos/a.png"));
        (await Segment(card, Photo, _folder.File("photos/a.png"), "--output", _folder.File("photos"))).Failed(
            2,
            "photos/a.png' is read and written; give another folder to write to."
        );
        Assert.Equal(File.ReadAllBytes(Photo), File.ReadAllBytes(_folder.File("photos/a.png")));
        Assert.Single(Directory.GetFiles(_folder.File("photos")));

        File.WriteAllText(_folder.File("bad.png"), "no image");
        Assert.Equal(1, (await Segment(card, _folder.File("bad.png"), "--output", _folder.File("new"))).ExitCode);
        Assert.False(Directory.Exists(_folder.File("new")));
    }

    [Fact]
    public async Task An_image_named_like_an_overlay_has_files_of_its_own()
    {
        string card = DenseModels.WriteSegmentor(_folder);
        File.Copy(Photo, _folder.File("a.png"));
        new RgbImage(9, 9, new byte[243]).SavePng(_folder.File("a_overlay.png"));
        string output = _folder.File("out");
        (await Segment(card, _folder.File("a.png"), _folder.File("a_overlay.png"), "--output", output)).Succeeded();
        Assert.Equal(
            ["a.png", "a_overlay.png", "a_overlay_2.png", "a_overlay_2_overlay.png"],
            Directory.GetFiles(output).Select(Path.GetFileName).Order(StringComparer.Ordinal)
        );
        Assert.Equal(9, IndexPng.Load(Path.Combine(output, "a_overlay_2.png")).Width);
    }

    [Fact]
    public async Task A_file_in_place_of_the_folder_is_refused_and_stays()
    {
        string card = DenseModels.WriteSegmentor(_folder);
        File.WriteAllText(_folder.File("out"), "mine");
        (await Segment(card, Photo, "--output", _folder.File("out"))).Failed(2, "is a file, not a folder");
        Assert.Equal("mine", File.ReadAllText(_folder.File("out")));
    }

    [Fact]
    public async Task Weights_of_another_head_are_refused()
    {
        string card = DenseModels.WriteSegmentor(_folder);
        using var other = new TemporaryFolder();
        DenseModels.WritePose(other);
        Outcome outcome = await Segment(card, Photo, "--weights", other.File("weights.safetensors"));
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("do not fit the network", outcome.Errors, StringComparison.Ordinal);
    }

    private static int Int(JsonElement element, string name) => element.GetProperty(name).GetInt32();

    private static Task<Outcome> Segment(string card, params string[] arguments) => Segment([card, .. arguments]);

    private static Task<Outcome> Segment(string[] arguments) =>
        Moga.RunAsync(["segment", .. arguments[1..], "--model", arguments[0], "--threads", "1"]);
}
