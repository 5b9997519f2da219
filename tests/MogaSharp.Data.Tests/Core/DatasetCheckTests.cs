using System.Globalization;
using MogaSharp.Imaging;

namespace MogaSharp.Data.Tests;

public sealed class DatasetCheckTests : IDisposable
{
    private readonly DetectionFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Ten_thousand_boxes_in_an_image_are_nothing_unusual()
    {
        _files.Image("images/1.png", 100, 100);
        string boxes = string.Join(
            '\n',
            Enumerable
                .Range(0, 10_000)
                .Select(i => string.Create(CultureInfo.InvariantCulture, $"0 {(i % 100) / 100.0} {(i / 100) / 100.0} 0.01 0.01"))
        );
        _files.Write("labels/1.txt", boxes);
        _files.Write("classes.txt", "cat");
        var faults = new List<DatasetFault>();
        IDetectionDataset set = DetectionSpec.Parse($"yolo:{_files.Root}").Open(DatasetSplit.Train, null, faults.Add);
        DatasetSummary found = DatasetCheck.Run(set, faults.Add, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Empty(faults);
        Assert.Equal((1, 10_000), (found.Images, found.Objects));
        Assert.Equal(new ClassCount("cat", 1, 10_000), Assert.Single(found.Classes));
    }

    [Fact]
    public void What_is_unusual_is_noted()
    {
        _files.Image("images/1.png", 10, 10);
        _files.Image("images/2.png", 10, 10);
        DatasetSummary found = Check(
            """{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 0, 2]}""",
            """{"id": 2, "image_id": 1, "category_id": 1, "bbox": [1, 1, 20, 2]}""",
            """{"id": 3, "image_id": 1, "category_id": 1, "bbox": [1, -2, 2, 3]}"""
        );
        Assert.Equal(
            [
                $"1 box without width or height ({_files.At("images/1.png")})",
                $"2 boxes past the edge of the image (the first: {_files.At("images/1.png")})",
                $"1 image without an object or a class ({_files.At("images/2.png")})",
            ],
            found.Notes
        );
        found = Check();
        Assert.Equal(0, found.Objects);
        Assert.Contains("no image has an object or a class", found.Notes);
    }

    [Fact]
    public void Every_label_map_and_image_is_looked_at()
    {
        _files.Image("i/1.png", 4, 3);
        _files.Image("i/2.png", 4, 3);
        _files.Image("i/3.png", 4, 3);
        _files.Image("i/4.png", 4, 3);
        _files.Write("i/5.png", "not an image");
        Directory.CreateDirectory(_files.At("l"));
        Map("l/1.png", 4, 3, 1);
        Map("l/2.png", 4, 3, 2);
        Map("l/3.png", 3, 3, 0);
        _files.Write("l/4.png", "not an image");
        _files.Write("l/5.png", "not an image");
        _files.Image("i/6.png", 4, 3);
        _files.Image("i/7.png", 4, 3);
        var faults = new List<DatasetFault>();
        SegmentationSpec spec = SegmentationSpec.Parse(
            $"pairs:{_files.At("i")},{_files.At("l")}?classes={_files.Write("classes.txt", "a\nb")}"
        );
        ISegmentationDataset set = spec.Open(DatasetSplit.Train, null, faults.Add);
        DatasetSummary found = DatasetCheck.Run(set, faults.Add, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(
            [
                "l/6.png: There is no label map of the image '~/i/6.png'.",
                "l/7.png: There is no label map of the image '~/i/7.png'.",
                "l/2.png: The pixel (0, 0) has the label 2; there are 0 to 1, and 255 for none.",
                "l/3.png: The label map has 3 x 3 pixels, its image '~/i/3.png' 4 x 3.",
                "l/4.png: This is not a JPEG",
                "i/5.png: This is not a JPEG",
            ],
            faults.Select(fault => fault.ToString().Replace(_files.Root, "~", StringComparison.Ordinal)[2..].Split(", PNG")[0])
        );
        Assert.Equal((5, null), (found.Images, found.Objects));
        Assert.Equal([new ClassCount("a", 0, 0), new ClassCount("b", 1, 1)], found.Classes);
    }

    [Fact]
    public void People_are_counted_and_all_faults_of_their_file_told()
    {
        _files.Image("1.png", 10, 10);
        _files.Image("2.png", 9, 10);
        string Person(int id, int image, string box = "1, 1, 5, 5", int joints = 17) =>
            $$"""
                {"id": {{id}}, "image_id": {{image}}, "category_id": 1, "bbox": [{{box}}], "area": 9,
                 "keypoints": [{{string.Join(", ", Enumerable.Repeat("3, 3, 2", joints))}}]}
                """;
        string file = _files.Write(
            "people.json",
            $$"""
            {"images": [{{ImageEntry(1)}}, {{ImageEntry(2)}}, {{ImageEntry(3)}}, {"id": 4}],
             "annotations": [{{Person(1, 1)}}, {{Person(2, 7)}}, {{Person(3, 1, joints: 3)}}, {{Person(4, 1, "1, 1, -5, 5")}}, {{Person(
                1,
                1
            )}},
                             {{Person(6, 2)}}]}
            """
        );
        var faults = new List<DatasetFault>();
        IPoseDataset set = PoseSpec.Parse($"coco-pose:{file},{_files.Root}").OpenImages(DatasetSplit.Test, faults.Add);
        DatasetSummary found = DatasetCheck.Run(set, faults.Add, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(
            [
                "people.json, images[3]: There is no 'width', 'height', 'file_name'.",
                "people.json, annotations[1]: There is no image with the id 7.",
                "people.json, annotations[2]: There are 9 numbers in 'keypoints'; 17 joints have 51.",
                "people.json, annotations[3]: The 'bbox' is not x, y, width and height.",
                "people.json, annotations[4]: The id 1 is given twice.",
                "people.json, 3.png: There is no file '~/3.png'.",
                "2.png, : The image has 9 x 10 pixels; '~/people.json' says 10 x 10.",
            ],
            faults.Select(fault =>
                $"{Path.GetFileName(fault.File)}, {fault.Entry}: {fault.Problem}".Replace(_files.Root, "~", StringComparison.Ordinal)
            )
        );
        Assert.Equal((2, 1), (found.Images, found.Objects));
        Assert.Equal(new ClassCount("person", 1, 1), Assert.Single(found.Classes));
    }

    [Fact]
    public void Progress_is_told_and_it_can_be_ended()
    {
        var set = new MemoryDataset(7);
        int most = 0;
        DatasetCheck.Run(
            set,
            fault => Assert.Fail(fault.Problem),
            progress: done =>
            {
                lock (set)
                    most = Math.Max(most, done);
            },
            cancellationToken: TestContext.Current.CancellationToken
        );
        Assert.Equal(7, most);
        Assert.ThrowsAny<OperationCanceledException>(() => DatasetCheck.Run(set, _ => { }, cancellationToken: new CancellationToken(true)));
    }

    private static string ImageEntry(int id) => $$"""{"id": {{id}}, "width": 10, "height": 10, "file_name": "{{id}}.png"}""";

    private DatasetSummary Check(params string[] annotations)
    {
        string file = _files.Write(
            "all.json",
            $$"""
            {"images": [{{ImageEntry(1)}}, {{ImageEntry(2)}}], "categories": [{"id": 1, "name": "cat"}],
             "annotations": [{{string.Join(", ", annotations)}}]}
            """
        );
        IDetectionDataset set = DetectionSpec.Parse($"coco:{file},{_files.At("images")}").Open(DatasetSplit.Train);
        return DatasetCheck.Run(set, fault => Assert.Fail(fault.Problem), true, null, TestContext.Current.CancellationToken);
    }

    private void Map(string name, int width, int height, byte label)
    {
        byte[] labels = new byte[width * height];
        labels.AsSpan().Fill(label);
        IndexPng.Save(_files.At(name), labels, width, height, new byte[768]);
    }
}
