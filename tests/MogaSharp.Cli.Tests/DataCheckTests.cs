using System.Text.Json;
using MogaSharp.Imaging;
using MogaSharp.Testing;

namespace MogaSharp.Cli.Tests;

/// <summary><c>moga data check</c>.</summary>
public sealed class DataCheckTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task All_faults_of_a_set_are_told_with_their_places()
    {
        Image("images/a.png");
        Image("images/b.png");
        File.WriteAllBytes(At("images/c.png"), File.ReadAllBytes(At("images/a.png"))[..40]);
        string data = Coco(
            """{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 2, 2]}""",
            """{"id": 2, "image_id": 9, "category_id": 1, "bbox": [1, 1, 2, 2]}""",
            """{"id": 3, "image_id": 1, "category_id": 3, "bbox": [1, 1, -2, 2]}""",
            """{"id": 4, "image_id": 1, "category_id": 2, "bbox": [1, 1, 2, 2]}""",
            """{"id": 5, "image_id": 1, "category_id": 1, "bbox": [1, 1, 2, 2], "segmentation": {"size": [8, 8], "counts": "zz"}}""",
            """{"id": 6, "image_id": 2, "category_id": 1, "bbox": [1, 1, 1e999, 2]}"""
        );
        Outcome found = await Moga.RunAsync("data", "check", data);
        Assert.Equal(1, found.ExitCode);
        Assert.Equal(
            $"""
            {At("t.json")}: The entry 'images[4]': The file 'a.png' is that of 'images[0]' too.
            {At("t.json")}: The entry 'annotations[1]': There is no image with the id 9.
            {At("t.json")}: The entry 'annotations[2]': The 'bbox' is not x, y, width and height.
            {At("t.json")}: The entry 'annotations[3]': There is no category with the id 2.
            {At("t.json")}: The entry 'annotations[4]': The code of the mask has the character U+007A, which no code has.
            {At("t.json")}: The entry 'annotations[5]': 'bbox': A finite number is needed.
            {At("t.json")}: The entry 'd.png': There is no file '{At("images/d.png")}'.
            {At("images/c.png")}: The Png image is truncated or corrupt.
            {data}, train: 3 images, 1 object, 2 classes
              class   images  objects
              cat          1        1
              dog          0        0
            {data}: 8 faults

            """,
            found.Output
        );
        Assert.Equal(
            [
                $"note: train: 1 image without an object or a class ({At("images/b.png")})",
                "note: train: 1 class that nothing belongs to (dog)",
                "note: train: the ids of 2 categories go from 1 to 3, with gaps; labels are their places",
            ],
            found.ErrorLines
        );
    }

    [Fact]
    public async Task Json_has_the_faults_counts_and_notes_of_every_set()
    {
        Image("images/a.png");
        Image("flowers/rose/1.png");
        Image("flowers/tulip/2.png");
        Image("flowers/tulip/3.png");
        File.WriteAllText(At("boxes.csv"), "file,x1,y1,x2,y2,class\na.png,1,1,4,4,cat\na.png,nan,1,4,4,cat\na.png,5,1,4,4,cat\n");
        Outcome found = await Moga.RunAsync("data", "check", $"csv:{At("boxes.csv")},{At("images")}", $"folder:{At("flowers")}", "--json");
        Assert.Equal(1, found.ExitCode);
        JsonElement[] sets = [.. JsonDocument.Parse(found.Output).RootElement.EnumerateArray()];
        Assert.Equal(["detection", "classification"], sets.Select(set => set.GetProperty("task").GetString()));
        Assert.Equal(
            [
                "line 3: The box from (NaN, 1) to (4, 4) is not of finite numbers.",
                "line 4: The box from (5, 1) to (4, 4) is not at least a little wide and high.",
            ],
            sets[0].GetProperty("faults").EnumerateArray().Select(one => $"{one.GetProperty("entry")}: {one.GetProperty("problem")}")
        );
        Assert.Equal(At("boxes.csv"), sets[0].GetProperty("faults")[0].GetProperty("file").GetString());
        JsonElement boxes = sets[0].GetProperty("parts")[0],
            flowers = sets[1].GetProperty("parts")[0];
        Assert.Equal((1, 1), (boxes.GetProperty("images").GetInt32(), boxes.GetProperty("objects").GetInt32()));
        Assert.Equal(3, flowers.GetProperty("images").GetInt32());
        Assert.False(flowers.TryGetProperty("objects", out _));
        Assert.Equal("tulip", flowers.GetProperty("classes")[1].GetProperty("name").GetString());
        Assert.Equal(2, flowers.GetProperty("classes")[1].GetProperty("images").GetInt32());
        Assert.Equal(0, sets[1].GetProperty("faults").GetArrayLength());
    }

    [Fact]
    public async Task A_part_may_be_asked_for_and_a_clean_set_succeeds()
    {
        Image("set/images/train/1.png");
        Image("set/images/val/2.png");
        Write("set/labels/train/1.txt", "0 0.5 0.5 0.2 0.2\n");
        Write("set/labels/val/2.txt", "0 0.5 0.5 0.2 0.2\n1 nan 0.5 0.2 0.2\n");
        Write("set/data.yaml", "names: [cat]\n");
        string data = $"yolo:{At("set")}";
        Outcome train = (await Moga.RunAsync("data", "check", data, "--split", "train")).Succeeded();
        Assert.Equal($"{data}, train: 1 image, 1 object, 1 class", train.Output.Split('\n')[0]);
        Assert.EndsWith($"{data}: no faults\n", train.Output, StringComparison.Ordinal);
        Assert.Empty(train.Errors);
        Outcome both = await Moga.RunAsync("data", "check", data);
        Assert.Equal(1, both.ExitCode);
        Assert.StartsWith($"{At("set/labels/val/2.txt")}: Line 2: The class '1' is not a number from 0 to 0.\n", both.Output);
        Assert.Contains($"{data}, test: 1 image, 1 object, 1 class\n", both.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Damaged_pixels_are_found_when_images_are_decoded()
    {
        Image("flowers/rose/1.png");
        Image("flowers/rose/2.png", side: 64);
        byte[] whole = File.ReadAllBytes(At("flowers/rose/2.png"));
        File.WriteAllBytes(At("flowers/rose/2.png"), whole[..^30]);
        string data = $"folder:{At("flowers")}";
        (await Moga.RunAsync("data", "check", data)).Succeeded();
        Outcome decoded = await Moga.RunAsync("data", "check", data, "--decode");
        Assert.Equal(1, decoded.ExitCode);
        Assert.StartsWith($"{At("flowers/rose/2.png")}: The Png image is truncated or corrupt", decoded.Output);
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_at_all_is_one_fault()
    {
        Image("images/a.png");
        Write("t.json", """{"images": [], "annotations": [{"bbox": [NaN, 1, 2, 3]}], "categories": []}""");
        Outcome found = await Moga.RunAsync("data", "check", $"coco:{At("t.json")},{At("images")}");
        Assert.Equal(1, found.ExitCode);
        Assert.StartsWith($"{At("t.json")}: Line 1 in 'annotations[0]': 'N' is an invalid start of a value", found.Output);
        Assert.EndsWith(": 1 fault\n", found.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Larger_images_than_allowed_are_faults()
    {
        Image("flowers/rose/1.png", side: 40);
        string data = $"folder:{At("flowers")}";
        (await Moga.RunAsync("data", "check", data, "--max-pixels", "1600")).Succeeded();
        Outcome found = await Moga.RunAsync("data", "check", data, "--max-pixels", "1599");
        Assert.Equal(1, found.ExitCode);
        Assert.Contains("1.png: ", found.Output, StringComparison.Ordinal);
        Assert.Contains("1599", found.Output, StringComparison.Ordinal);
    }

    private string At(string name) => _folder.File(name);

    private void Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        File.WriteAllText(At(name), text);
    }

    private void Image(string name, int side = 8)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        byte[] pixels = new byte[side * side * 3];
        new Random(1).NextBytes(pixels);
        new RgbImage(side, side, pixels).SavePng(At(name));
    }

    // Five images of four files, of which the last two are missing or named before.
    private string Coco(params string[] annotations)
    {
        string images = string.Join(
            ", ",
            new[] { "a", "b", "c", "d", "a" }.Select(
                (name, i) => $$"""{"id": {{i + 1}}, "width": 8, "height": 8, "file_name": "{{name}}.png"}"""
            )
        );
        Write(
            "t.json",
            $$"""
            {"images": [{{images}}], "categories": [{"id": 1, "name": "cat"}, {"id": 3, "name": "dog"}],
             "annotations": [{{string.Join(",\n", annotations)}}]}
            """
        );
        return $"coco:{At("t.json")},{At("images")}";
    }
}
