using MogaSharp.Vision;

namespace MogaSharp.Data.Tests;

public sealed class VocReaderTests : IDisposable
{
    private readonly DetectionFiles _files = new();

    private string Spec => $"voc:{_files.Root}";

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Boxes_begin_at_pixel_1_and_difficult_objects_are_crowds()
    {
        Fill();
        IDetectionDataset set = DetectionSpec.Parse(Spec).Open(DatasetSplit.Train);
        Assert.Equal(["cat", "dog"], set.ClassNames);
        Assert.Equal((2, 1L, 2L, new ImageSize(40, 30)), (set.Count, set.ImageIdOf(0), set.CategoryIdOf(1), set.SizeOf(0)));
        Assert.Equal(_files.At("JPEGImages/b.png"), set[1].Name);
        Assert.Equal(
            [new AnnotatedObject(new Box(0, 0, 40, 30), 1200, 1), new AnnotatedObject(new Box(4, 9, 1, 2), 2, 0) { IsCrowd = true }],
            DetectionFiles.ObjectsOf(set[0])
        );
        Assert.Empty(DetectionFiles.ObjectsOf(set[1]));
        Assert.Equal(40, set[0].ReadPixels().Width);
        Assert.Empty(set.Notes);
    }

    [Fact]
    public void Lists_are_parts()
    {
        Fill();
        DetectionSpec spec = DetectionSpec.Parse(Spec);
        Assert.False(spec.HasSeparateSplits);
        _files.Write("ImageSets/Main/trainval.txt", "a\n\nb -1\n");
        Assert.False(spec.HasSeparateSplits);
        Assert.Equal(2, spec.Open(DatasetSplit.Train).Count);
        _files.Write("ImageSets/Main/val.txt", "b");
        Assert.True(spec.HasSeparateSplits);
        Assert.Equal(_files.At("JPEGImages/b.png"), spec.Open(DatasetSplit.Test, [new("dog")]).Single().Name);
        _files.Write("ImageSets/Main/mine.txt", "a");
        Assert.Single(DetectionSpec.Parse($"{Spec}?train=mine&val=trainval").Open(DatasetSplit.Train));
        Assert.Equal(2, DetectionSpec.Parse($"{Spec}?train=mine&val=trainval").Open(DatasetSplit.Test).Count);
        Assert.Contains(
            "There is no file '",
            Assert.Throws<DatasetSpecException>(() => DetectionSpec.Parse($"{Spec}?train=x").Open(DatasetSplit.Train)).Message
        );
    }

    [Fact]
    public void Classes_may_be_given()
    {
        Fill();
        IDetectionDataset set = DetectionSpec.Parse(Spec).Open(DatasetSplit.Train, [new("dog"), new("bird"), new("cat")]);
        Assert.Equal([0, 2], DetectionFiles.ObjectsOf(set[0]).Select(one => one.Label));
        string list = _files.Write("names.txt", "bird\ncat\ndog\n");
        set = DetectionSpec.Parse($"{Spec}?classes={list}").Open(DatasetSplit.Train);
        Assert.Equal([2, 1], DetectionFiles.ObjectsOf(set[0]).Select(one => one.Label));
        Assert.Equal(["a.xml, line 5: There is no class 'cat' among 'dog'."], _files.Faults(Spec, classes: [new("dog")]));
    }

    [Fact]
    public void A_size_that_is_not_stated_is_read()
    {
        _files.Image("JPEGImages/a.png", 7, 5);
        _files.Write("Annotations/a.xml", $"<annotation>{DetectionFiles.VocObject("cat", "1 1 7 5")}</annotation>");
        Assert.Equal(new ImageSize(7, 5), DetectionSpec.Parse(Spec).Open(DatasetSplit.Train).SizeOf(0));
        _files.Voc("a", 0, 0, DetectionFiles.VocObject("cat", "2 1 9 5"));
        IDetectionDataset set = DetectionSpec.Parse(Spec).Open(DatasetSplit.Train);
        Assert.Equal(new Box(1, 0, 6, 5), DetectionFiles.ObjectsOf(set[0])[0].Box);
        Assert.Equal(["1 box cut off at the edge of the image (a)"], set.Notes);
        // Without a readable image nothing is known; reading it will tell.
        _files.Write("JPEGImages/a.png", "no image");
        set = DetectionSpec.Parse(Spec).Open(DatasetSplit.Train, [new("cat")]);
        Assert.Null(set.SizeOf(0));
        Assert.Empty(DetectionFiles.ObjectsOf(set[0]));
        Assert.Throws<Imaging.ImageFormatException>(() => set[0].ReadPixels());
        Assert.Single(_files.Faults(Spec, classes: [new("cat")]), fault => fault.StartsWith("a.png, : ", StringComparison.Ordinal));
    }

    [Fact]
    public void An_image_of_another_size_is_refused_when_it_is_read()
    {
        Fill();
        _files.Image("JPEGImages/a.png", 41, 30);
        Assert.Equal(
            $"The image has 41 x 30 pixels; '{_files.At("Annotations")}' says 40 x 30.",
            Assert.Throws<DatasetException>(() => DetectionSpec.Parse(Spec).Open(DatasetSplit.Train)[0].ReadPixels()).Problem
        );
    }

    public static TheoryData<string, string> WrongObjects =>
        new()
        {
            { DetectionFiles.VocObject("cat", "1 1 x 5"), "The 'xmax' of the box is not a number: 'x'." },
            { DetectionFiles.VocObject("cat", "1 1 NaN 5"), "The box from (0, 0) to (NaN, 5) is not of finite numbers." },
            { DetectionFiles.VocObject("cat", "5 5 3 9"), "The box from (4, 4) to (3, 9) is not at least a little wide and high." },
            {
                DetectionFiles.VocObject("cat", "41 1 50 5"),
                "The box from (40, 0) to (50, 5) lies outside of the image of 40 x 30 pixels."
            },
            { DetectionFiles.VocObject(" ", "1 1 2 2"), "The object has no 'name'." },
            { "<object><name>cat</name></object>", "The object has no 'bndbox'." },
            { "<object><name>cat</name><bndbox/></object>", "The box has no 'xmin'." },
        };

    [Theory]
    [MemberData(nameof(WrongObjects))]
    public void Wrong_objects_are_told_with_their_line(string wrong, string problem)
    {
        Fill();
        string path = _files.Voc("a", 40, 30, DetectionFiles.VocObject("dog", "1 1 2 2"), wrong);
        DatasetException refusal = Assert.Throws<DatasetException>(() => DetectionSpec.Parse(Spec).Open(DatasetSplit.Train));
        Assert.Equal((path, $"Line 5: {problem}"), (refusal.DatasetPath, refusal.Problem));
        Assert.Equal([$"a.xml, line 5: {problem}"], _files.Faults(Spec));
    }

    [Fact]
    public void All_faults_are_collected()
    {
        Fill();
        _files.Write("ImageSets/Main/train.txt", "a\nnone\n../a\na\nbroken\nwithout\ndoctype\nsize\n");
        _files.Write("Annotations/broken.xml", "<annotation>\n<object></annotation>");
        _files.Voc("without", 3, 3);
        _files.Write("Annotations/doctype.xml", "<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>\n<annotation>&y;</annotation>");
        _files.Voc("size", -1, 3);
        _files.Image("JPEGImages/size.png", 3, 3);
        string[] faults = _files.Faults(Spec);
        Assert.Equal(
            [
                "train.txt, line 2: There is no file '~/Annotations/none.xml'.",
                "train.txt, line 3: '../a' is not the name of an image.",
                "train.txt, line 4: The image 'a' is listed twice.",
                "without.xml, : There is no image of it, such as '~/JPEGImages/without.jpg'.",
                "size.xml, line 3: A size of '-1' x '3' pixels is impossible.",
            ],
            faults.Where(fault => !fault.Contains("XML", StringComparison.Ordinal))
        );
        Assert.Contains(faults, fault => fault.StartsWith("broken.xml, line 2: The file is not proper XML: ", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.StartsWith("doctype.xml, line 2: The file is not proper XML: ", StringComparison.Ordinal));
        Assert.Equal(7, faults.Length);
    }

    private void Fill()
    {
        _files.Image("JPEGImages/a.png", 40, 30);
        _files.Image("JPEGImages/b.png", 3, 3);
        _files.Voc(
            "a",
            40,
            30,
            DetectionFiles.VocObject("dog", "1 1 40 30", "<difficult>0</difficult>"),
            DetectionFiles.VocObject("cat", "5 10 5 11", "<difficult>1</difficult>")
        );
        _files.Voc("b", 3, 3);
    }
}
