using System.Collections.Immutable;
using MogaSharp.Imaging;
using MogaSharp.Testing;
using MogaSharp.Vision;

namespace MogaSharp.Data.Tests;

/// <summary>Data sets of objects as users name them.</summary>
public sealed class DetectionSpecTests : IDisposable
{
    private const string Annotations = """
        { "images": [
            { "id": 7, "width": 8, "height": 6, "file_name": "a.png" },
            { "id": 9, "width": 8, "height": 6, "file_name": "b.png" } ],
          "annotations": [
            { "id": 1, "image_id": 7, "category_id": 20, "bbox": [1, 1, 4, 3], "area": 12, "iscrowd": 0,
              "segmentation": [[1, 1, 5, 1, 5, 4, 1, 4]] },
            { "id": 2, "image_id": 7, "category_id": 3, "bbox": [0, 0, 8, 6], "area": 48, "iscrowd": 1,
              "segmentation": { "size": [6, 8], "counts": [0, 48] } } ],
          "categories": [ { "id": 20, "name": "cat" }, { "id": 3, "name": "dog" } ] }
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void COCO_s_files_have_images_objects_and_the_numbers_of_both()
    {
        DetectionSpec spec = DetectionSpec.Parse($"coco:{Write()},{_folder.File("images")}");
        Assert.False(spec.HasSeparateSplits);
        IDetectionDataset set = spec.Open(DatasetSplit.Train);
        Assert.Equal(["cat", "dog"], set.ClassNames);
        Assert.Equal((2, 7, 9), (set.Count, (int)set.ImageIdOf(0), (int)set.ImageIdOf(1)));
        Assert.Equal((20, 3), ((int)set.CategoryIdOf(0), (int)set.CategoryIdOf(1)));
        Assert.Equal(new ImageSize(8, 6), set.SizeOf(1));
        AnnotatedObject[] objects = [.. set[0].ReadAnnotations().OfType<ObjectAnnotation>().Select(one => one.Object)];
        Assert.Equal([(0, false, 12), (1, true, 48)], objects.Select(one => (one.Label, one.IsCrowd, one.Mask!.Area)));
        Assert.Empty(set[1].ReadAnnotations());
    }

    [Fact]
    public void Classes_that_are_given_decide_the_labels()
    {
        DetectionSpec spec = DetectionSpec.Parse($"coco:{Write()},{_folder.File("images")}");
        ImmutableArray<ClassLabel> classes = [new("bird"), new("dog"), new("cat")];
        IDetectionDataset set = spec.Open(DatasetSplit.Train, classes);
        Assert.Equal([2, 1], set[0].ReadAnnotations().OfType<ObjectAnnotation>().Select(one => one.Object.Label));
        Assert.Equal((3, 20), ((int)set.CategoryIdOf(1), (int)set.CategoryIdOf(2)));
        string message = Assert.Throws<DatasetException>(() => spec.Open(DatasetSplit.Train, [new ClassLabel("dog")])).Message;
        Assert.Contains("categories[0]", message, StringComparison.Ordinal);
        Assert.Contains("There is no class 'cat' among 'dog'.", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("coco:", "names no path; write coco:FOLDER, coco:FILE,IMAGES or scenes.")]
    [InlineData("coco:a,b,c", "'a,b,c' is not a file and a folder with a comma between, FILE,IMAGES.")]
    [InlineData("coco:a.json,b?val=c", "'c' is not a file and a folder with a comma between, FILE,IMAGES.")]
    public void A_text_that_names_no_data_says_what_to_write(string text, string problem) =>
        Assert.EndsWith(problem, Assert.Throws<DatasetSpecException>(() => DetectionSpec.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Files_that_are_missing_are_named()
    {
        string file = Write();
        File.Delete(_folder.File("images/b.png"));
        Assert.Contains(
            "b.png",
            Assert
                .Throws<DatasetException>(() => DetectionSpec.Parse($"coco:{file},{_folder.File("images")}").Open(DatasetSplit.Train))
                .Message,
            StringComparison.Ordinal
        );
        Assert.EndsWith(
            "instances_train2017.json'.",
            Assert.Throws<DatasetSpecException>(() => DetectionSpec.Parse("coco:/nowhere").Open(DatasetSplit.Train)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "There is no folder '/nowhere'.",
            Assert.Throws<DatasetSpecException>(() => DetectionSpec.Parse($"coco:{file},/nowhere").Open(DatasetSplit.Train)).Message
        );
    }

    private string Write()
    {
        Directory.CreateDirectory(_folder.File("images"));
        foreach (string name in new[] { "a", "b" })
            new RgbImage(8, 6, new byte[8 * 6 * 3]).SavePng(_folder.File($"images/{name}.png"));
        File.WriteAllText(_folder.File("truth.json"), Annotations);
        return _folder.File("truth.json");
    }
}
