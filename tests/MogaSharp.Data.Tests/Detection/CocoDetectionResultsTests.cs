using System.Text;
using System.Text.Json;
using MogaSharp.Testing;
using MogaSharp.Vision;

namespace MogaSharp.Data.Tests;

public sealed class CocoDetectionResultsTests : IDisposable
{
    private const string First = """{"image_id": 1000, "category_id": 18, "bbox": [27, 129, 11, 10], "score": 0.5}""";

    private static readonly CocoInstances Truth = CocoInstances.Load(Repository.Fixture("dense", "metrics", "instances_gt.json"));

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("bbox", "bbox", CocoComparison.Boxes)]
    [InlineData("segm", "segm", CocoComparison.Masks)]
    [InlineData("bbox_maxdets_100_300_1000", "bbox", CocoComparison.Boxes)]
    public void Files_in_and_figures_out_are_those_of_pycocotools(string name, string results, CocoComparison comparison)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Repository.Fixture("dense", "metrics", "coco_expected.json")));
        JsonElement expected = document.RootElement.GetProperty(name);
        CocoDetectionMetrics metrics = Truth.CreateMetrics(comparison, expected.TryGetProperty("names", out _) ? [100, 300, 1000] : null);
        foreach ((long image, Detection detection) in Load(results))
            metrics.Add(image, detection);
        double[] stats = [.. expected.GetProperty("stats").EnumerateArray().Select(value => value.GetDouble())];
        Assert.Equal(12, stats.Length);
        foreach ((double value, (string key, double figure)) in stats.Zip(metrics.Figures()))
            Assert.True(Math.Abs(value - figure) <= 1e-9, $"{key} is {figure}, not {value}");
    }

    [Theory]
    [InlineData("bbox")]
    [InlineData("segm")]
    public void Results_that_were_written_are_read_again(string results)
    {
        (long, Detection)[] detections = [.. Load(results)];
        string path = _folder.File("results.json");
        CocoDetectionResults.Save(path, detections, Truth.Categories);
        Assert.Equal(detections, CocoDetectionResults.Load(path, Truth));
    }

    [Fact]
    public void Without_a_box_it_is_the_one_around_the_mask()
    {
        foreach ((_, Detection detection) in Load("segm"))
            Assert.Equal(detection.Mask!.Bounds, detection.Box);
        Assert.All(Load("bbox"), one => Assert.Null(one.Detection.Mask));
    }

    [Fact]
    public void Masks_have_a_limit()
    {
        string path = Repository.Fixture("dense", "metrics", "segm_results.json");
        int runs = Load("segm").Sum(one => one.Detection.Mask!.Runs.Length);
        Assert.NotEmpty(CocoDetectionResults.Load(path, Truth, runs));
        DatasetException wrong = Assert.Throws<DatasetException>(() => CocoDetectionResults.Load(path, Truth, runs - 1));
        Assert.Equal($"The masks have more than {runs - 1} runs.", wrong.Problem);
    }

    [Fact]
    public void There_may_be_no_detection()
    {
        Assert.Empty(CocoDetectionResults.Load(Write("[]"), Truth));
        Assert.Equal(0, Truth.CreateMetrics().Figures()["AP"]);
    }

    [Theory]
    [InlineData("{}", "Line 1: The value is of another kind than is needed here.")]
    [InlineData("[null]", "The entry '[0]': It is null.")]
    [InlineData("[FIRST, {}]", "The entry '[1]': There is no 'image_id', 'category_id', 'score'.")]
    [InlineData("[FIRST, FIRST7]", "The entry '[1]': There is no image with the id 7 in '")]
    [InlineData("[FIRST7, FIRST7]", "No detection is of an image of '")]
    [InlineData("""[{"image_id": 1000, "category_id": 2, "score": 1}]""", "The entry '[0]': There is no category with the id 2 in '")]
    [InlineData("""[{"image_id": 1000, "category_id": 3, "score": 1e999}]""", "The entry '[0]': The score is not a finite number.")]
    [InlineData("""[{"image_id": 1000, "category_id": 3, "score": 1}]""", "The entry '[0]': It has neither a 'bbox' nor a 'segmentation'.")]
    [InlineData(
        """[{"image_id": 1000, "category_id": 3, "score": 1, "bbox": [1, 2, -1, 2]}]""",
        "The entry '[0]': The 'bbox' is not x, y, width and height."
    )]
    [InlineData(
        """[{"image_id": 1000, "category_id": 3, "score": 1, "segmentation": {"size": [2, 2], "counts": "4"}}]""",
        "The entry '[0]': The mask is of 2 x 2, its image of 320 x 320."
    )]
    [InlineData(
        """[{"image_id": 1000, "category_id": 3, "score": 1, "segmentation": {"size": [320, 320], "counts": "4"}}]""",
        "The entry '[0]': The runs of the mask have 4 pixels, an image of 320 x 320 has 102400."
    )]
    [InlineData(
        """[FIRST, {"image_id": 1000, "category_id": 3, "score": 1, "segmentation": [[1, 1, 9, 1, 9, 9]]}]""",
        "The entry '[1]': It has a 'segmentation', and the first one has none."
    )]
    public void Wrong_results_are_one_clear_error(string text, string problem)
    {
        string path = Write(text.Replace("FIRST7", First.Replace("1000", "7")).Replace("FIRST", First));
        DatasetException wrong = Assert.Throws<DatasetException>(() => CocoDetectionResults.Load(path, Truth));
        Assert.Equal(path, wrong.DatasetPath);
        Assert.StartsWith(problem, wrong.Problem, StringComparison.Ordinal);
        Assert.EndsWith(".", wrong.Problem, StringComparison.Ordinal);
    }

    // Hardly a code of a mask survives a change.
    [Theory]
    [InlineData("bbox", 8)]
    [InlineData("segm", 1)]
    public void Only_the_one_exception_escapes_from_changed_files(string results, int least)
    {
        string text = File.ReadAllText(Repository.Fixture("dense", "metrics", $"{results}_results.json"));
        byte[] content = Encoding.UTF8.GetBytes(text[..text.LastIndexOf("},{", 3000, StringComparison.Ordinal)] + "}]");
        Assert.NotEmpty(CocoDetectionResults.Load(Write(Encoding.UTF8.GetString(content)), Truth));
        var random = new Random(6);
        int read = 0;
        for (int round = 0; round < 400; round++)
        {
            string path = _folder.File("changed.json");
            File.WriteAllBytes(path, ChangedJson.Of(content, random));
            try
            {
                CocoDetectionResults.Load(path, Truth);
                read++;
            }
            catch (DatasetException) { }
        }

        Assert.InRange(read, least, 400);
    }

    [Fact]
    public void Results_that_are_no_numbers_are_not_written()
    {
        string path = _folder.File("results.json");
        var nowhere = new Detection(new Box(double.NaN, 0, 1, 1), 0.5, 0);
        void Refuses(string message, Detection detection) =>
            Assert.StartsWith(
                message,
                Assert.Throws<ArgumentException>(() => CocoDetectionResults.Save(path, [(7, detection)], Truth.Categories)).Message
            );
        Refuses("A detection in the image 7 has a number that is not finite.", nowhere);
        Refuses("A detection is of the class 4, there are 4.", new Detection(default, 0.5, 4));
        Assert.Empty(Directory.GetFiles(_folder.FullName));
    }

    private static IReadOnlyList<(long Image, Detection Detection)> Load(string results) =>
        CocoDetectionResults.Load(Repository.Fixture("dense", "metrics", $"{results}_results.json"), Truth);

    private string Write(string text)
    {
        string path = _folder.File("file.json");
        File.WriteAllText(path, text);
        return path;
    }
}
