using System.Drawing;
using MogaSharp.Imaging;
using MogaSharp.Testing;
using MogaSharp.Vision;

namespace MogaSharp.Data.Tests;

public sealed class SegmentationSpecTests : IDisposable
{
    private static readonly byte[] Palette = new byte[256 * 3];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Folders_of_ade20k_are_read()
    {
        AddImage("images/training/a.bmp");
        AddImage("images/training/sub/b.bmp");
        AddImage("images/validation/c.bmp");
        AddMap("annotations/training/a.png", 0, 1, 2, 150, 255, 3);
        AddMap("annotations/training/sub/b.png", 1, 1, 1, 1, 1, 1);
        AddMap("annotations/validation/c.png", 0, 0, 0, 0, 0, 0);
        SegmentationSpec spec = SegmentationSpec.Parse($"ade20k:{_folder.FullName}");
        Assert.True(spec.HasSeparateSplits);
        ISegmentationDataset train = spec.Open(DatasetSplit.Train);
        Assert.Equal((2, 150), (train.Count, train.Classes.Length));
        // Zero is nothing, and every other number one less.
        Assert.Equal([LabelMap.Ignored, 0, 1, 149, LabelMap.Ignored, 2], Labels(train[0]));
        Assert.Equal(At("images/training/sub/b.bmp"), train[1].Name);
        Assert.Equal(Enumerable.Repeat(LabelMap.Ignored, 6), Labels(Assert.Single(spec.Open(DatasetSplit.Test))));
        // The classes of a model are taken before anything else.
        ClassLabel[] two = [new("wall"), new("sky")];
        ISegmentationDataset named = spec.Open(DatasetSplit.Train, two);
        Assert.Equal(["wall", "sky"], named.ClassNames);
        Assert.EndsWith(
            "a.png: The pixel (0, 1) has the label 150; there are 0 to 2, and 255 for none.",
            Assert.Throws<DatasetException>(() => named[0].ReadAnnotations()).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Any_two_folders_are_read()
    {
        AddImage("i/x/1.bmp");
        AddImage("j/1.bmp");
        AddMap("l/x/1.png", 0, 1, 255, 0, 0, 1);
        AddMap("l/x/2.png", 0);
        AddMap("m/1.png", 1, 1, 1, 1, 1, 1);
        string classes = Write("classes.txt", "road #804080\n\ntraffic light\n");
        SegmentationSpec spec = SegmentationSpec.Parse($"pairs:{At("i")},{At("l")}?classes={classes}");
        Assert.False(spec.HasSeparateSplits);
        ISegmentationDataset set = spec.Open(DatasetSplit.Train);
        Assert.Equal(["road", "traffic light"], set.ClassNames);
        Assert.Equal([Color.FromArgb(0x80, 0x40, 0x80), null], set.Classes.Select(label => label.Color));
        Assert.Equal([0, 1, 255, 0, 0, 1], Labels(Assert.Single(set)));
        Assert.Equal([$"1 label map without an image left out ({At("l/x/2.png")})"], set.Notes);
        spec = SegmentationSpec.Parse($"pairs:{At("i")},{At("l")}?classes={classes}&val={At("j")},{At("m")}");
        Assert.True(spec.HasSeparateSplits);
        Assert.Equal(At("i/x/1.bmp"), Assert.Single(spec.Open(DatasetSplit.Train)).Name);
        Assert.Equal([1, 1, 1, 1, 1, 1], Labels(Assert.Single(spec.Open(DatasetSplit.Test))));
    }

    [Fact]
    public void Cityscapes_is_read_by_its_endings_and_a_map()
    {
        foreach (string part in new[] { "train", "val" })
        {
            AddImage($"leftImg8bit/{part}/ulm/ulm_1_leftImg8bit.bmp");
            AddMap($"gtFine/{part}/ulm/ulm_1_gtFine_labelIds.png", 0, 7, 8, 7, 255, 3);
            AddMap($"gtFine/{part}/ulm/ulm_1_gtFine_instanceIds.png", 1);
        }

        string classes = Write("classes.txt", "road\nside walk"),
            map = Write("map.txt", "0 255\n3 255\n7 road\n8 1\n");
        SegmentationSpec spec = SegmentationSpec.Parse(
            $"pairs:{At("leftImg8bit")},{At("gtFine")}?classes={classes}&map={map}&images=_leftImg8bit.bmp&labels=_gtFine_labelIds.png"
        );
        Assert.True(spec.HasSeparateSplits);
        foreach (DatasetSplit split in new[] { DatasetSplit.Train, DatasetSplit.Test })
        {
            ISegmentationDataset set = spec.Open(split);
            Assert.Equal([255, 0, 1, 0, 255, 255], Labels(Assert.Single(set)));
            Assert.Empty(set.Notes);
        }

        File.WriteAllText(map, "7 side walk");
        Assert.EndsWith(
            $"labelIds.png: The pixel (0, 0) has the label 0; there are what '{map}' lists, and 255 for none.",
            Assert.Throws<DatasetException>(() => spec.Open(DatasetSplit.Train)[0].ReadAnnotations()).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("", "The file says nothing.")]
    [InlineData("1", "Line 1 is not a number from 0 to 255 and a class: '1'.")]
    [InlineData("1 road\n256 road", "Line 2 is not a number from 0 to 255 and a class: '256 road'.")]
    [InlineData("1 lane", "Line 1: There is no class 'lane' among 1.")]
    [InlineData("1 1", "Line 1: There is no class '1' among 1.")]
    [InlineData("1 0\n1 road", "Line 2: The number 1 is given twice.")]
    public void Wrong_maps_are_one_clear_error(string text, string problem)
    {
        string path = Write("map.txt", text);
        DatasetException wrong = Assert.Throws<DatasetException>(() => PixelLabels.Read(path, [new ClassLabel("road")]));
        Assert.Equal((path, problem), (wrong.DatasetPath, wrong.Problem));
    }

    [Theory]
    [InlineData("", "The file names no class.")]
    [InlineData("a\nb\na #112233", "Line 3: The class 'a' is named twice.")]
    public void Wrong_lists_of_classes_are_one_clear_error(string text, string problem)
    {
        string path = Write("classes.txt", text);
        DatasetException wrong = Assert.Throws<DatasetException>(() => PixelLabels.ReadClasses(path));
        Assert.Equal((path, problem), (wrong.DatasetPath, wrong.Problem));
        File.WriteAllLines(path, Enumerable.Range(0, 256).Select(i => $"class {i}"));
        Assert.Contains("names more than 255 classes", Assert.Throws<DatasetException>(() => PixelLabels.ReadClasses(path)).Message);
    }

    [Fact]
    public void What_does_not_fit_is_one_clear_error()
    {
        string classes = Write("classes.txt", "a\nb");
        SegmentationSpec spec = SegmentationSpec.Parse($"pairs:{At("i")},{At("l")}?classes={classes}");
        Assert.Equal($"There is no folder '{At("i")}'.", Refused<DatasetSpecException>(() => spec.Open(DatasetSplit.Train)));
        Directory.CreateDirectory(At("i"));
        Directory.CreateDirectory(At("l"));
        Assert.StartsWith(
            $"{At("i")}: There is no image whose name ends in .jpg,",
            Refused<DatasetException>(() => spec.Open(DatasetSplit.Train))
        );
        AddImage("i/1.bmp");
        Assert.Equal(
            $"{At("l/1.png")}: There is no label map of the image '{At("i/1.bmp")}'.",
            Refused<DatasetException>(() => spec.Open(DatasetSplit.Train))
        );
        AddImage("i/2.bmp");
        Assert.EndsWith("1.bmp', nor of 1 more.", Refused<DatasetException>(() => spec.Open(DatasetSplit.Train)));
        AddMap("l/1.png", 0, 1, 2, 0, 0, 0);
        IndexPng.Save(At("l/2.png"), [0, 1], 2, 1, Palette);
        ISegmentationDataset set = spec.Open(DatasetSplit.Train);
        Assert.Equal(
            $"{At("l/1.png")}: The pixel (2, 0) has the label 2; there are 0 to 1, and 255 for none.",
            Refused<DatasetException>(() => set[0].ReadAnnotations())
        );
        Assert.Equal(
            $"{At("l/2.png")}: The label map has 2 x 1 pixels, its image '{At("i/2.bmp")}' 3 x 2.",
            Refused<DatasetException>(() => set[1].ReadAnnotations())
        );
        File.WriteAllBytes(At("l/1.png"), "no image"u8);
        Assert.Throws<ImageFormatException>(() => set[0].ReadAnnotations());
        File.Copy(At("i/1.bmp"), At("i/1.dib.bmp"));
        File.Move(At("i/1.dib.bmp"), At("i/1.png"));
        Assert.Contains("Another image has the same label map", Refused<DatasetException>(() => spec.Open(DatasetSplit.Train)));
    }

    [Fact]
    public void A_part_to_train_on_alone_is_told()
    {
        AddImage("i/train/1.bmp");
        AddMap("l/train/1.png", 0, 0, 0, 0, 0, 0);
        SegmentationSpec spec = SegmentationSpec.Parse($"pairs:{At("i")},{At("l")}?classes={Write("classes.txt", "a")}");
        Assert.False(spec.HasSeparateSplits);
        Assert.Single(spec.Open(DatasetSplit.Train));
        Assert.Equal(
            $"The folder '{At("i")}' has a folder to train on but none to evaluate on, such as 'val'; "
                + "'?val=IMAGES,LABELS' names two others.",
            Refused<DatasetSpecException>(() => spec.Open(DatasetSplit.Test))
        );
    }

    [Theory]
    [InlineData("folder:x", "'folder:x' does not say what it is; write ade20k:PATH, pairs:IMAGES,LABELS or scenes")]
    [InlineData("ade20k", "'ade20k' names no path")]
    [InlineData("ade20k:x?map=y", "the unknown option 'map'; there are classes")]
    [InlineData("pairs:x", "'pairs:x': 'x' is not two folders with a comma between, IMAGES,LABELS")]
    [InlineData("pairs:x,y,z", "'x,y,z' is not two folders")]
    [InlineData("pairs:x,y?val=z", "'z' is not two folders")]
    [InlineData("pairs:x,y?size=3", "the unknown option 'size'; there are classes, map, val, images, labels")]
    [InlineData("scenes?map=y", "the unknown option 'map'; there are seed, count, testcount, size")]
    public void Wrong_texts_are_refused(string text, string problem) =>
        Assert.Contains(problem, Refused<DatasetSpecException>(() => SegmentationSpec.Parse(text, _ => "x")), StringComparison.Ordinal);

    [Fact]
    public void Classes_have_to_be_named()
    {
        Assert.Equal(
            "'pairs:x,y' does not name the classes; '?classes=FILE' names a file with one in each line.",
            Refused<DatasetSpecException>(() => SegmentationSpec.Parse("pairs:x,y").Open(DatasetSplit.Train))
        );
        Assert.Equal(
            "There is no file '/nowhere' of class names.",
            Refused<DatasetSpecException>(() => SegmentationSpec.Parse("ade20k:x?classes=/nowhere").Open(DatasetSplit.Train))
        );
        Assert.True(SegmentationSpec.IsSegmentation("ade20k:x") && SegmentationSpec.IsSegmentation("scenes?seed=2"));
        Assert.False(SegmentationSpec.IsSegmentation("folder:ade20k:x") || SegmentationSpec.IsSegmentation("coco-pose:x"));
    }

    private static string Refused<T>(Func<object> action)
        where T : Exception => Assert.Throws<T>(action).Message;

    private static IEnumerable<byte> Labels(ImageItem item) => Assert.IsType<LabelMap>(Assert.Single(item.ReadAnnotations())).Labels;

    private string At(string name) => _folder.File(name);

    private string Write(string name, string text)
    {
        File.WriteAllText(At(name), text);
        return At(name);
    }

    // Three by two pixels.
    private void AddImage(string name)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        byte[] head = [.. "BM"u8, .. new byte[8], 26, 0, 0, 0, 12, 0, 0, 0, 3, 0, 2, 0, 1, 0, 24, 0];
        File.WriteAllBytes(At(name), [.. head, .. new byte[24]]);
    }

    private void AddMap(string name, params byte[] labels)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        IndexPng.Save(At(name), labels, labels.Length == 6 ? 3 : 1, labels.Length == 6 ? 2 : 1, Palette);
    }
}
