using System.Globalization;
using System.Text.Json;
using MogaSharp.Imaging;
using MogaSharp.Testing;

namespace MogaSharp.Cli.Tests;

/// <summary><c>moga pose</c>: joints, skeletons, boxes, and what goes wrong.</summary>
public sealed class PoseTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static string Photo => Repository.Fixture("imaging", "chelsea.png");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_image_is_one_person_in_the_form_of_coco_s_results()
    {
        string card = DenseModels.WritePose(_folder);
        File.Copy(Photo, _folder.File("000000000139.png"));
        JsonElement person = Assert.Single(
            (await Pose(card, _folder.File("000000000139.png"), "--output", _folder.File("out"), "--json")).Json.EnumerateArray()
        );
        Assert.Equal((139, 1), (person.GetProperty("image_id").GetInt32(), person.GetProperty("category_id").GetInt32()));
        Assert.Equal(51, person.GetProperty("keypoints").GetArrayLength());
        Assert.Equal([0, 0, 451, 300], person.GetProperty("bbox").EnumerateArray().Select(side => side.GetDouble()));
        RgbImage overlay = ImageDecoder.Load(person.GetProperty("overlay").GetString()!);
        Assert.Equal((451, 300), (overlay.Width, overlay.Height));
    }

    [Theory]
    [InlineData(
        """[{"image": "chelsea.png", "bbox": [120, 40, 180, 230], "score": 0.9}, {"file_name": "chelsea.png", "bbox": [0, 0, 60, 90]}]"""
    )]
    [InlineData("""{"chelsea.png": [[120, 40, 180, 230], {"bbox": [0, 0, 60, 90], "score": 0.5}]}""")]
    public async Task Boxes_say_where_people_are(string boxes)
    {
        string card = DenseModels.WritePose(_folder);
        File.WriteAllText(_folder.File("boxes.json"), boxes);
        JsonElement[] people =
        [
            .. (
                await Pose(card, Photo, "--boxes", _folder.File("boxes.json"), "--decode", "unbiased", "--no-flip", "--json")
            ).Json.EnumerateArray(),
        ];
        Assert.Equal(2, people.Length);
        Assert.Equal([60, 180], people.Select(person => person.GetProperty("bbox")[2].GetInt32()).Order());
        Assert.True(people[0].GetProperty("score").GetDouble() >= people[1].GetProperty("score").GetDouble());
    }

    [Theory]
    [InlineData("""[{"image": "x.png", "bbox": [1, 2, 3]}]""", "entry 1: its bbox is not four numbers")]
    [InlineData("""[{"image": "x.png", "bbox": [1, 2, 0, 4]}]""", "entry 1: its bbox is not four numbers")]
    [InlineData("""[{"bbox": [1, 2, 3, 4]}]""", "entry 1: it names no image")]
    [InlineData("""[{"image": "x.png"}]""", "entry 1: it has no bbox")]
    [InlineData("""[{"image": "x.png", "bbox": [1, 2, 3, 4], "score": "high"}]""", "entry 1: its score is not a number")]
    [InlineData("""[{"image": "x.png", "bbox": [1, 2, 3, 1e999]}]""", "entry 1: its bbox is not four numbers")]
    [InlineData("""{"x.png": 3}""", "'x.png': its boxes are not a list")]
    [InlineData("7", "a list of boxes or an object")]
    [InlineData("{", "This is not JSON")]
    public async Task A_bad_file_of_boxes_is_one_clear_message(string boxes, string problem)
    {
        string card = DenseModels.WritePose(_folder);
        File.WriteAllText(_folder.File("boxes.json"), boxes);
        (await Pose(card, Photo, "--boxes", _folder.File("boxes.json"))).Failed(1, problem);
    }

    [Fact]
    public async Task A_box_outside_of_its_image_is_told_and_the_others_are_done()
    {
        string card = DenseModels.WritePose(_folder);
        File.Copy(Photo, _folder.File("other.png"));
        File.WriteAllText(_folder.File("boxes.json"), """{"chelsea.png": [[1000, 40, 180, 230]], "other.png": [[120, 40, 180, 230]]}""");
        Outcome outcome = await Pose(card, Photo, _folder.File("other.png"), "--boxes", _folder.File("boxes.json"));
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("The box 1 (1000, 40, 180, 230) lies outside of the image of 451x300", outcome.Errors, StringComparison.Ordinal);
        Assert.StartsWith(_folder.File("other.png") + ": person ", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_in_the_file_is_nobody_and_options_that_exclude_each_other_are_refused()
    {
        string card = DenseModels.WritePose(_folder);
        File.WriteAllText(_folder.File("boxes.json"), "{}");
        Outcome outcome = (await Pose(card, Photo, "--boxes", _folder.File("boxes.json"), "--json")).Succeeded();
        Assert.Empty(outcome.Json.EnumerateArray());
        Assert.Contains(outcome.Notes, note => note.Contains("without boxes", StringComparison.Ordinal));
        (await Pose(card, Photo, "--boxes", _folder.File("boxes.json"), "--whole")).Failed(2, "exclude each other");
        (await Pose(card, Photo, "--boxes", _folder.File("nowhere.json"))).Failed(2, "There is no file");
    }

    [Fact]
    public async Task A_detector_says_where_people_are()
    {
        string detector = Detector(),
            card = DenseModels.WritePose(_folder);
        // The class that the network finds is that of people.
        JsonElement surest = (await Moga.RunAsync("detect", Photo, "--model", detector, "--score", "0", "--no-masks", "--json")).Json[0];
        File.WriteAllText(
            detector,
            File.ReadAllText(detector).Replace($"\"{surest.GetProperty("label").GetString()}\"", "\"Person\"", StringComparison.Ordinal)
        );
        string least = (surest.GetProperty("score").GetDouble() / 2).ToString(CultureInfo.InvariantCulture);
        JsonElement[] boxes =
        [
            .. (
                await Moga.RunAsync("detect", Photo, "--model", detector, "--score", least, "--classes", "person", "--no-masks", "--json")
            ).Json.EnumerateArray(),
        ];
        JsonElement[] people =
        [
            .. (
                await Pose(card, Photo, "--detector", detector, "--detector-score", least, "--output", _folder.File("out"), "--json")
            ).Json.EnumerateArray(),
        ];
        Assert.NotEmpty(people);
        // Some of them are nearly the same person.
        Assert.InRange(people.Length, 1, boxes.Length);
        string[] known = [.. boxes.Select(box => box.GetProperty("bbox").GetRawText())];
        Assert.All(people, person => Assert.Contains(person.GetProperty("bbox").GetRawText(), known));
        Assert.True(File.Exists(_folder.File("out/chelsea.png")));
        Outcome nobody = (await Pose(card, Photo, "--detector", detector, "--detector-score", "1", "--json")).Succeeded();
        Assert.Empty(nobody.Json.EnumerateArray());
        Assert.Contains(nobody.Notes, note => note.Contains("1 image in which the detector finds nobody", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Detectors_without_people_and_options_that_exclude_each_other_are_refused()
    {
        string detector = Detector(),
            card = DenseModels.WritePose(_folder);
        (await Pose(card, Photo, "--detector", detector)).Failed(2, "does not know the class 'person'");
        (await Pose(card, Photo, "--detector", card)).Failed(2, "--detector takes a model for detection; pose is one for pose.");
        (await Pose(card, Photo, "--detector", detector, "--whole")).Failed(2, "--detector excludes --boxes and --whole");
        (await Pose(card, Photo, "--detector", detector, "--boxes", "b.json")).Failed(2, "--detector excludes --boxes and --whole");
        (await Pose(card, Photo, "--detector-score", "0.5")).Failed(2, "--detector-score needs --detector");
        (await Pose(card, Photo, "--detector", detector, "--detector-score", "2")).Failed(2, "takes a number from 0 to 1");
    }

    // In a folder of its own: both cards have the same file names.
    private string Detector()
    {
        string card = DenseModels.WriteDetector(_folder),
            folder = _folder.File("detector");
        Directory.CreateDirectory(folder);
        foreach (string file in new[] { card, _folder.File("weights.safetensors") })
            File.Move(file, Path.Combine(folder, Path.GetFileName(file)));
        return Path.Combine(folder, Path.GetFileName(card));
    }

    private static Task<Outcome> Pose(string card, params string[] arguments) =>
        Moga.RunAsync(["pose", .. arguments, "--model", card, "--threads", "1"]);
}
