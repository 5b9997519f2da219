using MogaSharp.Vision;

namespace MogaSharp.Data.Tests;

public sealed class YoloReaderTests : IDisposable
{
    private const string Names = "names: [cat, dog]";

    private readonly DetectionFiles _files = new();

    private string Spec => $"yolo:{_files.Root}";

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Boxes_and_polygons_are_parts_of_the_image()
    {
        _files.Write("data.yaml", Names);
        _files.Image("images/a.png", 40, 20);
        _files.Image("images/deep/b.png", 4, 4);
        _files.Write("labels/a.txt", "1 0.5 0.5 0.25 0.5\n\n0 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75\n");
        IDetectionDataset set = DetectionSpec.Parse(Spec).Open(DatasetSplit.Train);
        Assert.Equal(["cat", "dog"], set.ClassNames);
        Assert.Equal((2, new ImageSize(40, 20)), (set.Count, set.SizeOf(0)));
        AnnotatedObject[] objects = DetectionFiles.ObjectsOf(set[0]);
        Assert.Equal(new AnnotatedObject(new Box(15, 5, 10, 10), 100, 1), objects[0]);
        Assert.Equal((new Box(10, 5, 20, 10), 200.0, 0), (objects[1].Box, objects[1].Area, objects[1].Label));
        Assert.Equal((new Box(10, 5, 20, 10), new ImageSize(40, 20)), (objects[1].Mask!.Bounds, objects[1].Mask!.Size));
        Assert.Empty(DetectionFiles.ObjectsOf(set[1]));
        Assert.Equal(["1 image without a label file, and so without objects"], set.Notes);
        Assert.False(DetectionSpec.Parse(Spec).HasSeparateSplits);
    }

    [Theory]
    [InlineData("images/train", "labels/train", "images/val", "labels/val")]
    [InlineData("train/images", "train/labels", "valid/images", "valid/labels")]
    public void Parts_are_inside_or_outside(string images, string labels, string evaluation, string evaluationLabels)
    {
        _files.Write("classes.txt", "cat\ndog\n");
        foreach ((string folder, string texts, string name) in new[] { (images, labels, "a"), (evaluation, evaluationLabels, "b") })
        {
            _files.Image($"{folder}/{name}.png", 8, 8);
            _files.Write($"{texts}/{name}.txt", "1 0.5 0.5 1 1");
        }

        DetectionSpec spec = DetectionSpec.Parse(Spec);
        Assert.True(spec.HasSeparateSplits);
        Assert.Equal(_files.At($"{images}/a.png"), spec.Open(DatasetSplit.Train).Single().Name);
        IDetectionDataset set = spec.Open(DatasetSplit.Test, [new("dog"), new("cat")]);
        Assert.Equal(_files.At($"{evaluation}/b.png"), set.Single().Name);
        Assert.Equal((new Box(0, 0, 8, 8), 0), (DetectionFiles.ObjectsOf(set[0])[0].Box, DetectionFiles.ObjectsOf(set[0])[0].Label));
    }

    [Theory]
    [InlineData("train: ../x\nnc: 3\nnames: ['cat', \"a, dog\", it's] # these", "cat|a, dog|it's")]
    [InlineData("names:\n  - cat\n  - 'a # dog'\n  - 3\nnc: 3", "cat|a # dog|3")]
    [InlineData("names:\n- cat\n\n# more\n- dog\npath: x", "cat|dog")]
    [InlineData("names:\n  0: cat\n  1: traffic light # red\ntrain: x", "cat|traffic light")]
    [InlineData("names: {0: cat, 1: dog}", "cat|dog")]
    [InlineData("more: {names: [no], 1: [[x]]}\n? [a, b]\n: c\nnames: &all [\"caf\\u00e9\", 'it''s']\nother: *all", "café|it's")]
    [InlineData("names: [\n  cat,\n  dog,\n]\n", "cat|dog")]
    public void Classes_are_in_a_list_or_a_map(string yaml, string names)
    {
        _files.Write("data.yaml", yaml);
        Assert.Equal(names.Split('|'), YoloNames.Read(_files.Root).Select(label => label.Name));
    }

    [Theory]
    [InlineData("nc: 2", "There is no 'names'.")]
    [InlineData("names:\nnc: 2", "Line 1: The file names no class.")]
    [InlineData("names: []", "Line 1: The file names no class.")]
    [InlineData("names: cat", "Line 1: The 'names' are neither a list nor a map: 'cat'.")]
    [InlineData("names: [cat, [dog]]", "Line 1: The name of a class is a word, not a list or a map.")]
    [InlineData("names: {a: cat}", "Line 1: 'a' is not the number of a class.")]
    [InlineData("names:\n  0: cat\n  2: dog", "Line 3: The class 2 follows on 0.")]
    [InlineData("names:\n - cat\n - cat", "Line 3: The class 'cat' is named twice.")]
    [InlineData("names:\n - ''", "Line 2: A class has no name.")]
    public void Wrong_lists_of_classes_are_refused(string yaml, string problem)
    {
        _files.Write("data.yaml", yaml);
        Assert.Equal(problem, Assert.Throws<DatasetException>(() => YoloNames.Read(_files.Root)).Problem);
    }

    [Theory]
    [InlineData("names: [cat,\ndog")]
    [InlineData("names: 'cat")]
    [InlineData("names: {0: cat")]
    [InlineData("a: ]\nnames: [cat]")]
    public void What_is_not_YAML_is_told_with_its_line(string yaml)
    {
        _files.Write("data.yaml", yaml);
        Assert.Matches(
            @"^Line \d+: The file is not proper YAML: .*[^.]\.$",
            Assert.Throws<DatasetException>(() => YoloNames.Read(_files.Root)).Problem
        );
    }

    [Fact]
    public void Nested_lists_without_end_do_no_harm()
    {
        _files.Write("data.yaml", "x: " + new string('[', 200_000));
        Assert.Equal(
            "Line 1: Values are nested more than 64 deep.",
            Assert.Throws<DatasetException>(() => YoloNames.Read(_files.Root)).Problem
        );
    }

    [Fact]
    public void All_faults_are_collected()
    {
        _files.Write("data.yaml", Names);
        _files.Image("images/a.png", 40, 20);
        _files.Image("images/a.webp.png", 40, 20);
        File.Copy(_files.At("images/a.png"), _files.At("images/a.jpg"));
        _files.Write("images/bad.png", "no image");
        _files.Write(
            "labels/a.txt",
            "2 0.5 0.5 1 1\n-1 0.5 0.5 1 1\ncat 0.5 0.5 1 1\n0 0.5 0.5 1\n0 0.5 0.5 nan 1\n0 20 10 5 5\n0 0.5 0.5 0 1\n"
                + "0 0.1 0.1 0.2 0.2\n0 0.5 0.5 0.5 0.6 0.5 0.7\n1 0.1 0.2 0.3 0.4 0.5 0.6 0.7\n"
        );
        _files.Write("labels/bad.txt", "0 0.5 0.5 1 1\n");
        _files.Write("labels/other.txt", "0 0.5 0.5 1 1\n");
        string[] faults = _files.Faults(Spec);
        Assert.Equal(
            [
                "images, a.png: It has the same label file as 'a.jpg'.",
                "a.txt, line 1: The class '2' is not a number from 0 to 1.",
                "a.txt, line 2: The class '-1' is not a number from 0 to 1.",
                "a.txt, line 3: The class 'cat' is not a number from 0 to 1.",
                "a.txt, line 4: A class is followed by 4 numbers, or by two for each of three or more points; there are 3.",
                "a.txt, line 5: 'nan' is not a part of the image from 0 to 1.",
                "a.txt, line 6: '20' is not a part of the image from 0 to 1.",
                "a.txt, line 7: The box from (20, 0) to (20, 20) is not at least a little wide and high.",
                "a.txt, line 9: The box from (20, 10) to (20, 14) is not at least a little wide and high.",
                "a.txt, line 10: A class is followed by 4 numbers, or by two for each of three or more points; there are 7.",
            ],
            faults.Where(fault => !fault.StartsWith("bad.png, : ", StringComparison.Ordinal))
        );
        Assert.Equal(11, faults.Length);
        var set = DetectionSpec.Parse(Spec).Open(DatasetSplit.Train, null, _ => { });
        Assert.Contains(set.Notes, note => note.StartsWith("1 label file without an image left out", StringComparison.Ordinal));
        Assert.Single(DetectionFiles.ObjectsOf(set[0]));
    }

    [Fact]
    public void Folders_that_are_not_there_are_told()
    {
        Assert.Contains("has neither a folder 'images' nor parts", Refusal());
        _files.Image("images/a.png", 4, 4);
        Assert.Contains("has neither a 'data.yaml' nor a 'classes.txt'", Refusal());
        _files.Write("data.yaml", Names);
        Assert.Contains($"There is no folder '{_files.At("labels")}'", Refusal());
        Directory.CreateDirectory(_files.At("labels"));
        Assert.Equal(
            "There is no label file of the image 'a.png', nor of any other one.",
            Assert.Throws<DatasetException>(() => DetectionSpec.Parse(Spec).Open(DatasetSplit.Train)).Problem
        );

        string Refusal() => Assert.Throws<DatasetSpecException>(() => DetectionSpec.Parse(Spec).Open(DatasetSplit.Train)).Message;
    }
}
