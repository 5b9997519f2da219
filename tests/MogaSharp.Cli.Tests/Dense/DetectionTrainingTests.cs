using MogaSharp.Imaging;
using MogaSharp.Testing;
using MogaSharp.Torch;

namespace MogaSharp.Cli.Tests;

/// <summary>Detectors on users' own data: COCO's files with images of several sizes, crowds and images without objects.</summary>
public sealed class DetectionTrainingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_detector_is_trained_and_evaluated_on_COCO_s_files()
    {
        Assert.SkipUnless(TorchRuntime.IsAvailable, TorchRuntime.Unavailability);
        string data = Write(),
            card = DenseModels.WriteDetector(_folder);
        Outcome train = (await TrainAsync(card, data)).Succeeded();
        Assert.Contains("2 classes, on 6 images (6 to evaluate on)", train.Errors, StringComparison.Ordinal);
        string trained = _folder.File("run/model/card.json");
        Outcome eval = (await Moga.RunAsync("eval", "--task", "detection", "--model", trained, "--data", data, "--json")).Succeeded();
        Assert.Equal(6, eval.Json.GetProperty("count").GetInt32());
        Assert.InRange(eval.Json.GetProperty("metrics").GetProperty("box_ap").GetDouble(), 0, 1);
        Assert.Equal(["cat", "dog"], eval.Json.GetProperty("classes").EnumerateArray().Select(one => one.GetProperty("name").GetString()));
        // Crowds are not objects to find.
        Assert.Equal([4, 1], eval.Json.GetProperty("classes").EnumerateArray().Select(one => one.GetProperty("objects").GetInt32()));
    }

    [Fact]
    public async Task Two_processes_train_a_detector_on_jittered_images_with_things_pasted_between_them()
    {
        Assert.SkipUnless(TorchRuntime.IsAvailable, TorchRuntime.Unavailability);
        string data = Write(),
            card = DenseModels.WriteDetector(_folder);
        string[] more = ["--nproc", "2", "--set", "batch_size=4", "--set", "detection.jitter=0.5,1.5", "--set", "detection.copy_paste=1"];
        Outcome train = (await TrainAsync(card, data, more)).Succeeded();
        Assert.Contains("2 classes, on 6 images (6 to evaluate on)", train.Errors, StringComparison.Ordinal);
        Outcome eval = (
            await Moga.RunAsync("eval", "--task", "detection", "--model", _folder.File("run/model/card.json"), "--data", data, "--json")
        ).Succeeded();
        Assert.Equal(6, eval.Json.GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task Data_that_does_not_fit_is_refused_before_anything_is_made()
    {
        Assert.SkipUnless(TorchRuntime.IsAvailable, TorchRuntime.Unavailability);
        string data = Write(),
            card = DenseModels.WriteDetector(_folder);
        File.WriteAllText(
            _folder.File("truth.json"),
            File.ReadAllText(_folder.File("truth.json")).Replace("[2, 2, 30, 20]", "[2, 2, -30, 20]")
        );
        (await TrainAsync(card, data)).Failed(1, "annotations[0]");
        Assert.False(Directory.Exists(_folder.File("run")));
        (await TrainAsync(DenseModels.WriteSegmentor(_folder), data)).Failed(2, "detection");
        Assert.False(Directory.Exists(_folder.File("run")));
    }

    private Task<Outcome> TrainAsync(string card, string data, params string[] more) =>
        Moga.RunAsync([
            "train",
            "--model",
            card,
            "--task",
            "detection",
            "--data",
            data,
            "--preset",
            "mask-rcnn-1x",
            "--epochs",
            "1",
            "--set",
            "batch_size=2",
            "--set",
            "milestones=",
            "--set",
            "detection.scale=96,64",
            "--output",
            _folder.File("run"),
            "--device",
            "cpu",
            "--threads",
            "1",
            .. more,
        ]);

    // Wide and high images, one without objects, one with a crowd.
    private string Write()
    {
        Directory.CreateDirectory(_folder.File("images"));
        List<string> images = [],
            annotations = [];
        for (int i = 0; i < 6; i++)
        {
            (int width, int height) = i % 2 == 0 ? (90, 60) : (50, 80);
            byte[] pixels = new byte[width * height * 3];
            new Random(i).NextBytes(pixels);
            new RgbImage(width, height, pixels).SavePng(_folder.File($"images/{i}.png"));
            images.Add($$"""{ "id": {{i}}, "width": {{width}}, "height": {{height}}, "file_name": "{{i}}.png" }""");
            if (i < 4)
                annotations.Add(
                    $$"""
                    { "id": {{i}}, "image_id": {{i}}, "category_id": 5, "bbox": [2, 2, 30, 20], "area": 600, "iscrowd": 0,
                      "segmentation": [[2, 2, 32, 2, 32, 22, 2, 22]] }
                    """
                );
        }

        annotations.Add(
            """
            { "id": 10, "image_id": 4, "category_id": 9, "bbox": [10, 10, 40, 40], "area": 1600, "iscrowd": 0,
              "segmentation": [[10, 10, 50, 10, 50, 50, 10, 50]] },
            { "id": 11, "image_id": 4, "category_id": 5, "bbox": [0, 0, 90, 60], "area": 5400, "iscrowd": 1,
              "segmentation": { "size": [60, 90], "counts": [0, 5400] } }
            """
        );
        File.WriteAllText(
            _folder.File("truth.json"),
            $$"""
            { "images": [{{string.Join(',', images)}}], "annotations": [{{string.Join(',', annotations)}}],
              "categories": [{ "id": 5, "name": "cat" }, { "id": 9, "name": "dog" }] }
            """
        );
        string part = $"{_folder.File("truth.json")},{_folder.File("images")}";
        return $"coco:{part}?val={part}";
    }
}
