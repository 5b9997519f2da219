using System.Text.Json;
using MogaSharp.Testing;

namespace MogaSharp.Cli.Tests;

/// <summary>What is said of the demonstration models, which have an answer to everything.</summary>
public sealed class DefaultModelTests : IDisposable
{
    private const string Clothing =
        "note: without --model this is moganet_xtiny_fashion, a demonstration that only knows ten kinds of clothing in 28x28 gray "
        + "pixels (Fashion-MNIST); "
        + "for photographs: moga pull moganet_small, then --model moganet_small\n";

    private static readonly string Scenes = Path.Combine(Repository.Root, "samples", "scenes");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_picture_s_classes_come_with_what_the_model_knows()
    {
        string bag = Fixtures.Sample("bag_0018.png");
        Assert.Equal(Clothing, (await Moga.RunAsync("classify", bag, bag)).Succeeded().Errors);
        Outcome json = (await Moga.RunAsync("classify", bag, "--json")).Succeeded();
        Assert.Equal(Clothing, json.Errors);
        Assert.DoesNotContain("without", json.Output, StringComparison.Ordinal);
        Assert.Equal("", (await Moga.RunAsync("classify", bag, "--model", "moganet_xtiny_fashion")).Succeeded().Errors);
        string weights = Path.Combine(Repository.Root, "models", "moganet_xtiny_fashion", "model.safetensors");
        Assert.Equal("", (await Moga.RunAsync("classify", bag, "--weights", weights)).Succeeded().Errors);
    }

    [Fact]
    public async Task A_prediction_comes_with_what_the_model_has_seen()
    {
        string[] arguments = ["predict", VideoFixtures.Sample("moving_mnist.gif"), "--output", _folder.File("out")];
        Assert.StartsWith(
            "note: without --model this is simvp_moga_small, a demonstration",
            (await Moga.RunAsync(arguments)).Succeeded().Errors,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain(
            "demonstration",
            (await Moga.RunAsync([.. arguments, "--model", "simvp_moga_small"])).Succeeded().Errors,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Scenes_are_segmented_by_a_model_that_says_what_it_knows()
    {
        Outcome outcome = (await Moga.RunAsync("segment", Scenes, "--json")).Succeeded();
        Assert.StartsWith(
            "note: without --model this is fpn_moganet_xtiny_scenes, a demonstration",
            outcome.Errors,
            StringComparison.Ordinal
        );
        Assert.Equal(8, outcome.Json.GetArrayLength());
        // A house, a star, a box and a ball stand in the first scene beside its person.
        string[] classes =
        [
            .. outcome
                .Json[0]
                .GetProperty("classes")
                .EnumerateArray()
                .Where(one => one.GetProperty("share").GetDouble() > 0.005)
                .Select(one => one.GetProperty("name").GetString()!),
        ];
        Assert.Equal([], new[] { "background", "person", "house", "star", "box" }.Except(classes));
    }

    [Fact]
    public async Task Joints_of_drawn_people_are_found_by_a_model_that_says_what_it_knows()
    {
        Outcome outcome = (await Moga.RunAsync("pose", Scenes, "--boxes", Path.Combine(Scenes, "boxes.json"), "--json")).Succeeded();
        Assert.StartsWith(
            "note: without --model this is moganet_xtiny_pose_scenes, a demonstration",
            outcome.Errors,
            StringComparison.Ordinal
        );
        Assert.InRange(outcome.Json.GetArrayLength(), 8, 30);
        // The model is sure of most people that it was trained to find.
        double[] scores = [.. outcome.Json.EnumerateArray().Select(person => person.GetProperty("score").GetDouble())];
        Assert.InRange(scores.Count(score => score > 0.5), scores.Length / 2, scores.Length);
    }

    [Fact]
    public async Task Things_of_drawn_scenes_are_found_by_a_model_that_says_what_it_knows()
    {
        Outcome outcome = (await Moga.RunAsync("detect", Scenes, "--json", "--score", "0.5")).Succeeded();
        Assert.StartsWith(
            "note: without --model this is mask_rcnn_moganet_xtiny_scenes, a demonstration",
            outcome.Errors,
            StringComparison.Ordinal
        );
        JsonElement[] things = [.. outcome.Json.EnumerateArray()];
        Assert.InRange(things.Length, 30, 90);
        Assert.All(
            things,
            thing => Assert.Equal("192,256", string.Join(',', thing.GetProperty("segmentation").GetProperty("size").EnumerateArray()))
        );
        // A house, a star, a box and a ball stand in the first scene beside its person: classes 1, 5, 7, 3.
        string first = things[0].GetProperty("image_id").ToString();
        int[] found =
        [
            .. things
                .Where(thing => thing.GetProperty("image_id").ToString() == first)
                .Select(thing => thing.GetProperty("category_id").GetInt32()),
        ];
        Assert.Equal([], new[] { 1, 3, 5, 7 }.Except(found));
    }

    [Fact]
    public async Task Moga_alone_prints_its_help()
    {
        Outcome alone = (await Moga.RunAsync()).Succeeded();
        Assert.Equal((await Moga.RunAsync("--help")).Succeeded().Output, alone.Output);
        Assert.Empty(alone.Errors);
    }
}
