using MogaSharp.Vision;

namespace MogaSharp.Data.Tests;

public sealed class DetectionSpecTests : IDisposable
{
    private readonly DetectionFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("coco:x")]
    [InlineData("coco:x.json,images?val=y.json,other")]
    [InlineData("voc:x?train=trainval&val=test")]
    [InlineData("csv:x.csv,images?classes=names.txt")]
    [InlineData("yolo:x?val=test")]
    [InlineData("scenes:x?count=5")]
    public void Texts_are_read(string text)
    {
        Assert.True(DetectionSpec.IsDetection(text));
        DetectionSpec spec = DetectionSpec.Parse(text);
        Assert.Equal((text, text.Split(':')[0]), (spec.Text, spec.Kind));
        Assert.False(DetectionSpec.IsDetection(text.Replace(":", "-pose:", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("folder:x", "'folder:x' does not say what it is; write coco:FOLDER, ")]
    [InlineData("coco", "'coco' names no path; write coco:FOLDER, ")]
    [InlineData("csv:x", "'x' is not a file and a folder with a comma between, FILE,IMAGES.")]
    [InlineData("coco:x?val=y", "'y' is not a file and a folder with a comma between, FILE,IMAGES.")]
    [InlineData("coco:x?train=y", "has the unknown option 'train'; there are val, classes.")]
    [InlineData("voc:x?size=3", "has the unknown option 'size'; there are train, val, classes.")]
    public void Wrong_texts_are_refused(string text, string problem) =>
        Assert.Contains(problem, Assert.Throws<DatasetSpecException>(() => DetectionSpec.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Coco_has_two_parts()
    {
        foreach ((string part, int id) in new[] { ("train2017", 7), ("val2017", 9) })
        {
            _files.Image($"{part}/{id}.png", 4, 3);
            _files.Write($"annotations/instances_{part}.json", Json(id));
        }

        DetectionSpec spec = DetectionSpec.Parse($"coco:{_files.Root}");
        Assert.True(spec.HasSeparateSplits);
        IDetectionDataset train = spec.Open(DatasetSplit.Train),
            test = spec.Open(DatasetSplit.Test, [new("cat"), new("dog")]);
        Assert.Equal((7L, 9L), (train.ImageIdOf(0), test.ImageIdOf(0)));
        Assert.Equal(["dog", "cat"], train.ClassNames);
        Assert.Equal((18L, 17L), (train.CategoryIdOf(0), train.CategoryIdOf(1)));
        Assert.Equal((17L, 18L), (test.CategoryIdOf(0), test.CategoryIdOf(1)));
        Assert.Equal((0, 1), (DetectionFiles.ObjectsOf(train[0])[0].Label, DetectionFiles.ObjectsOf(test[0])[0].Label));
        Assert.Equal([false, true], DetectionFiles.ObjectsOf(train[0]).Select(one => one.IsCrowd));
        Assert.Equal(new ImageSize(4, 3), train.SizeOf(0));
        Assert.Equal(4, train[0].ReadPixels().Width);
    }

    [Fact]
    public void A_file_of_cocos_form_may_be_anywhere()
    {
        string text = $"coco:{_files.Write("all.json", Json(7))},{_files.At("images")}";
        Assert.Contains("There is no folder '", Refusal(text));
        Directory.CreateDirectory(_files.At("images"));
        Assert.Equal(["all.json, 7.png: There is no file '~/images/7.png'."], Caught(text));
        _files.Image("images/7.png", 4, 3);
        DetectionSpec spec = DetectionSpec.Parse(text);
        Assert.False(spec.HasSeparateSplits);
        Assert.Equal(7, spec.Open(DatasetSplit.Test).ImageIdOf(0));
        Assert.Equal(["all.json, : There is no class 'dog' among 'cat'."], _files.Faults(text, classes: [new("cat")]));
        _files.Write("none.json", "{}");
        Assert.True(DetectionSpec.Parse($"{text}?val={_files.At("none.json")},{_files.At("images")}").HasSeparateSplits);
        Assert.Contains("There is no file '", Refusal($"coco:{_files.At("nowhere.json")},{_files.At("images")}"));

        static string Refusal(string text) =>
            Assert.Throws<DatasetSpecException>(() => DetectionSpec.Parse(text).Open(DatasetSplit.Train)).Message;

        string[] Caught(string text)
        {
            var faults = new List<DatasetFault>();
            Assert.Equal(
                "There is no image.",
                Assert.Throws<DatasetException>(() => DetectionSpec.Parse(text).Open(DatasetSplit.Train, null, faults.Add)).Problem
            );
            return [.. faults.Select(fault => $"{Path.GetFileName(fault.File)}, {fault.Entry}: {fault.Problem}".Replace(_files.Root, "~"))];
        }
    }

    private static string Json(int id) =>
        $$"""
            {"images": [{"id": {{id}}, "width": 4, "height": 3, "file_name": "{{id}}.png"}],
             "categories": [{"id": 18, "name": "dog"}, {"id": 17, "name": "cat"}],
             "annotations": [
              {"id": 1, "image_id": {{id}}, "category_id": 18, "bbox": [1, 1, 2, 1], "area": 2, "iscrowd": 0},
              {"id": 2, "image_id": {{id}}, "category_id": 18, "bbox": [0, 0, 4, 3], "area": 12, "iscrowd": 1}]}
            """;
}
