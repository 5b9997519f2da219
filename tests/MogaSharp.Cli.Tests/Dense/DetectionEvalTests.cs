using System.Text.Json;
using System.Xml.Linq;
using MogaSharp.Testing;

namespace MogaSharp.Cli.Tests;

/// <summary><c>moga eval --predictions</c> for detection.</summary>
public sealed class DetectionEvalTests : IDisposable
{
    private static readonly string Truth = Repository.Fixture("dense", "metrics", "instances_gt.json");
    private static readonly JsonElement Expected = JsonDocument
        .Parse(File.ReadAllText(Repository.Fixture("dense", "metrics", "coco_expected.json")))
        .RootElement;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("bbox", "box", "bbox", "1,10,100")]
    [InlineData("segm", "mask", "segm", "1,10,100")]
    [InlineData("bbox_maxdets_100_300_1000", "box", "bbox", "100,300,1000")]
    public async Task Numbers_are_those_of_pycocotools(string name, string key, string results, string most)
    {
        JsonElement json = (await Score(results, "--most", most, "--json")).Succeeded().Json;
        Assert.Equal(20, json.GetProperty("count").GetInt32());
        JsonElement expected = Expected.GetProperty(name);
        JsonElement names = expected.TryGetProperty("names", out JsonElement own) ? own : Expected.GetProperty("names_box_mask");
        JsonElement metrics = json.GetProperty("metrics");
        Assert.Equal(results == "segm" ? 24 : 12, metrics.EnumerateObject().Count());
        foreach ((JsonElement one, JsonElement value) in names.EnumerateArray().Zip(expected.GetProperty("stats").EnumerateArray()))
        {
            string figure = $"{key}_{one.GetString()!.ToLowerInvariant().Replace("ar@", "ar_").Replace("@1000", "")}";
            Assert.Equal(value.GetDouble(), metrics.GetProperty(figure).GetDouble(), 1e-9);
        }

        foreach (JsonElement one in json.GetProperty("classes").EnumerateArray())
        {
            JsonElement ap = expected.GetProperty("per_category_ap").GetProperty($"{one.GetProperty("number").GetInt32()}"),
                scores = one.GetProperty("scores").GetProperty(key);
            if (ap.ValueKind == JsonValueKind.Null)
                Assert.False(scores.TryGetProperty("ap", out _));
            else
                Assert.Equal(ap.GetDouble(), scores.GetProperty("ap").GetDouble(), 1e-9);
        }
    }

    [Fact]
    public async Task Tables_are_printed_for_people()
    {
        string[] lines = (await Score("segm")).Succeeded().Output.Split('\n');
        Assert.Contains("AP_large    63.43   72.19", lines);
        Assert.Contains(lines, line => line.StartsWith("dog         71.55  84.86  81.24", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("toothbrush      -", StringComparison.Ordinal));
        Assert.Contains("missed          6   8.54      6   8.54", lines);
        Assert.Contains("background  person         46", lines);
    }

    [Fact]
    public async Task Curves_and_tables_are_written()
    {
        string output = _folder.File("out/of"),
            curves = _folder.File("mine.svg");
        JsonElement json = (await Score("segm", "--output", output, "--curves", curves, "--score", "0.9", "--json")).Succeeded().Json;
        string[] files = [.. json.GetProperty("files").EnumerateArray().Select(file => file.GetString()!)];
        Assert.Equal(9, files.Length);
        Assert.Equal(files.Order(), Directory.GetFiles(output).Append(curves).Order());
        Assert.All(
            files.Where(file => file.EndsWith(".svg", StringComparison.Ordinal)),
            file => Assert.Contains("dog, 24 objects", string.Concat(XDocument.Load(file).Descendants()), StringComparison.Ordinal)
        );
        string[] confusion = File.ReadAllLines(Path.Combine(output, "mask_confusion.csv"));
        Assert.Equal("annotated \\ found,person,car,dog,toothbrush,background", confusion[0]);
        Assert.Equal(["person", "car", "dog", "toothbrush", "background"], confusion[1..].Select(line => line.Split(',')[0]));
        // Rows are the objects of a class.
        Assert.Equal(22, confusion[1].Split(',')[1..].Sum(int.Parse));
        int sure = json.GetProperty("confusions").GetProperty("mask").EnumerateArray().Sum(one => one.GetProperty("count").GetInt32()),
            all = (await Score("segm", "--json"))
                .Succeeded()
                .Json.GetProperty("confusions")
                .GetProperty("mask")
                .EnumerateArray()
                .Sum(one => one.GetProperty("count").GetInt32());
        Assert.NotEqual(all, sure);
        Assert.StartsWith("person,0.4468793", File.ReadAllLines(Path.Combine(output, "mask_classes.csv"))[1]);
        Assert.Equal("missed,6,", File.ReadAllLines(Path.Combine(output, "box_errors.csv"))[^1][..9]);
    }

    [Fact]
    public async Task Folders_have_the_names_of_coco()
    {
        Directory.CreateDirectory(_folder.File("coco/annotations"));
        File.Copy(Truth, _folder.File("coco/annotations/instances_val2017.json"));
        string results = Repository.Fixture("dense", "metrics", "bbox_results.json");
        async Task<Outcome> Of(string data, params string[] more) =>
            await Moga.RunAsync(["eval", "--task", "detection", "--data", data, "--predictions", results, .. more]);
        string folder = $"coco:{_folder.File("coco")}";
        Assert.Contains("AP50       44.75", (await Of(folder)).Succeeded().Output, StringComparison.Ordinal);
        (await Of(folder, "--split", "train")).Failed(2, "instances_train2017.json'.");
        (await Of($"coco:nowhere.json,images?val={Truth},images")).Succeeded();
        (await Of($"coco:nowhere.json,images?val={Truth},images", "--split", "train")).Failed(2, "There is no file 'nowhere.json'.");
        (await Of("coco:")).Failed(2, "'coco:' names no path; write coco:FOLDER, coco:FILE,IMAGES,");
    }

    [Fact]
    public async Task What_does_not_fit_is_one_clear_message()
    {
        string results = _folder.File("results.json");
        async Task<Outcome> Of(string text, params string[] more)
        {
            File.WriteAllText(results, text);
            return await Moga.RunAsync(["eval", "--data", $"coco:{Truth}", "--predictions", results, .. more]);
        }

        const string One = """{"image_id": 7, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}""";
        (await Of($"[{One}]")).Failed(1, "No detection is of an image of '");
        (await Of($"[{One.Replace("7", "1000").Replace("1,", "7,")}]")).Failed(1, "The entry '[0]': There is no category with the id 7");
        (await Of("[")).Failed(1, "results.json");
        (await Of("[]", "--most", "10,1")).Failed(2, "--most takes numbers that ascend from 1 or more");
        (await Of("[]", "--score", "2")).Failed(2, "--score takes a number from 0 to 1.");
        (await Of("[]", "--curves", results)).Failed(2, "is read and written; give another file to write to.");
        (await Of("[]", "--output", results)).Failed(2, "is a file, not a folder.");
        (await Of("[]")).Succeeded();
        (await Moga.RunAsync("eval", "--data", "idx:nowhere", "--curves", "x.svg")).Failed(2, "--curves is for detection, and this is");
        (await Moga.RunAsync("eval", "--data", $"coco:{Truth}", "--predictions", "nowhere")).Failed(2, "There is no file 'nowhere'.");
    }

    private static Task<Outcome> Score(string results, params string[] more) =>
        Moga.RunAsync([
            "eval",
            "--task",
            "detection",
            "--data",
            $"coco:{Truth},images",
            "--predictions",
            Repository.Fixture("dense", "metrics", $"{results}_results.json"),
            .. more,
        ]);
}
