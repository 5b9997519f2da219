using System.Diagnostics;
using System.Text.Json;
using MogaSharp.Graph;
using MogaSharp.Testing;
using MogaSharp.Weights;

namespace MogaSharp.Cli.Tests.Explain;

public sealed class ExplainInteractionsTests : IDisposable
{
    private static readonly string[] Quick =
    [
        "--model",
        "moganet_xtiny_fashion",
        "--grid",
        "8",
        "--pairs",
        "3",
        "--contexts",
        "4",
        "--orders",
        "0,31,62",
        "--images",
        "4",
    ];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Measures_a_set_and_writes_what_it_finds()
    {
        string set = MaskFixtures.WriteSet(_folder);
        JsonElement result = (await RunAsync(set, "--output", _folder.File("out"), "--json")).Json;
        Assert.Equal(4, result.GetProperty("images").GetInt32());
        JsonElement model = Assert.Single(result.GetProperty("models").EnumerateArray());
        double[] j = Numbers(model, "j");
        Assert.Equal(3, j.Length);
        Assert.Equal(1, j.Average(), 1e-9);
        Assert.All(Numbers(model, "standard_error"), error => Assert.True(error > 0));
        // 4 x 3 x 3 x 4 x 4 masks are asked for, of which those of no and of all others are nearly all equal.
        Assert.InRange(model.GetProperty("passes").GetInt32(), 4 * 3 * 4 * 4, 4 * (2 + (3 * 16) + (3 * 6)));
        string[] rows = await File.ReadAllLinesAsync(_folder.File("out/interactions.csv"), TestContext.Current.CancellationToken);
        Assert.Equal(4, rows.Length);
        Assert.StartsWith("moganet_xtiny_fashion,31,0.5,", rows[2], StringComparison.Ordinal);
        Assert.Contains("Interaction Strength", Read("out/interactions.svg"), StringComparison.Ordinal);
        Assert.Equal(
            result.GetProperty("models").GetRawText(),
            JsonDocument.Parse(Read("out/interactions.json")).RootElement.GetProperty("models").GetRawText()
        );

        Outcome table = (await RunAsync(set, "--value", "logit", "--images", "1")).Succeeded();
        Assert.Matches(@"(?m)^ +31 +0\.50 +\d\.\d{3} +- +\d\.\d{3}$", table.Output);
    }

    [Fact]
    public async Task A_killed_run_goes_on_where_it_was()
    {
        string set = MaskFixtures.WriteSet(_folder);
        string[] arguments = [.. Arguments(set)[..^1], "12", "--json", "--output"];
        JsonElement whole = (await Moga.RunAsync([.. arguments, _folder.File("whole")])).Json;
        string state = _folder.File("out/state.json");
        using (Process process = Moga.Start(null, null, [.. arguments, _folder.File("out")]))
        {
            while (!File.Exists(state) && !process.HasExited)
                await Task.Delay(5, TestContext.Current.CancellationToken);
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        int done = JsonDocument.Parse(Read("out/state.json")).RootElement.GetProperty("done").GetArrayLength();
        Assert.InRange(done, 1, 11);
        JsonElement resumed = (await Moga.RunAsync([.. arguments, _folder.File("out"), "--resume"])).Json;
        Assert.Equal(whole.GetProperty("models").GetRawText(), resumed.GetProperty("models").GetRawText());
    }

    [Fact]
    public async Task A_budget_ends_after_an_image_and_the_rest_can_be_resumed()
    {
        string set = MaskFixtures.WriteSet(_folder);
        Outcome first = await RunAsync(set, "--output", _folder.File("out"), "--budget", "0s", "--json");
        Assert.Equal(1, first.Json.GetProperty("images").GetInt32());
        Assert.Contains("note: --budget is used up: 1 of 4 images are measured", first.Notes);
        JsonElement rest = (await RunAsync(set, "--output", _folder.File("out"), "--resume", "--json", "--budget", "1h")).Json;
        Assert.Equal(4, rest.GetProperty("images").GetInt32());
        (await RunAsync(set, "--budget", "soon")).Failed(2, "--budget takes a time such as 90s, 30m or 1h30m, not 'soon'.");
    }

    [Fact]
    public async Task Models_are_compared_by_the_same_images_pairs_and_contexts()
    {
        string set = MaskFixtures.WriteSet(_folder),
            card = MaskFixtures.WriteCard(_folder);
        string[] output = ["--output", _folder.File("out"), "--budget", "0s", "--json"];
        JsonElement result = (await RunAsync(set, ["--model", "moganet_xtiny_fashion", card, .. output])).Json;
        Assert.Equal(1, result.GetProperty("images").GetInt32());
        JsonElement[] models = [.. result.GetProperty("models").EnumerateArray()];
        Assert.Equal(["moganet_xtiny_fashion", "custom"], models.Select(model => model.GetProperty("model").GetString()));
        Assert.Equal(models[0].GetProperty("passes").GetInt32(), models[1].GetProperty("passes").GetInt32());
        JsonElement[] done = [.. JsonDocument.Parse(Read("out/state.json")).RootElement.GetProperty("done").EnumerateArray()];
        Assert.Equal(2, done.Length);
        Assert.Equal(done[0].GetProperty("pairs").GetRawText(), done[1].GetProperty("pairs").GetRawText());
        Assert.NotEqual(done[0].GetProperty("interactions").GetRawText(), done[1].GetProperty("interactions").GetRawText());
        string[] rows = await File.ReadAllLinesAsync(_folder.File("out/interactions.csv"), TestContext.Current.CancellationToken);
        Assert.Equal(7, rows.Length);
    }

    [Fact]
    public async Task A_state_that_does_not_suit_is_refused()
    {
        string set = MaskFixtures.WriteSet(_folder),
            state = _folder.File("out/state.json");
        string[] output = ["--output", _folder.File("out")];
        (await RunAsync(set, [.. output, "--budget", "0s"])).Succeeded();
        (await RunAsync(set, output)).Failed(2, "is of an earlier call; add --resume to go on with it, or delete it.");
        (await RunAsync(set, [.. output, "--resume", "--seed", "7"])).Failed(2, "is of a call with other settings: seed 1, not 7.");
        (await RunAsync(set, [.. output, "--resume", "--value", "logit"])).Failed(2, "other settings: value log_odds, not logit.");
        string text = Read("out/state.json");
        await File.WriteAllTextAsync(state, text[..(text.Length / 2)], TestContext.Current.CancellationToken);
        (await RunAsync(set, [.. output, "--resume"])).Failed(1, "state.json' is damaged: ");
        foreach (
            string other in new[]
            {
                "{}",
                "[]",
                "null",
                "",
                text.Replace("\"pairs\":[[", "\"pairs\":[null,[", StringComparison.Ordinal),
                text.Replace("\"halves\":[", "\"halves\":[[],", StringComparison.Ordinal),
            }
        )
        {
            await File.WriteAllTextAsync(state, other, TestContext.Current.CancellationToken);
            (await RunAsync(set, [.. output, "--resume"])).Failed(1, "Delete it to begin anew.");
        }
    }

    [Fact]
    public async Task Classes_may_have_the_names_of_a_file()
    {
        (string named, string labels) = MaskFixtures.WriteNamedSet(_folder);
        string[] output = ["--output", _folder.File("out"), "--images", "12", "--budget", "0s", "--labels", labels];
        JsonElement result = (await RunAsync(named, [.. output, "--json"])).Json;
        Assert.Equal(1, result.GetProperty("images").GetInt32());
        string[] names = await File.ReadAllLinesAsync(labels, TestContext.Current.CancellationToken);
        (names[8], names[9]) = (names[9], names[8]);
        await File.WriteAllLinesAsync(labels, names, TestContext.Current.CancellationToken);
        (await RunAsync(named, [.. output, "--resume"])).Failed(2, "other settings: ");
    }

    [Fact]
    public async Task What_does_not_fit_is_told_in_a_line()
    {
        string set = MaskFixtures.WriteSet(_folder);
        (await RunAsync(set, "--grid", "14")).Failed(
            2,
            "A grid of 14x14 does not divide the 64x64 pixels that moganet_xtiny_fashion sees; --grid takes 2, 4, 8, 16, 32."
        );
        (await RunAsync(set, "--orders", "63")).Failed(2, "There is no order 63; of 64 patches there are 0 to 62.");
        (await RunAsync(set, "--orders", "1;2")).Failed(2, "--orders takes whole numbers with commas between, not '1;2'.");
        (await RunAsync(set, "--model", "simvp_moga_small")).Failed(2, "simvp_moga_small is a model for video; this takes a classifier.");
        (await RunAsync(set, "--resume")).Failed(2, "--resume needs --output, the folder of the run.");
        (await RunAsync(set, "--exact")).Failed(2, "--exact is for tensors, see --tensors.");
        (await RunAsync($"folder:{_folder.File("nowhere")}")).Failed(2, "There is no folder");
        (await Moga.RunAsync("explain", "interactions")).Failed(2, "Name a data set with --data, or a file of tensors with --tensors.");
        Directory.CreateDirectory(_folder.File("empty/0"));
        (await RunAsync($"folder:{_folder.File("empty")}")).Failed(1, "No class folder has a file");
        await File.WriteAllTextAsync(_folder.File("set/0/a.png"), "no image", TestContext.Current.CancellationToken);
        Outcome bad = await RunAsync(set, "--images", "13");
        Assert.Equal(1, bad.ExitCode);
        Assert.Equal("moga: 1 of 13 images could not be read; nothing was measured.", bad.ErrorLines[^1]);
    }

    [Fact]
    public async Task Tensors_give_what_the_definition_gives()
    {
        FixtureFile official = MaskFixtures.Official("interaction_sampled_6x6_50px");
        string given = MaskFixtures.WriteTensors(
            _folder,
            official,
            MaskFixtures.Longs(official, "pairs"),
            MaskFixtures.Bytes(official, "contexts")
        );
        Outcome outcome = (await TensorsAsync(MaskFixtures.WriteCard(_folder), given)).Succeeded();
        Assert.Equal(["note: a grid of 6x6 does not divide 50x50 pixels: patches differ in size by a pixel"], outcome.Notes);
        using Checkpoint result = Checkpoint.Open(_folder.File("out.safetensors"));
        Assert.InRange(official.Difference("v_log_odds", Of(result, "v_log_odds").Data), 0, 20 * official.Noise("value"));
        AssertClose(official.Doubles("J.log_odds"), Of(result, "J.log_odds"));
        Assert.Equal(official.ShapeOf("I_log_odds"), Of(result, "I_log_odds").Shape);
    }

    [Fact]
    public async Task Tensors_give_all_sets_of_patches()
    {
        FixtureFile official = MaskFixtures.Official("interaction_exact_3x3");
        string given = MaskFixtures.WriteTensors(_folder, official),
            card = MaskFixtures.WriteCard(_folder);
        Outcome outcome = (await TensorsAsync(card, given, "--exact", "--grid", "3", "--value", "log_prob")).Succeeded();
        Assert.Empty(outcome.Notes);
        using Checkpoint result = Checkpoint.Open(_folder.File("out.safetensors"));
        foreach (string pairs in new[] { "all_pairs", "distance_1", "distance_2" })
            AssertClose(official.Doubles($"J.{pairs}.log_prob"), Of(result, $"J.{pairs}.log_prob"));
        Assert.Equal(official.ShapeOf("image1.I.log_prob"), Of(result, "image1.I.log_prob").Shape);
        (await TensorsAsync(card, given, "--exact", "--grid", "5")).Failed(2, "A grid of 5x5 has too many sets of patches");
    }

    [Fact]
    public async Task Tensors_that_do_not_fit_are_told_in_a_line()
    {
        FixtureFile official = MaskFixtures.Official("interaction_exact_3x3");
        string card = MaskFixtures.WriteCard(_folder);
        TensorEntry pairs = TensorEntry.FromInt64("pairs", new Shape(2, 1, 2), [0, 1, 0, 0]);
        string given = MaskFixtures.WriteTensors(
            _folder,
            official,
            pairs,
            TensorEntry.FromBytes("contexts", DType.UInt8, new Shape(2, 1, 1, 1, 9), new byte[18])
        );
        (await TensorsAsync(card, given)).Failed(2, "Image 1, order 0, pair 0: these are not two patches and sets of 0 others.");
        given = MaskFixtures.WriteTensors(
            _folder,
            official,
            pairs,
            TensorEntry.FromBytes("contexts", DType.UInt8, new Shape(2, 1, 1, 1, 8), new byte[16])
        );
        (await TensorsAsync(card, given)).Failed(2, "'contexts' has 8 patches, which are no square grid.");
        given = MaskFixtures.WriteTensors(_folder, official);
        (await TensorsAsync(card, given, "--grid", "3")).Failed(2, "A grid of 3x3 has 36 pairs of neighbors, not 50.");
        (await TensorsAsync(card, given, "--exact", "--grid", "3", "--resume")).Failed(2, "are for data sets, not for tensors.");
        (await TensorsAsync(MaskFixtures.WriteCard(_folder, classes: 3), given, "--exact", "--grid", "3")).Failed(
            2,
            "There is no class 3; the network has 3, from 0 on."
        );
        (await TensorsAsync(MaskFixtures.WriteCard(_folder, classes: 1), given, "--exact", "--grid", "3")).Failed(
            2,
            "The network has one class, of which log_odds says nothing; take logit."
        );
        CheckpointWriter.SaveSafetensors(given, [TensorEntry.FromTensor("input", new Tensor(new Shape(1, 3, 48, 48)))]);
        (await TensorsAsync(card, given, "--exact", "--grid", "3")).Failed(2, "holds no tensor 'labels' or 'targets'");
    }

    private static string[] Arguments(string set) => ["explain", "interactions", "--data", set, .. Quick];

    // What is given last counts: options of Quick may be given again.
    private static Task<Outcome> RunAsync(string set, params string[] more)
    {
        var arguments = Arguments(set).ToList();
        foreach (string option in more.Where(word => word.StartsWith("--", StringComparison.Ordinal)))
            if (arguments.IndexOf(option) is > 0 and var at)
                arguments.RemoveRange(at, 2);
        return Moga.RunAsync([.. arguments, .. more]);
    }

    private Task<Outcome> TensorsAsync(string card, string given, params string[] more) =>
        Moga.RunAsync([
            "explain",
            "interactions",
            "--model",
            card,
            "--tensors",
            given,
            "--output",
            _folder.File("out.safetensors"),
            .. more,
        ]);

    private string Read(string name) => File.ReadAllText(_folder.File(name));

    private static double[] Numbers(JsonElement model, string name) =>
        [.. model.GetProperty(name).EnumerateArray().Select(number => number.GetDouble())];

    private static Tensor Of(Checkpoint file, string name) => file.Tensors.First(tensor => tensor.Name == name).ToTensor();

    private static void AssertClose(double[] expected, Tensor j)
    {
        Assert.Equal(expected.Length, j.Data.Length);
        Assert.All(expected.Zip(j.Data), pair => Assert.InRange(Math.Abs((pair.First - pair.Second) / pair.First), 0, 1e-4));
    }
}
