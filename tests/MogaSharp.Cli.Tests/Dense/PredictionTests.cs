using System.Text.Json;
using MogaSharp.Data;
using MogaSharp.Imaging;
using MogaSharp.Testing;
using MogaSharp.Vision;

namespace MogaSharp.Cli.Tests;

/// <summary><c>moga eval --predictions</c>: other programs' results are scored without a network.</summary>
public sealed class PredictionTests : IDisposable
{
    private static readonly byte[] Palette = [0, 0, 0, 255, 0, 0, 0, 255, 0];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Label_maps_are_scored_pixel_by_pixel()
    {
        string data = WritePairs();
        // Of 16 pixels of class 0 four are taken for class 1; 255 does not count.
        WriteMap("found", [.. Enumerable.Range(0, 32).Select(i => (byte)(i < 12 ? 0 : 1))]);
        JsonElement json = (await Score(data, "segmentation", _folder.File("found"), "--json")).Succeeded().Json;
        Assert.Equal(1, json.GetProperty("count").GetInt32());
        JsonElement metrics = json.GetProperty("metrics");
        Assert.Equal(24.0 / 28, metrics.GetProperty("aacc").GetDouble(), 1e-12);
        Assert.Equal(((12.0 / 16) + (12.0 / 12)) / 2, metrics.GetProperty("macc").GetDouble(), 1e-12);
        Assert.Equal(((12.0 / 16) + (12.0 / 16)) / 2, metrics.GetProperty("miou").GetDouble(), 1e-12);
        Assert.Equal(["sky", "road"], json.GetProperty("classes").EnumerateArray().Select(one => one.GetProperty("name").GetString()!));
        Assert.Contains(
            "mIoU 75.00",
            (await Score(data, "segmentation", _folder.File("found"))).Succeeded().Output,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Label_maps_that_do_not_fit_are_one_clear_message()
    {
        string data = WritePairs();
        Directory.CreateDirectory(_folder.File("found"));
        (await Score(data, "segmentation", _folder.File("found"))).Failed(1, "a.png: There is no such label map.");
        WriteMap("found", [.. Enumerable.Range(0, 32).Select(i => (byte)(i == 11 ? 2 : 0))]);
        (await Score(data, "segmentation", _folder.File("found"))).Failed(1, "The pixel (3, 1) has the class 2; there are 0 to 1.");
        IndexPng.Save(_folder.File("found/a.png"), new byte[8], 4, 2, Palette);
        (await Score(data, "segmentation", _folder.File("found"))).Failed(1, "The label map has 4x2 pixels");
        (await Score(data, "segmentation", _folder.File("nowhere"))).Failed(2, "There is no folder");
        (await Score("idx:x", "classification", _folder.File("found"))).Failed(2, "--predictions is not for classification.");
    }

    [Fact]
    public async Task Poses_are_scored_by_key_point_similarity()
    {
        string data = WritePeople();
        var joints = Enumerable.Range(0, 17).Select(j => new PosePoint(10 + j, 20 + j, 1)).ToArray();
        CocoPoseResults.Save(_folder.File("found.json"), [(7, new PersonPose(new Box(5, 5, 30, 40), 0.9, [.. joints]))]);
        JsonElement metrics = (await Score(data, "pose", _folder.File("found.json"), "--json")).Succeeded().Json.GetProperty("metrics");
        Assert.Equal(1, metrics.GetProperty("ap").GetDouble(), 1e-9);
        CocoPoseResults.Save(
            _folder.File("found.json"),
            [(7, new PersonPose(new Box(5, 5, 30, 40), 0.9, [.. joints.Select(joint => joint with { X = joint.X + 90 })]))]
        );
        metrics = (await Score(data, "pose", _folder.File("found.json"), "--json")).Succeeded().Json.GetProperty("metrics");
        Assert.Equal(0, metrics.GetProperty("ap").GetDouble(), 1e-9);
    }

    [Fact]
    public async Task Poses_of_unknown_images_are_one_clear_message()
    {
        string data = WritePeople();
        CocoPoseResults.Save(
            _folder.File("found.json"),
            [(8, new PersonPose(new Box(0, 0, 1, 1), 1, [.. Enumerable.Range(0, 17).Select(_ => new PosePoint(0, 0, 0))]))]
        );
        (await Score(data, "pose", _folder.File("found.json"))).Failed(1, "There is no image with the id 8");
        File.WriteAllText(_folder.File("found.json"), "[");
        (await Score(data, "pose", _folder.File("found.json"))).Failed(1, "found.json");
        (await Score(data, "pose", _folder.File("nowhere.json"))).Failed(2, "There is no file");
    }

    private static Task<Outcome> Score(string data, string task, string predictions, params string[] more) =>
        Moga.RunAsync(["eval", "--task", task, "--data", data, "--predictions", predictions, .. more]);

    private string WritePairs()
    {
        foreach (string part in new[] { "images/train", "images/val", "labels/train", "labels/val" })
            Directory.CreateDirectory(_folder.File(part));
        foreach (string part in new[] { "train", "val" })
        {
            new RgbImage(8, 4, new byte[96]).SavePng(_folder.File($"images/{part}/a.png"));
            WriteMap(
                $"labels/{part}",
                [
                    .. Enumerable
                        .Range(0, 32)
                        .Select(i =>
                            (byte)(
                                i < 16 ? 0
                                : i < 28 ? 1
                                : 255
                            )
                        ),
                ]
            );
        }

        File.WriteAllLines(_folder.File("classes.txt"), ["sky #0000ff", "road #804080"]);
        return $"pairs:{_folder.File("images")},{_folder.File("labels")}?classes={_folder.File("classes.txt")}";
    }

    private void WriteMap(string folder, byte[] labels)
    {
        Directory.CreateDirectory(_folder.File(folder));
        byte[] palette = new byte[768];
        Palette.CopyTo(palette, 0);
        IndexPng.Save(_folder.File($"{folder}/a.png"), labels, 8, 4, palette);
    }

    private string WritePeople()
    {
        Directory.CreateDirectory(_folder.File("images"));
        new RgbImage(64, 64, new byte[64 * 64 * 3]).SavePng(_folder.File("images/p.png"));
        string points = string.Join(", ", Enumerable.Range(0, 17).Select(j => $"{10 + j}, {20 + j}, 2"));
        File.WriteAllText(
            _folder.File("people.json"),
            $$"""
            {
              "images": [{ "id": 7, "file_name": "p.png", "width": 64, "height": 64 }],
              "annotations": [
                {
                  "id": 1, "image_id": 7, "category_id": 1, "bbox": [5, 5, 30, 40], "area": 900, "iscrowd": 0, "num_keypoints": 17,
                  "keypoints": [{{points}}]
                }
              ],
              "categories": [{ "id": 1, "name": "person" }]
            }
            """
        );
        string one = $"{_folder.File("people.json")},{_folder.File("images")}";
        return $"coco-pose:{one}?val={one}";
    }
}
