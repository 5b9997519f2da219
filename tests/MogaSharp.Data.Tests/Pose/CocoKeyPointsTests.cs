using System.Text;
using System.Text.Json;
using MogaSharp.Testing;
using MogaSharp.Vision;

namespace MogaSharp.Data.Tests;

public sealed class CocoKeyPointsTests : IDisposable
{
    private const string Images = """{"id": 7, "width": 40, "height": 30, "file_name": "a/7.jpg"}""";

    private static readonly string TruthFile = Repository.Fixture("dense", "metrics", "keypoints_gt.json");
    private static readonly string ResultFile = Repository.Fixture("dense", "metrics", "keypoints_results.json");
    private static readonly string Points = string.Join(", ", Enumerable.Repeat("1.5, 2, 1", 17));
    private static readonly int Rounds = Environment.GetEnvironmentVariable("MOGA_LONG_TESTS") == "1" ? 20_000 : 400;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Files_in_and_figures_out_are_those_of_pycocotools()
    {
        CocoKeyPoints truth = CocoKeyPoints.Load(TruthFile);
        CocoKeyPointMetrics metrics = truth.CreateMetrics();
        foreach ((long image, PersonPose pose) in CocoPoseResults.Load(ResultFile, truth))
            metrics.Add(image, pose);
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllText(Repository.Fixture("dense", "metrics", "coco_expected.json")));
        double[] stats =
        [
            .. expected.RootElement.GetProperty("keypoints").GetProperty("stats").EnumerateArray().Select(value => value.GetDouble()),
        ];
        foreach ((double value, (string name, double figure)) in stats.Zip(metrics.Figures()))
            Assert.True(Math.Abs(value - figure) <= 1e-9, $"{name} is {figure}, not {value}");
    }

    [Fact]
    public void Images_and_persons_are_those_of_the_file()
    {
        CocoKeyPoints truth = CocoKeyPoints.Load(TruthFile);
        Assert.Equal((20, 51, 1), (truth.Images.Length, truth.Images.Sum(image => image.Persons.Length), truth.CategoryId));
        CocoImage image = truth.Find(518)!;
        Assert.Equal(("000518.jpg", new ImageSize(480, 360)), (image.FileName, image.Size));
        AnnotatedPerson crowd = Assert.Single(image.Persons, person => person.IsCrowd);
        Assert.False(crowd.IsIgnored);
        Assert.Equal(2, truth.Images.Sum(one => one.Persons.Count(person => person.IsIgnored)));
        AnnotatedPerson first = truth.Images[0].Persons[0];
        Assert.Equal((new Box(244.78, 76.4, 18.9, 31.72), 275.95), (first.Box, first.Area));
        Assert.Equal(new KeyPoint(245, 80, KeyPointVisibility.Visible), first.Points[0]);
        Assert.Null(truth.Find(1));
    }

    [Fact]
    public void Results_that_were_written_are_read_again()
    {
        CocoKeyPoints truth = CocoKeyPoints.Load(TruthFile);
        (long, PersonPose)[] poses = [.. CocoPoseResults.Load(ResultFile, truth)];
        string path = _folder.File("results.json");
        CocoPoseResults.Save(path, poses, truth.CategoryId);
        Assert.Equal(poses, CocoPoseResults.Load(path, truth));
    }

    [Fact]
    public void Results_that_are_no_numbers_are_not_written()
    {
        PersonPose pose = new(default, double.NaN, [new PosePoint(1, 2, 0.5)]);
        ArgumentException wrong = Assert.Throws<ArgumentException>(() => CocoPoseResults.Save(_folder.File("results.json"), [(7, pose)]));
        Assert.StartsWith("A pose in the image 7 has a number that is not finite.", wrong.Message);
        Assert.Empty(Directory.GetFiles(_folder.FullName));
    }

    [Fact]
    public void What_is_not_told_has_a_default()
    {
        CocoKeyPoints truth = CocoKeyPoints.Load(Write(TruthText(Images, Annotation())));
        AnnotatedPerson person = Assert.Single(Assert.Single(truth.Images).Persons);
        Assert.False(person.IsCrowd || person.IsIgnored);
        string unlabeled = string.Join(", ", Enumerable.Repeat("0, 0, 0", 17));
        truth = CocoKeyPoints.Load(Write(TruthText(Images, Annotation(points: unlabeled))));
        Assert.True(truth.Images[0].Persons[0].IsIgnored);
        truth = CocoKeyPoints.Load(Write(TruthText(Images, "")));
        Assert.Equal((1, 0), (truth.CategoryId, truth.Images[0].Persons.Length));
    }

    public static TheoryData<string, string> WrongFiles =>
        new()
        {
            { "", "Line 1: The input does not contain any JSON tokens." },
            { "null", "The file is nothing but 'null'." },
            { "[]", "Line 1: The value is of another kind than is needed here." },
            { """{"images": []}""", "Line 1: There is no 'annotations'." },
            { TruthText("null", ""), "The entry 'images[0]': It is null." },
            { TruthText(Images, "null"), "The entry 'annotations[0]': It is null." },
            { TruthText(Images + ", " + Images, ""), "The entry 'images[1]': The id 7 is given twice." },
            { TruthText(Images.Replace("40", "0"), ""), "The entry 'images[0]': A size of 0 x 30 pixels is impossible." },
            { TruthText(Images.Replace("a/7", "a/../../7"), ""), "The entry 'images[0]': The file name 'a/../../7.jpg' is not that" },
            { TruthText(Images.Replace("a/7", "/etc/7"), ""), "The entry 'images[0]': The file name '/etc/7.jpg' is not that" },
            { TruthText(Images, Annotation() + ", " + Annotation()), "The entry 'annotations[1]': The id 3 is given twice." },
            { TruthText(Images, Annotation(image: 8)), "The entry 'annotations[0]': There is no image with the id 8." },
            {
                TruthText(Images, Annotation() + ", " + Annotation(id: 4, category: 2)),
                "The entry 'annotations[1]': The category is 2, the first one is 1; only one can be read."
            },
            { TruthText(Images, Annotation(box: "1, 2, 3")), "The entry 'annotations[0]': The 'bbox' is not x, y, width and height." },
            { TruthText(Images, Annotation(box: "1, 2, -3, 4")), "The entry 'annotations[0]': The 'bbox' is not x, y, width and height." },
            { TruthText(Images, Annotation(area: "-1")), "The entry 'annotations[0]': The area -1 is not a finite number from 0." },
            {
                TruthText(Images, Annotation(area: "1e999")),
                "The entry 'annotations[0]': The area Infinity is not a finite number from 0."
            },
            {
                TruthText(Images, Annotation(points: Points + ", 3")),
                "The entry 'annotations[0]': There are 52 numbers in 'keypoints'; 17 joints have 51."
            },
            {
                TruthText(Images, Annotation(points: Points.Replace("2, 1", "2, 3"))),
                "The entry 'annotations[0]': The visibility 3 of a key point is not 0, 1 or 2."
            },
            { TruthText(Images, Annotation(points: Points.Replace("1.5", "NaN"))), "Line 1 in 'annotations[0]': 'N' is an invalid" },
            {
                TruthText(Images, Annotation(points: Points.Replace("1.5", "1e999"))),
                "The entry 'annotations[0]': 'keypoints': A finite number is"
            },
            {
                TruthText(Images, Annotation(points: Points.Replace("1.5", "null"))),
                "The entry 'annotations[0]': 'keypoints': A finite number is"
            },
            {
                TruthText(Images, Annotation(points: string.Join(",", Enumerable.Repeat("0", 1001)))),
                "The entry 'annotations[0]': 'keypoints': The list has more than 1000 numbers."
            },
            {
                TruthText(Images, """{"id": 3, "image_id": 7}"""),
                "The entry 'annotations[0]': There is no 'category_id', 'bbox', 'area', 'keypoints'."
            },
            { TruthText(Images.Replace("a/7", "\\ud800"), ""), "The entry 'images[0]': 'file_name': The value is of another kind" },
            { TruthText(Images.Replace("40", "4.5"), ""), "The entry 'images[0]': 'width': The value is of another kind" },
            { """{"images": null, "annotations": []}""", "Line 1 in 'images': The value is of another kind" },
            {
                TruthText(Images, Annotation(points: Points.Replace("1.5", "1.5."))),
                "Line 1 in 'annotations[0]': '.' is an invalid end of a number."
            },
        };

    [Theory]
    [MemberData(nameof(WrongFiles))]
    public void A_wrong_file_is_one_clear_error(string text, string problem)
    {
        string path = Write(text);
        DatasetException wrong = Assert.Throws<DatasetException>(() => CocoKeyPoints.Load(path));
        Assert.Equal(path, wrong.DatasetPath);
        Assert.StartsWith(problem, wrong.Problem, StringComparison.Ordinal);
        Assert.EndsWith(".", wrong.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""[{"image_id": 8, "category_id": 1, "keypoints": [POINTS], "score": 1}]""", "There is no image with the id 8 in '")]
    [InlineData(
        """[{"image_id": 7, "category_id": 2, "keypoints": [POINTS], "score": 1}]""",
        "The category is 2, that of the images is 1."
    )]
    [InlineData("""[{"image_id": 7, "category_id": 1, "keypoints": [POINTS], "score": 1e999}]""", "The score is not a finite number.")]
    [InlineData("""[{"image_id": 7, "category_id": 1, "keypoints": [1, 2, 3], "score": 1}]""", "There are 3 numbers in 'keypoints';")]
    [InlineData("[null]", "It is null.")]
    public void Wrong_results_are_one_clear_error(string text, string problem)
    {
        CocoKeyPoints truth = CocoKeyPoints.Load(Write(TruthText(Images, "")));
        string path = Write(text.Replace("POINTS", Points), "results.json");
        DatasetException wrong = Assert.Throws<DatasetException>(() => CocoPoseResults.Load(path, truth));
        Assert.StartsWith($"The entry '[0]': {problem}", wrong.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_one_exception_escapes_from_changed_files()
    {
        CocoKeyPoints truth = CocoKeyPoints.Load(TruthFile);
        byte[] annotations = Encoding.UTF8.GetBytes(TruthText(Images, Annotation() + ", " + Annotation(id: 4))),
            results = File.ReadAllBytes(ResultFile)[..4000];
        results = [.. results[..Array.LastIndexOf(results, (byte)'}')], .. "}]"u8];
        Assert.NotEmpty(CocoPoseResults.Load(Write(results), truth));
        var random = new Random(4);
        int read = 0;
        for (int round = 0; round < Rounds; round++)
        {
            try
            {
                CocoKeyPoints.Load(Write(ChangedJson.Of(annotations, random)));
                read++;
            }
            catch (DatasetException) { }
            try
            {
                CocoPoseResults.Load(Write(ChangedJson.Of(results, random)), truth);
                read++;
            }
            catch (DatasetException) { }
        }

        // Changes that are all refused, or none, would test nothing.
        Assert.InRange(read, Rounds / 50, Rounds);
    }

    private string Write(string text, string name = "file.json") => Write(Encoding.UTF8.GetBytes(text), name);

    private string Write(byte[] content, string name = "file.json")
    {
        string path = _folder.File(name);
        File.WriteAllBytes(path, content);
        return path;
    }

    private static string TruthText(string images, string annotations) =>
        $"{{\"images\": [{images}], \"annotations\": [{annotations}], \"info\": {{\"year\": 2017}}}}";

    private static string Annotation(
        int id = 3,
        int image = 7,
        int category = 1,
        string box = "1, 2, 3, 4",
        string area = "12",
        string? points = null
    ) =>
        $$"""{"id": {{id}}, "image_id": {{image}}, "category_id": {{category}}, "bbox": [{{box}}], "area": {{area}}, """
        + $$""" "segmentation": [[1]], "keypoints": [{{points ?? Points}}]}""";
}
