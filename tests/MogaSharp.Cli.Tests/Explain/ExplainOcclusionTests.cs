using System.Text.Json;
using MogaSharp.Graph;
using MogaSharp.Testing;
using MogaSharp.Weights;

namespace MogaSharp.Cli.Tests.Explain;

public sealed class ExplainOcclusionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Measures_a_set_and_writes_what_it_finds()
    {
        string set = MaskFixtures.WriteSet(_folder);
        JsonElement result = (await RunAsync(set, "--runs", "2", "--output", _folder.File("out"), "--json")).Json;
        Assert.Equal(12, result.GetProperty("images").GetInt32());
        JsonElement model = Assert.Single(result.GetProperty("models").EnumerateArray());
        double[] accuracy = [.. model.GetProperty("accuracy").EnumerateArray().Select(share => share.GetDouble())];
        Assert.Equal(10, accuracy.Length);
        Assert.Equal(1, accuracy[0]);
        Assert.True(accuracy[^1] < 0.5, "Dropping nine tenths of the patches changes little.");
        Assert.Equal(2, model.GetProperty("correct").GetArrayLength());
        Assert.Equal(11, File.ReadLines(_folder.File("out/occlusion.csv")).Count());
        Assert.Contains("dropped patches", await File.ReadAllTextAsync(_folder.File("out/occlusion.svg"), Token), StringComparison.Ordinal);

        Outcome table = (await RunAsync(set, "--drop", "salient", "--baseline", "mean", "--images", "5")).Succeeded();
        Assert.StartsWith("top-1 of 5 images, salient drop of 8x8 patches\n", table.Output, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^ +0\.0% +100\.0% +-$", table.Output);
    }

    [Fact]
    public async Task An_image_that_cannot_be_read_is_passed_over_and_said()
    {
        string set = MaskFixtures.WriteSet(_folder);
        await File.WriteAllTextAsync(_folder.File("set/4/a.png"), "no image", Token);
        Outcome outcome = await RunAsync(set, "--runs", "1", "--json");
        Assert.Equal(1, outcome.ExitCode);
        Assert.Equal("moga: 1 of 13 images could not be read; the figures are those of the others.", outcome.ErrorLines[^1]);
        JsonElement result = JsonDocument.Parse(outcome.Output).RootElement;
        Assert.Equal(12, result.GetProperty("images").GetInt32());
        Assert.Equal(1, result.GetProperty("models")[0].GetProperty("accuracy")[0].GetDouble());
        Assert.EndsWith("set/4/a.png", result.GetProperty("skipped")[0].GetProperty("path").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Classes_may_have_the_names_of_a_file()
    {
        (string set, string labels) = MaskFixtures.WriteNamedSet(_folder);
        JsonElement result = (await RunAsync(set, "--runs", "1", "--labels", labels, "--json")).Json;
        Assert.Equal(1, result.GetProperty("models")[0].GetProperty("accuracy")[0].GetDouble());
        (await RunAsync(set, "--labels", _folder.File("none.txt"))).Failed(2, "There is no file '");
        await File.WriteAllTextAsync(labels, "a\nb\n", Token);
        (await RunAsync(set, "--labels", labels)).Failed(2, "names 2 classes; the weights have 10.");
        (await Moga.RunAsync("explain", "occlusion", "--tensors", "x", "--labels", labels)).Failed(2, "--labels is for data sets; tensors");
    }

    [Fact]
    public async Task What_does_not_fit_is_told_in_a_line()
    {
        string set = MaskFixtures.WriteSet(_folder);
        (await RunAsync(set, "--grid", "7")).Failed(2, "A grid of 7x7 does not divide the 64x64 pixels that moganet_xtiny_fashion sees");
        (await RunAsync(set, "--drop", "salient", "--runs", "2")).Failed(
            2,
            "Only --drop random draws: --runs and --shared-draw are for it."
        );
        (await RunAsync(set, "--weights", Fixtures.ShippedWeights, "--model", "moganet_xtiny_fashion")).Succeeded();
        (await RunAsync(set, "--weights", Fixtures.ShippedWeights, "--model", "moganet_xtiny_fashion", "moganet_xtiny_fashion")).Failed(
            2,
            "--weights is for one model, not for 2; give cards with weights of their own."
        );
        (await RunAsync(set, "--model", "simvp_moga_small")).Failed(2, "simvp_moga_small is a model for video; this takes a classifier.");
        Directory.CreateDirectory(_folder.File("empty/0"));
        (await RunAsync($"folder:{_folder.File("empty")}")).Failed(1, "No class folder has a file");
    }

    [Fact]
    public async Task Tensors_give_what_the_definition_gives()
    {
        FixtureFile official = MaskFixtures.Official("patch_drop_7x7");
        var shape = new Shape(JsonSerializer.Deserialize<long[]>(official.Metadata["input_shape"])!);
        TensorEntry pixels = TensorEntry.FromTensor(
            "input",
            new Tensor(shape, [.. FormulaWeights.Uniform(shape.ElementCount, official.Metadata["input_name"]).Select(u => (float)u)])
        );
        string card = MaskFixtures.WriteCard(_folder);
        CheckpointWriter.SaveSafetensors(_folder.File("in.safetensors"), [pixels, MaskFixtures.Bytes(official, "dropped")]);
        (await TensorsAsync(card)).Succeeded();
        using (Checkpoint result = Checkpoint.Open(_folder.File("out.safetensors")))
        {
            Tensor logits = result.Tensors.First(tensor => tensor.Name == "logits").ToTensor();
            Assert.Equal(official.ShapeOf("logits"), logits.Shape);
            Assert.InRange(official.Difference("logits", logits.Data), 0, 20 * official.Noise("logits"));
            Assert.Equal(
                official.Doubles("agreement_with_clean").Select(share => (float)share),
                result.Tensors.First(tensor => tensor.Name == "agreement_with_clean").ToTensor().Data
            );
        }

        CheckpointWriter.SaveSafetensors(_folder.File("in.safetensors"), [pixels]);
        (await TensorsAsync(card)).Failed(2, "--tensors needs the tensor 'dropped'");
        (await TensorsAsync(card, "--drop", "salient")).Failed(2, "With --tensors the file's 'dropped' says what is dropped.");
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static Task<Outcome> RunAsync(string set, params string[] more)
    {
        string[] model = more.Contains("--model") ? [] : ["--model", "moganet_xtiny_fashion"],
            grid = more.Contains("--grid") ? [] : ["--grid", "8"];
        return Moga.RunAsync(["explain", "occlusion", "--data", set, .. model, .. grid, .. more]);
    }

    private Task<Outcome> TensorsAsync(string card, params string[] more) =>
        Moga.RunAsync([
            "explain",
            "occlusion",
            "--model",
            card,
            "--tensors",
            _folder.File("in.safetensors"),
            "--output",
            _folder.File("out.safetensors"),
            .. more,
        ]);
}
