using MogaSharp.Testing;
using MogaSharp.Vision;

namespace MogaSharp.Data.Tests;

public sealed class PoseSpecTests : IDisposable
{
    private static readonly string Joints = string.Join(", ", Enumerable.Repeat("5, 4, 2", 17)),
        NoJoints = string.Join(", ", Enumerable.Repeat("0, 0, 0", 17));

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Folders_of_coco_are_read()
    {
        foreach (string part in new[] { "train2017", "val2017" })
        {
            Write(
                $"annotations/person_keypoints_{part}.json",
                File(Person(1, 7, "1, 2, 8, 6"), Person(2, 8, "0, 0, 4, 4", "\"iscrowd\": 1,"))
            );
            AddImage($"{part}/7.bmp");
            AddImage($"{part}/8.bmp");
        }

        PoseSpec spec = PoseSpec.Parse($"coco-pose:{_folder.FullName}");
        Assert.True(spec.HasSeparateSplits);
        IPoseDataset images = spec.OpenImages(DatasetSplit.Test);
        Assert.Equal([At("val2017/7.bmp"), At("val2017/8.bmp")], images.Select(item => item.Name));
        Assert.Equal([7, 8], Enumerable.Range(0, 2).Select(images.ImageIdOf));
        var crowd = (PersonAnnotation)Assert.Single(images[1].ReadAnnotations());
        Assert.True(crowd.Person.IsCrowd);
        Assert.Equal(SkeletonDefinition.Coco, crowd.Skeleton);
        Assert.Empty(images.Notes);
        Assert.Equal((12, 10), (images[0].ToImage().Width, images[0].ToImage().Height));
        IPoseDataset persons = spec.OpenPersons(DatasetSplit.Train);
        Assert.Equal(At("train2017/7.bmp"), Assert.Single(persons).Name);
        Assert.Equal(["1 group of people left out (8.bmp)"], persons.Notes);
        Assert.Equal(SkeletonDefinition.Coco, persons.Skeleton);
    }

    [Fact]
    public void Any_file_is_read()
    {
        string file = Write("a.json", File(Person(1, 7, "1, 2, 8, 6"), Person(2, 7, "2, 2, 8, 6")));
        AddImage("images/7.bmp");
        AddImage("images/8.bmp");
        PoseSpec spec = PoseSpec.Parse($"coco-pose:{file},{At("images")}");
        Assert.False(spec.HasSeparateSplits);
        Assert.Equal((2, 2), (spec.OpenPersons(DatasetSplit.Train).Count, spec.OpenImages(DatasetSplit.Test).Count));
        string other = Write("b.json", File(Person(1, 8, "1, 2, 8, 6")));
        spec = PoseSpec.Parse($"coco-pose:{file},{At("images")}?val={other},{At("images")}");
        Assert.True(spec.HasSeparateSplits);
        Assert.Equal(8, spec.OpenPersons(DatasetSplit.Test).ImageIdOf(0));
        Assert.Equal([7, 7], Enumerable.Range(0, 2).Select(spec.OpenPersons(DatasetSplit.Train).ImageIdOf));
    }

    [Fact]
    public void Those_who_cannot_be_trained_on_are_left_out_and_boxes_end_at_the_edges()
    {
        string file = Write(
            "a.json",
            File(
                Person(1, 7, "-3, 2, 10, 30"),
                Person(2, 7, "1, 1, 5, 5", points: NoJoints),
                Person(3, 8, "12, 2, 3, 3"),
                Person(4, 8, "3, 2, 0, 3"),
                Person(5, 8, "3, 2, 3, 3", area: 0)
            )
        );
        AddImage("7.bmp");
        AddImage("8.bmp");
        PoseSpec spec = PoseSpec.Parse($"coco-pose:{file},{_folder.FullName}");
        IPoseDataset persons = spec.OpenPersons(DatasetSplit.Train);
        // From 0 on it is 10 wide, and it ends at the center of the last row.
        Assert.Equal(new Box(0, 2, 10, 7), ((PersonAnnotation)Assert.Single(Assert.Single(persons).ReadAnnotations())).Person.Box);
        Assert.Equal(
            [
                "1 person without a joint left out (7.bmp)",
                "3 people whose box is empty or outside of the image left out (the first: 8.bmp)",
            ],
            persons.Notes
        );
        // Evaluation knows all of them, as they are in the file.
        Assert.Equal([2, 3], spec.OpenImages(DatasetSplit.Test).Select(item => item.ReadAnnotations().Length));
    }

    [Fact]
    public void What_does_not_fit_is_one_clear_error()
    {
        string file = Write("a.json", File(Person(1, 8, "1, 2, 8, 6")));
        PoseSpec spec = PoseSpec.Parse($"coco-pose:{file},{At("images")}");
        Assert.Equal($"There is no folder '{At("images")}'.", Refused<DatasetSpecException>(() => spec.OpenImages(DatasetSplit.Train)));
        AddImage("images/x.bmp");
        Assert.Equal(
            $"{file}: There is no file '{At("images/7.bmp")}', nor those of 1 more images.",
            Refused<DatasetException>(() => spec.OpenImages(DatasetSplit.Test))
        );
        Assert.Equal(
            $"{file}: There is no file '{At("images/8.bmp")}'.",
            Refused<DatasetException>(() => spec.OpenPersons(DatasetSplit.Train))
        );
        AddImage("images/8.bmp", 11);
        Assert.Equal(
            $"{At("images/8.bmp")}: The image has 11 x 10 pixels; '{file}' says 12 x 10.",
            Refused<DatasetException>(() => spec.OpenPersons(DatasetSplit.Train)[0].ReadPixels())
        );
        Write("a.json", File(Person(1, 8, "1, 2, 8, 6", points: NoJoints)));
        Assert.Equal($"{file}: There is no person to train on.", Refused<DatasetException>(() => spec.OpenPersons(DatasetSplit.Train)));
        Write("a.json", """{"images": [], "annotations": []}""");
        Assert.Equal($"{file}: There is no image.", Refused<DatasetException>(() => spec.OpenImages(DatasetSplit.Train)));
        Assert.Equal(
            "There is no file '/nowhere/annotations/person_keypoints_val2017.json'.",
            Refused<DatasetSpecException>(() => PoseSpec.Parse("coco-pose:/nowhere").OpenImages(DatasetSplit.Test))
        );
    }

    [Theory]
    [InlineData("coco:x", "'coco:x' does not say what it is; write coco-pose:FOLDER, coco-pose:FILE,IMAGES or scenes")]
    [InlineData("coco-pose", "'coco-pose' names no path")]
    [InlineData("coco-pose:a,b,c", "'a,b,c' is not a file and a folder with a comma between, FILE,IMAGES")]
    [InlineData("coco-pose:a?val=b", "'b' is not a file and a folder")]
    [InlineData("coco-pose:a?seed=3", "the unknown option 'seed'; there are val")]
    public void Wrong_texts_are_refused(string text, string problem) =>
        Assert.Contains(problem, Refused<DatasetSpecException>(() => PoseSpec.Parse(text)), StringComparison.Ordinal);

    [Fact]
    public void Scenes_are_a_kind()
    {
        foreach (string name in new[] { "train", "t10k" })
        {
            _folder.File($"{name}-images-idx3-ubyte", IdxWriter.Bytes([1, 28, 28], PlainDigits.Pixels(3)));
            _folder.File($"{name}-labels-idx1-ubyte", IdxWriter.Bytes([1], [3]));
        }

        PoseSpec spec = PoseSpec.Parse("scenes?count=5&testcount=3&size=64", _ => _folder.FullName);
        Assert.True(spec.HasSeparateSplits);
        Assert.All(spec.OpenPersons(DatasetSplit.Train), item => Assert.Single(item.ReadAnnotations()));
        Assert.Equal(3, spec.OpenImages(DatasetSplit.Test).Count);
        Assert.True(PoseSpec.IsPose("scenes") && PoseSpec.IsPose("coco-pose:x"));
        Assert.False(PoseSpec.IsPose("coco-poses:x") || PoseSpec.IsPose("ade20k:x"));
        IImageDataset labels = SegmentationSpec.Parse("scenes?count=5&size=64", _ => _folder.FullName).Open(DatasetSplit.Train);
        Assert.IsType<LabelMap>(Assert.Single(labels[0].ReadAnnotations()));
        Assert.Equal(labels[4].ToImage().Pixels, spec.OpenPersons(DatasetSplit.Train)[4].ToImage().Pixels);
    }

    private static string Refused<T>(Func<object> action)
        where T : Exception => Assert.Throws<T>(action).Message;

    private string At(string name) => _folder.File(name);

    private string Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        System.IO.File.WriteAllText(At(name), text);
        return At(name);
    }

    private void AddImage(string name, byte width = 12)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        byte[] head = [.. "BM"u8, .. new byte[8], 26, 0, 0, 0, 12, 0, 0, 0, width, 0, 10, 0, 1, 0, 24, 0];
        System.IO.File.WriteAllBytes(At(name), [.. head, .. new byte[10 * (((width * 3) + 3) & ~3)]]);
    }

    private static string File(params string[] persons) =>
        $$"""{"images": [{{Image(7)}}, {{Image(8)}}], "annotations": [{{string.Join(", ", persons)}}]}""";

    private static string Image(int id) => $$"""{"id": {{id}}, "width": 12, "height": 10, "file_name": "{{id}}.bmp"}""";

    private static string Person(int id, int image, string box, string more = "", string? points = null, int area = 20) =>
        $$"""{"id": {{id}}, "image_id": {{image}}, "category_id": 1, {{more}} "bbox": [{{box}}], "area": {{area}}, """
        + $$"""  "keypoints": [{{points ?? Joints}}]}""";
}
