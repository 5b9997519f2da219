using System.Text.Json;
using MogaSharp.Data;
using MogaSharp.Imaging;
using MogaSharp.Testing;

namespace MogaSharp.Cli.Tests.Explain;

/// <summary>Maps of the models for scenes that ship: of classes of pixels and of boxes.</summary>
public sealed class ExplainTargetsTests : IDisposable
{
    private const string Segmentor = "fpn_moganet_xtiny_scenes",
        Detector = "mask_rcnn_moganet_xtiny_scenes";

    private readonly TemporaryFolder _folder = new();

    private static string Scene => Path.Combine(Repository.Root, "samples", "scenes", "scene_00.png");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_class_of_pixels_gets_an_overlay_and_a_map()
    {
        JsonElement segmented = (await Moga.RunAsync("segment", Scene, "--model", Segmentor, "--json")).Json[0];
        JsonElement[] classes = [.. segmented.GetProperty("classes").EnumerateArray()];
        string most = classes[0].GetProperty("name").GetString()!,
            other = classes[1].GetProperty("name").GetString()!;
        JsonElement report = (await Cam(Segmentor, "--output", _folder.File("out"), "--json")).Json[0];
        Assert.Equal(most, report.GetProperty("class").GetProperty("label").GetString());
        Assert.Equal("backbone.norm4", report.GetProperty("layers")[0].GetString());
        RgbImage overlay = ImageDecoder.Load(_folder.File("out/scene_00_cam.png"));
        using NpyFile map = NpyFile.Open(_folder.File("out/scene_00_cam.npy"));
        Assert.Equal([overlay.Height, overlay.Width], map.Shape);
        report = (
            await Cam(Segmentor, "--class", other.ToUpperInvariant(), "--method", "layercam", "--layer", "backbone.norm3", "--json")
        ).Json[0];
        Assert.Equal(other, report.GetProperty("class").GetProperty("label").GetString());
        // The share in the size of the logits is near to that of the image.
        Assert.Equal(classes[1].GetProperty("share").GetDouble(), report.GetProperty("class").GetProperty("score").GetDouble(), 0.05);
    }

    [Fact]
    public async Task A_box_gets_an_overlay_and_a_map()
    {
        JsonElement[] things =
        [
            .. (await Moga.RunAsync("detect", Scene, "--model", Detector, "--score", "0.05", "--json")).Json.EnumerateArray(),
        ];
        Outcome outcome = (await Cam(Detector, "--box", "1", "--output", _folder.File("out"))).Succeeded();
        string label = things[1].GetProperty("label").GetString()!;
        Assert.Matches(
            $@"scene_00\.png: {label} \d+\.\d% at \d+,\d+ \d+x\d+, most at \d+,\d+ -> .*scene_00_cam\.png, .*scene_00_cam\.npy",
            outcome.Output
        );
        JsonElement report = (await Cam(Detector, "--box", "1", "--json", "--method", "hirescam")).Json[0];
        Assert.Equal(things[1].GetProperty("score").GetDouble(), report.GetProperty("class").GetProperty("score").GetDouble(), 1e-5);
        double[] box = [.. things[1].GetProperty("bbox").EnumerateArray().Select(number => number.GetDouble())];
        Assert.Equal(box[0], report.GetProperty("box").GetProperty("xmin").GetDouble(), 0.01);
        Assert.Equal(box[1] + box[3], report.GetProperty("box").GetProperty("ymax").GetDouble(), 0.01);
        // Of a class, the box counts among the boxes of it.
        JsonElement last = things[^1];
        string rare = last.GetProperty("label").GetString()!;
        int index = things.Count(thing => thing.GetProperty("label").GetString() == rare) - 1;
        report = (await Cam(Detector, "--class", rare, "--box", $"{index}", "--method", "eigencam", "--json")).Json[0];
        Assert.Equal(last.GetProperty("score").GetDouble(), report.GetProperty("class").GetProperty("score").GetDouble(), 1e-5);
    }

    [Fact]
    public async Task What_is_not_there_is_a_line()
    {
        (await Cam(Detector, "--box", "1000")).Failed(1, "scene_00.png: There is no box 1000; the network finds ");
        (await Cam(Detector, "--box", "-1")).Failed(2, "--box takes a whole number from 0 to 10000, not '-1'.");
        (await Cam(Detector, "--class", "hat")).Failed(2, "There is no class 'hat'");
        (await Cam(Detector, "--smooth", "aug")).Failed(2, $"--smooth aug is for classifiers; {Detector} is a model for detection.");
        (await Cam(Detector, "--method", "fullgrad")).Failed(2, "Full gradients add up maps of whole images");
        (await Cam(Segmentor, "--method", "ablationcam")).Failed(1, "what follows reads more than it");
        (await Cam(Segmentor, "--box", "0")).Failed(2, $"--box is for detectors; {Segmentor} is a model for segmentation.");
        (await Cam(Segmentor, "--labels", Scene)).Failed(2, "--labels is for classifiers;");
        (await Cam(Segmentor, "--layer", "norm7")).Failed(2, "The network has no layer 'norm7'");
        (await Cam("moganet_xtiny_fashion", "--box", "0")).Failed(2, "--box is for detectors; moganet_xtiny_fashion is a model for");
        (await Cam("moganet_xtiny_pose_scenes")).Failed(2, "is a model for pose; activation maps are made of classifiers, segmentation");
        (await Cam("simvp_moga_small")).Failed(2, "is a model for video; activation maps are made of classifiers, segmentation models");
        string blank = _folder.File("blank.png");
        new RgbImage(64, 64, new byte[64 * 64 * 3]).SavePng(blank);
        JsonElement segmented = (await Moga.RunAsync("segment", blank, "--model", Segmentor, "--json")).Json[0];
        string[] there = [.. segmented.GetProperty("classes").EnumerateArray().Select(one => one.GetProperty("name").GetString()!)];
        string missing = SceneGenerator.Classes.Select(label => label.Name).Except(there).First();
        Outcome outcome = await Moga.RunAsync("explain", "cam", blank, Scene, "--model", Segmentor, "--class", missing, "--json");
        Assert.Contains($"blank.png: The network gives no pixel to the class '{missing}'.", outcome.Errors, StringComparison.Ordinal);
        Assert.Equal(1, outcome.ExitCode);
        Assert.Equal(2, JsonDocument.Parse(outcome.Output).RootElement.GetArrayLength());
    }

    private static Task<Outcome> Cam(string model, params string[] more) =>
        Moga.RunAsync(["explain", "cam", Scene, "--model", model, .. more]);
}
