using System.Text.Json;
using MogaSharp.Data;
using MogaSharp.Graph;
using MogaSharp.Imaging;
using MogaSharp.Testing;
using MogaSharp.Weights;

namespace MogaSharp.Cli.Tests.Explain;

public sealed class ExplainCamTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static string Bag => Path.Combine(Repository.Root, "samples", "bag_0018.png");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Images_get_an_overlay_and_a_map()
    {
        Outcome outcome = (
            await Cam(Bag, "--output", _folder.File("out"), "--layer", "norm3", "norm4", "--smooth", "aug,eigen")
        ).Succeeded();
        Assert.Matches(@"bag_0018\.png: Bag \d+\.\d%, most at \d+,\d+ -> .*bag_0018_cam\.png, .*bag_0018_cam\.npy", outcome.Output);
        RgbImage overlay = ImageDecoder.Load(_folder.File("out/bag_0018_cam.png"));
        Assert.Equal((64, 64), (overlay.Width, overlay.Height));
        using NpyFile map = NpyFile.Open(_folder.File("out/bag_0018_cam.npy"));
        Assert.Equal([64, 64], map.Shape);
    }

    [Fact]
    public async Task Classes_are_chosen_by_name_or_number()
    {
        JsonElement reports = (await Cam(Bag, "--class", "ankle boot", "--json", "--method", "gradcam++")).Succeeded().Json;
        Assert.Equal(9, reports[0].GetProperty("class").GetProperty("index").GetInt32());
        Assert.Equal("norm4", reports[0].GetProperty("layers")[0].GetString());
        reports = (await Cam(Bag, "--class", "3", "--json", "--method", "ablationcam")).Succeeded().Json;
        Assert.Equal("Dress", reports[0].GetProperty("class").GetProperty("label").GetString());
    }

    [Theory]
    [InlineData("gradcam", "norm3", "")]
    [InlineData("layercam", "norm3", "eigen")]
    [InlineData("scorecam", "norm4", "")]
    [InlineData("gradcam", "norm4", "aug")]
    [InlineData("fullgrad", "input", "")]
    public async Task Tensors_give_the_official_maps(string method, string layer, string smooth)
    {
        var official = new FixtureFile(Repository.Fixture("explain", "cam_moganet_custom.safetensors"));
        MogaNetFixture custom = MogaNetFixture.Load("custom_64_b2");
        string card = Fixtures.WriteModel(_folder, custom.Options, FormulaWeights.Create(custom.Build().Parameters));
        Tensor input = FormulaWeights.CoarseAndFine(new Shape(2, 3, 96, 128));
        CheckpointWriter.SaveSafetensors(
            _folder.File("x.safetensors"),
            [
                TensorEntry.FromTensor("input", input),
                TensorEntry.FromTensor(
                    "targets",
                    new Tensor(new Shape(2), JsonSerializer.Deserialize<float[]>(official.Metadata["targets"])!)
                ),
            ]
        );
        List<string> arguments =
        [
            "--model",
            card,
            "--weights",
            _folder.File("weights.safetensors"),
            "--tensors",
            _folder.File("x.safetensors"),
            "--output",
            _folder.File("y.safetensors"),
            "--method",
            method,
        ];
        if (layer != "input")
            arguments.AddRange(["--layer", layer]);
        if (smooth.Length > 0)
            arguments.AddRange(["--smooth", smooth]);
        Assert.Empty((await Cam([.. arguments])).Succeeded().Output);
        string map = $"map/{layer}/{method}{(smooth.Length > 0 ? $".{smooth}_smooth" : "")}";
        using Checkpoint results = Checkpoint.Open(_folder.File("y.safetensors"));
        Assert.InRange(
            official.Difference(map, results.Tensors.Single(tensor => tensor.Name == map).ToTensor().Data),
            0,
            method == "fullgrad" ? 5e-3 : 1e-4
        );
        foreach (TensorEntry tensor in results.Tensors.Where(tensor => official.Has(tensor.Name)))
            Assert.Equal(official.ShapeOf(tensor.Name), tensor.Shape);
    }

    [Fact]
    public async Task What_does_not_fit_is_one_line_of_usage()
    {
        (await Cam()).Failed(2, "Name images, or a file of tensors with --tensors.");
        (await Cam(Bag, "--layer", "norm7")).Failed(2, "The network has no layer 'norm7' with a feature map. Near to it are");
        (await Cam(Bag, "--class", "hat")).Failed(2, "There is no class 'hat'");
        (await Cam(Bag, "--class", "10")).Failed(2, "There is no class '10'");
        (await Cam(Bag, "--smooth", "more")).Failed(2, "--smooth takes eigen, aug or both");
        (await Cam(Bag, "--method", "fullgrad", "--layer", "norm4")).Failed(2, "it takes no --layer");
        (await Cam(Bag, "--model", "simvp_moga_small")).Failed(2, "is a model for video");
        (await Cam("--tensors", _folder.File("x.txt", "x"u8.ToArray()))).Failed(2, "--tensors needs --output");
        (await Cam(_folder.File("bad.png", "no image"u8.ToArray()), "--output", _folder.File("none"))).Failed(1, "bad.png");
        Assert.False(Directory.Exists(_folder.File("none")));
    }

    [Fact]
    public async Task Receptive_fields_are_measured_over_images()
    {
        string[] arguments = ["explain", "receptive-field", Bag, _folder.File("bad.png", "no image"u8.ToArray()), "--json"];
        Outcome outcome = await Moga.RunAsync([.. arguments, "--output", _folder.File("field.png")]);
        Assert.Equal(1, outcome.ExitCode);
        Assert.EndsWith("moga: 1 of 2 images could not be measured.", outcome.Errors.TrimEnd(), StringComparison.Ordinal);
        JsonElement report = JsonDocument.Parse(outcome.Output).RootElement;
        Assert.Equal(1, report.GetProperty("images").GetInt32());
        Assert.Equal(
            ["stage1", "stage2", "stage3", "stage4"],
            report.GetProperty("layers").EnumerateArray().Select(layer => layer.GetProperty("layer").GetString())
        );
        // Each stage sees further than the one before.
        double[] areas =
        [
            .. report
                .GetProperty("layers")
                .EnumerateArray()
                .Select(layer => layer.GetProperty("areas").EnumerateArray().ElementAt(2).GetProperty("area").GetDouble()),
        ];
        Assert.Equal(areas.Order(), areas);
        RgbImage strip = ImageDecoder.Load(_folder.File("field.png"));
        Assert.True(strip.Width >= 4 * 64, $"{strip.Width}");
        (await Moga.RunAsync("explain", "receptive-field", Bag, "--output", _folder.File("field.SVG"))).Succeeded();
        string svg = await File.ReadAllTextAsync(_folder.File("field.SVG"), TestContext.Current.CancellationToken);
        Assert.StartsWith("<svg", svg, StringComparison.Ordinal);
        Assert.All(["stage1", "stage2", "stage3", "stage4", "0.25"], text => Assert.Contains($">{text}<", svg, StringComparison.Ordinal));
        (await Moga.RunAsync("explain", "receptive-field", Bag, "--output", _folder.FullName)).Failed(2, "is a folder");
        (await Moga.RunAsync("explain", "receptive-field", _folder.File("bad.png"))).Failed(1, "bad.png: ");
    }

    private static Task<Outcome> Cam(params string[] arguments) => Moga.RunAsync(["explain", "cam", .. arguments]);
}
