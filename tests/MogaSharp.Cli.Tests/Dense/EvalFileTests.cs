using MogaSharp.Imaging;
using MogaSharp.Testing;

namespace MogaSharp.Cli.Tests;

/// <summary><c>moga eval</c> of a model on data without parts, all of which is evaluated.</summary>
public sealed class EvalFileTests : IDisposable
{
    private const string Note = "note: there is no part to evaluate on: all of the data is evaluated";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_detector_is_evaluated_on_the_file()
    {
        string card = DenseModels.WriteDetector(_folder),
            data = $"coco:{Write("dog", "cat")},{_folder.FullName}";
        Outcome found = (await EvalAsync("detection", card, data)).Succeeded();
        Assert.Equal([Note], found.ErrorLines);
        Assert.Equal(2, found.Json.GetProperty("count").GetInt32());
        // The model's classes in its order, with the file's numbers.
        Assert.Equal(
            ["cat: 1", "dog: 1", "traffic light: 0"],
            found.Json.GetProperty("classes").EnumerateArray().Select(one => $"{one.GetProperty("name")}: {one.GetProperty("objects")}")
        );
        // With a part of its own the file to train on is not opened.
        found = (await EvalAsync("detection", card, $"coco:nowhere.json,images?val={data["coco:".Length..]}")).Succeeded();
        Assert.Empty(found.ErrorLines);
        (await EvalAsync("detection", card, $"coco:{Write("zebra", "cat")},{_folder.FullName}")).Failed(
            1,
            "There is no class 'zebra' among 'cat', 'dog', 'traffic light'."
        );
        (await EvalAsync("detection", card, $"coco:nowhere.json,{_folder.FullName}")).Failed(2, "There is no file 'nowhere.json'.");
    }

    [Fact]
    public async Task Poses_are_evaluated_on_the_file()
    {
        string joints = string.Join(", ", Enumerable.Range(0, 17).Select(joint => $"{2 + joint}, {4 + joint}, 2"));
        Image("1.png");
        File.WriteAllText(
            _folder.File("people.json"),
            $$"""
            {"images": [{"id": 1, "width": 24, "height": 32, "file_name": "1.png"}],
             "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 20, 28], "area": 300, "keypoints": [{{joints}}]}]}
            """
        );
        Outcome found = await EvalAsync(
            "pose",
            DenseModels.WritePose(_folder),
            $"coco-pose:{_folder.File("people.json")},{_folder.FullName}"
        );
        Assert.Equal(1, found.Json.GetProperty("count").GetInt32());
        Assert.Equal([Note], found.ErrorLines);
    }

    [Fact]
    public async Task Label_maps_are_evaluated_in_their_folders()
    {
        string card = DenseModels.WriteSegmentor(_folder);
        Image("images/1.png");
        Directory.CreateDirectory(_folder.File("labels"));
        IndexPng.Save(_folder.File("labels/1.png"), new byte[24 * 32], 24, 32, new byte[768]);
        Outcome found = await EvalAsync("segmentation", card, $"pairs:{_folder.File("images")},{_folder.File("labels")}");
        Assert.Equal(1, found.Json.GetProperty("count").GetInt32());
        Assert.Equal([Note], found.ErrorLines);
    }

    private static Task<Outcome> EvalAsync(string task, string card, string data) =>
        Moga.RunAsync("eval", "--task", task, "--model", card, "--data", data, "--json");

    private void Image(string name)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder.File(name))!);
        new RgbImage(24, 32, new byte[24 * 32 * 3]).SavePng(_folder.File(name));
    }

    private string Write(string first, string second)
    {
        Image("1.png");
        Image("2.png");
        string path = _folder.File("truth.json");
        File.WriteAllText(
            path,
            $$"""
            {"images": [{"id": 1, "width": 24, "height": 32, "file_name": "1.png"},
                        {"id": 2, "width": 24, "height": 32, "file_name": "2.png"}],
             "categories": [{"id": 18, "name": "{{first}}"}, {"id": 17, "name": "{{second}}"}],
             "annotations": [{"id": 1, "image_id": 1, "category_id": 18, "bbox": [1, 1, 20, 28]},
                             {"id": 2, "image_id": 2, "category_id": 17, "bbox": [1, 1, 20, 28]}]}
            """
        );
        return path;
    }
}
