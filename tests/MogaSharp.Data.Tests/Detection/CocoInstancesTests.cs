using System.Text;
using MogaSharp.Imaging;
using MogaSharp.Testing;
using MogaSharp.Vision;

namespace MogaSharp.Data.Tests;

public sealed class CocoInstancesTests : IDisposable
{
    private const string Image = """{"id": 7, "width": 4, "height": 3, "file_name": "a/7.jpg"}""";
    private const string Category = """{"id": 18, "name": "dog", "supercategory": "animal"}""";

    private static readonly string TruthFile = Repository.Fixture("dense", "metrics", "instances_gt.json");
    private static readonly int Rounds = Environment.GetEnvironmentVariable("MOGA_LONG_TESTS") == "1" ? 20_000 : 400;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Images_categories_and_objects_are_those_of_the_file()
    {
        CocoInstances truth = CocoInstances.Load(TruthFile);
        Assert.Equal(["person", "car", "dog", "toothbrush"], truth.Categories.Select(category => category.Name));
        Assert.Equal([1, 3, 18, 90], truth.Categories.Select(category => category.Number!.Value));
        Assert.Equal((2, 3, null), (truth.LabelOf(18), truth.LabelOf(90), truth.LabelOf(2)));
        Assert.Equal(20, truth.Images.Length);
        AnnotatedImage image = truth.Find(1000)!;
        Assert.Same(truth.Images[0], image);
        Assert.Null(truth.Find(1));
        Assert.Equal(("001000.jpg", new ImageSize(320, 320), 4), (image.FileName, image.Size, image.Objects.Length));
        AnnotatedObject first = image.Objects[0];
        Assert.Equal((new Box(28, 129, 11.9, 10.95), 98.99, 2, false), (first.Box, first.Area, first.Label, first.IsCrowd));
        Assert.InRange(first.Mask!.Area, 90, 110);
        Assert.Contains(truth.Images.SelectMany(one => one.Objects), one => one.IsCrowd && one.Mask!.Area > 0);
    }

    [Theory]
    [InlineData("[[1, 0, 3, 0, 3, 2, 1, 2]]", 4)]
    [InlineData("[[1, 0, 2, 0, 2, 2, 1, 2], [2, 0, 3, 0, 3, 2, 2, 2]]", 4)]
    [InlineData("""{"size": [3, 4], "counts": [3, 5, 4]}""", 5)]
    [InlineData("""{"counts": "354", "size": [3, 4], "more": [{}]}""", 5)]
    public void Masks_are_polygons_or_runs(string segmentation, int area)
    {
        AnnotatedObject one = Single(Annotation(segmentation: segmentation));
        Assert.Equal((area, new ImageSize(4, 3)), (one.Mask!.Area, one.Mask.Size));
        Assert.Equal(12, one.Area);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    public void Without_a_segmentation_there_is_no_mask(string segmentation)
    {
        Assert.Null(Single(Annotation(segmentation: segmentation)).Mask);
        string path = Write(FileOf(Annotation(segmentation: segmentation)));
        CocoInstances truth = CocoInstances.Load(path);
        Assert.Equal(12, truth.CreateMetrics().Figures().Count);
        Assert.Equal(
            "The image 7 ('a/7.jpg') has an object without a 'segmentation'; masks cannot be compared.",
            Assert.Throws<DatasetException>(() => truth.CreateMetrics(CocoComparison.Masks)).Problem
        );
    }

    [Fact]
    public void Without_an_area_it_is_that_of_the_mask_or_the_box()
    {
        string without = Annotation().Replace("\"area\": 12, ", "");
        Assert.Equal(4, Single(without).Area);
        Assert.Equal(5, Single(without.Replace("[]", """{"size": [3, 4], "counts": [3, 5, 4]}""")).Area);
        Assert.True(Single(Annotation().Replace("\"area\"", "\"iscrowd\": 1, \"area\"")).IsCrowd);
    }

    [Fact]
    public void There_may_be_no_object_and_there_may_be_many()
    {
        Assert.Empty(Assert.Single(CocoInstances.Load(Write(FileOf(""))).Images).Objects);
        CocoInstances truth = CocoInstances.Load(Write("""{"images": [], "annotations": [], "categories": []}"""));
        Assert.Empty(truth.Images);
        Assert.Equal("There is no category.", Assert.Throws<DatasetException>(() => truth.CreateMetrics()).Problem);
        string many = string.Join(",", Enumerable.Range(0, 10_000).Select(id => Annotation(id: id)));
        Assert.Equal(10_000, CocoInstances.Load(Write(FileOf(many))).Images[0].Objects.Length);
    }

    // A polygon that crosses a wide image has a run or two in each column.
    [Fact]
    public void Small_files_do_not_become_large_masks()
    {
        string image = Image.Replace("4", "30000"),
            polygon = Annotation(segmentation: "[[0, 0, 30000, 0, 30000, 2]]");
        string path = Write(FileOf(polygon + ", " + Annotation(id: 4, segmentation: "[[0, 0, 30000, 0, 30000, 2]]"), image));
        int runs = CocoInstances.Load(path).Images[0].Objects.Sum(one => one.Mask!.Runs.Length);
        Assert.InRange(runs, 10_000, 200_000);
        Assert.Equal(2, CocoInstances.Load(path, null, ImageLimits.Default, runs).Images[0].Objects.Length);
        DatasetException wrong = Assert.Throws<DatasetException>(() => CocoInstances.Load(path, _ => { }, ImageLimits.Default, runs - 1));
        Assert.Equal($"The masks have more than {runs - 1} runs.", wrong.Problem);
    }

    public static TheoryData<string, string> WrongFiles =>
        new()
        {
            { "", "Line 1: The input does not contain any JSON tokens." },
            { "null", "The file is nothing but 'null'." },
            { "[]", "Line 1: The value is of another kind than is needed here." },
            { """{"images": [], "annotations": []}""", "Line 1: There is no 'categories'." },
            { """{"images": [], "annotations": {}, "categories": []}""", "Line 1 in 'annotations': The value is of another kind" },
            { FileOf(Annotation(box: "1, 2, NaN, 4")), "Line 1 in 'annotations[0]" },
            { FileOf("null"), "The entry 'annotations[0]': It is null." },
            { FileOf("", Image + ", " + Image), "The entry 'images[1]': The id 7 is given twice." },
            {
                FileOf("", Image + ", " + Image.Replace("7,", "8,")),
                "The entry 'images[1]': The file 'a/7.jpg' is that of 'images[0]' too."
            },
            { FileOf("", Image.Replace("4", "0")), "The entry 'images[0]': A size of 0 x 3 pixels is impossible." },
            { FileOf("", Image.Replace("4", "40000")), "The entry 'images[0]': A size of 40000 x 3 pixels is more than the limit" },
            { FileOf("", Image.Replace("a/7", "../7")), "The entry 'images[0]': The file name '../7.jpg' is not that of a file" },
            { FileOf("", Image.Replace("4", "4.5")), "The entry 'images[0]': 'width': The value is of another kind than is needed here." },
            { FileOf("", categories: Category + ", " + Category), "The entry 'categories[1]': The id 18 is given twice." },
            { FileOf("", categories: "{\"id\": 18}"), "The entry 'categories[0]': There is no 'name'." },
            { FileOf(Annotation() + ", " + Annotation()), "The entry 'annotations[1]': The id 3 is given twice." },
            { FileOf(Annotation(image: 8)), "The entry 'annotations[0]': There is no image with the id 8." },
            { FileOf(Annotation(category: 1)), "The entry 'annotations[0]': There is no category with the id 1." },
            { FileOf(Annotation(box: "1, 2, 3")), "The entry 'annotations[0]': The 'bbox' is not x, y, width and height." },
            { FileOf(Annotation(box: "1, 2, -3, 4")), "The entry 'annotations[0]': The 'bbox' is not x, y, width and height." },
            { FileOf(Annotation(box: "1, 2, 1e999, 4")), "The entry 'annotations[0]': 'bbox': A finite number is needed." },
            { FileOf(Annotation(area: "-1")), "The entry 'annotations[0]': The area -1 is not a finite number from 0." },
            { FileOf("""{"id": 3, "image_id": 7}"""), "The entry 'annotations[0]': There is no 'category_id', 'bbox'." },
            { FileOf(Annotation(segmentation: "3")), "The entry 'annotations[0]': 'segmentation': Polygons or runs are needed." },
            { FileOf(Annotation(segmentation: "[3]")), "The entry 'annotations[0]': 'segmentation': A list of numbers is needed." },
            { FileOf(Annotation(segmentation: "[[1, 2, 3, 4]]")), "The entry 'annotations[0]': A polygon has 4 coordinates" },
            {
                FileOf(Annotation(segmentation: "[[1, 2, 3, 4, 5, null]]")),
                "The entry 'annotations[0]': 'segmentation': A finite number is needed."
            },
            {
                FileOf(Annotation(segmentation: """{"size": [4, 3], "counts": [12]}""")),
                "The entry 'annotations[0]': The mask is of 3 x 4, its image of 4 x 3."
            },
            {
                FileOf(Annotation(segmentation: """{"size": [3, 4], "counts": [11]}""")),
                "The entry 'annotations[0]': The runs of the mask have 11 pixels, an image of 4 x 3 has 12."
            },
            {
                FileOf(Annotation(segmentation: """{"size": [3, 4], "counts": [-1, 13]}""")),
                "The entry 'annotations[0]': 'segmentation': A run of -1 pixels is impossible."
            },
            {
                FileOf(Annotation(segmentation: """{"size": [3, 4], "counts": "35P"}""")),
                "The entry 'annotations[0]': The code of the mask ends within a number."
            },
            {
                FileOf(Annotation(segmentation: """{"size": [3], "counts": [12]}""")),
                "The entry 'annotations[0]': 'segmentation': The 'size' is not height and width."
            },
            {
                FileOf(Annotation(segmentation: """{"counts": [12]}""")),
                "The entry 'annotations[0]': 'segmentation': Runs have a 'size' and 'counts'."
            },
        };

    [Theory]
    [MemberData(nameof(WrongFiles))]
    public void A_wrong_file_is_one_clear_error(string text, string problem)
    {
        string path = Write(text);
        DatasetException wrong = Assert.Throws<DatasetException>(() => CocoInstances.Load(path));
        Assert.Equal(path, wrong.DatasetPath);
        Assert.StartsWith(problem, wrong.Problem, StringComparison.Ordinal);
        Assert.EndsWith(".", wrong.Message, StringComparison.Ordinal);
        if (!problem.StartsWith("The entry", StringComparison.Ordinal))
            return;
        // The same fault is told to who collects faults, and nothing else is.
        List<DatasetFault> faults = [];
        CocoInstances.Load(path, faults.Add);
        Assert.Equal(wrong.Message, Assert.Single(faults).ToString());
    }

    [Fact]
    public void All_faults_are_told_and_what_is_left_is_read()
    {
        string path = Write(
            FileOf(
                string.Join(
                    ", ",
                    Annotation(),
                    Annotation(id: 4, box: "1, 2, 1e999, 4"),
                    Annotation(id: 5, image: 9),
                    Annotation(id: 6, segmentation: "[[1]]"),
                    Annotation(id: 7, image: 10),
                    Annotation(id: 8)
                ),
                Image + ", " + Image.Replace("7", "9").Replace("3", "-3") + ", {}",
                Category + ", 3"
            )
        );
        List<DatasetFault> faults = [];
        CocoInstances truth = CocoInstances.Load(path, faults.Add);
        Assert.Equal(2, Assert.Single(truth.Images).Objects.Length);
        Assert.Equal("dog", Assert.Single(truth.Categories).Name);
        Assert.Equal(
            ["images[1]", "images[2]", "categories[1]", "annotations[1]", "annotations[3]", "annotations[4]"],
            faults.Select(fault => fault.Entry)
        );
        Assert.All(faults, fault => Assert.Equal(path, fault.File));
        Assert.Equal("There is no image with the id 10.", faults[^1].Problem);
    }

    [Fact]
    public void Only_the_one_exception_escapes_from_changed_files()
    {
        string runs = """{"size": [3, 4], "counts": [3, 5, 4]}""",
            code = """{"counts": "354", "size": [3, 4]}""";
        byte[] content = Encoding.UTF8.GetBytes(
            FileOf(
                Annotation(segmentation: "[[1, 0, 3, 0, 3, 2, 1, 2]]")
                    + $", {Annotation(id: 4, segmentation: runs)}, {Annotation(id: 5, segmentation: code)}"
            )
        );
        Assert.Equal(3, CocoInstances.Load(Write(content)).Images[0].Objects.Length);
        var random = new Random(5);
        int read = 0,
            told = 0;
        for (int round = 0; round < Rounds; round++)
        {
            string path = Write(ChangedJson.Of(content, random));
            try
            {
                CocoInstances.Load(path, _ => told++);
                read++;
                CocoInstances.Load(path);
            }
            catch (DatasetException) { }
        }

        // Changes that are all refused, or none, would test nothing.
        Assert.InRange(read, Rounds / 50, Rounds);
        Assert.InRange(told, Rounds / 50, Rounds);
    }

    private AnnotatedObject Single(string annotation) =>
        Assert.Single(Assert.Single(CocoInstances.Load(Write(FileOf(annotation))).Images).Objects);

    private string Write(string text) => Write(Encoding.UTF8.GetBytes(text));

    private string Write(byte[] content)
    {
        string path = _folder.File("file.json");
        File.WriteAllBytes(path, content);
        return path;
    }

    private static string FileOf(string annotations, string images = Image, string categories = Category) =>
        $$"""{"images": [{{images}}], "annotations": [{{annotations}}], "categories": [{{categories}}], "year": 2017}""";

    private static string Annotation(
        int id = 3,
        int image = 7,
        int category = 18,
        string box = "1, 0, 2, 2",
        string area = "12",
        string segmentation = "[]"
    ) =>
        $$"""{"id": {{id}}, "image_id": {{image}}, "category_id": {{category}}, "bbox": [{{box}}], "area": {{area}}, """
        + $$""" "segmentation": {{segmentation}}}""";
}
