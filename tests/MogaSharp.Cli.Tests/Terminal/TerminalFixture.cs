using MogaSharp.Testing;
using MogaSharp.Weights;

namespace MogaSharp.Cli.Tests;

/// <summary>A command line for every command, over small models and sets, and what it prints on a terminal.</summary>
internal sealed class TerminalFixture : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestServer _server;
    private readonly string _card;

    public TerminalFixture()
    {
        _card = Fixtures.WriteModel(_folder, Fixtures.Small, side: 32);
        Weights = _folder.File("weights.safetensors");
        _server = new TestServer(File.ReadAllBytes(Weights));
    }

    public TemporaryFolder Folder => _folder;

    public TestServer Server => _server;

    public string Weights { get; }

    public string Cache => _folder.File("cache");

    /// <summary>A card whose weights are to be downloaded.</summary>
    public string RemoteCard
    {
        get
        {
            string path = Path.Combine(Directory.CreateDirectory(_folder.File("remote")).FullName, "card.json");
            var card = Models.ModelCard.Load(_card) with { Weights = new Models.WeightsCard { Url = _server.Address.AbsoluteUri } };
            File.WriteAllText(path, card.ToJson());
            return path;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>A command line, and a pattern that one of the rows on the screen has to match.</summary>
    public (string[] Arguments, string Row) Of(string command) =>
        command switch
        {
            "classify" => (
                [command, Path.Combine(Fixtures.Samples, "*.png"), "--model", _card, "-k", "1"],
                @"^\S*bag_0018.png: .* \d+\.\d%$"
            ),
            "eval" => ([command, "--data", $"idx:{Idx()}", "--model", _card, "--batch", "2"], "top-1"),
            "eval video" => (
                [
                    "eval",
                    "--task",
                    "video",
                    "--data",
                    $"moving-mnist:{Digits()}?testclips=4",
                    "--model",
                    VideoFixtures.WriteModel(_folder),
                    "--batch",
                    "1",
                ],
                "MSE"
            ),
            "forward" => ([command, "--model", _card, "--input", Input(), "--output", _folder.File("y.safetensors")], "^logits "),
            "models" => ([command], "^name +task"),
            "info" => ([command, _card], "parameters"),
            "plan" => ([command, _card], "global average pool"),
            "profile" => ([command, _card, "--runs", "2"], "min us"),
            "pull" => ([command, RemoteCard], "^downloaded, SHA-256 "),
            "inspect" => ([command, Weights], @"weights\.safetensors: Safetensors"),
            "convert" => ([command, Weights, _folder.File("out.pth")], @"^\d+ tensors, "),
            "export" => ([command, _card, "--onnx", _folder.File("out.onnx"), "--size", "32"], @"out\.onnx$"),
            "export detector" => (
                ["export", DenseModels.WriteDetector(_folder), "--onnx", _folder.File("detector.onnx"), "--end-to-end"],
                @"detector\.onnx$"
            ),
            "bench" => ([command, _card, "--seconds", "1"], "^measured custom, input "),
            "predict" => (
                [command, VideoFixtures.Sample("moving_mnist.gif"), "--model", Video64(), "--output", _folder.File("predicted")],
                "^custom_video predicted 10 frames"
            ),
            "segment" => (
                [command, Photo, "--model", DenseModels.WriteSegmentor(_folder), "--output", _folder.File("maps")],
                @"^\S*chelsea.png: \w+ \d+\.\d%"
            ),
            "pose" => (
                [command, Photo, "--model", DenseModels.WritePose(_folder), "--output", _folder.File("people")],
                @"^\S*chelsea.png: person \d\.\d\d: "
            ),
            "detect" => (
                [command, Photo, "--model", DenseModels.WriteDetector(_folder), "--score", "0.1", "--output", _folder.File("things")],
                @"^\S*chelsea.png: (cat|dog|traffic light) 0\.\d\d at "
            ),
            "explain cam" => (
                ["explain", "cam", Path.Combine(Fixtures.Samples, "*.png"), "--output", _folder.File("cam")],
                @"^\S*bag_0018.png: Bag \d+\.\d%, most at "
            ),
            "explain receptive-field" => (
                ["explain", "receptive-field", Path.Combine(Fixtures.Samples, "bag_0018.png")],
                @"^stage4 +\d+\.\d%"
            ),
            "eval segmentation" => (["eval", "--data", Scenes(), "--model", DenseModels.WriteSceneSegmentor(_folder)], @"^mIoU \d"),
            "eval pose" => (["eval", "--data", Scenes(), "--model", DenseModels.WritePose(_folder)], @"^AP \d"),
            "data" => ([command, "mnist", "--from", _server.Address.GetLeftPart(UriPartial.Authority)], "^moga: http"),
            "data check" => (["data", "check", $"idx:{Idx()}", "--split", "test"], @"^idx:\S+: no faults$"),
            "explain interactions" => (
                [.. Explain("interactions"), "--images", "4", "--pairs", "2", "--contexts", "2", "--orders", "0,7,14"],
                @"^ *7 +0\.50 +\d\.\d{3} "
            ),
            "explain occlusion" => (Explain("occlusion"), @"^ +0\.0% +\d+\.\d%"),
            _ => throw new ArgumentOutOfRangeException(nameof(command), command, "There is no such command."),
        };

    /// <summary>A set of images in a folder.</summary>
    public string Idx()
    {
        Fixtures.WriteIdx(_folder.File("idx"));
        return _folder.File("idx");
    }

    private string[] Explain(string what) => ["explain", what, "--data", $"idx:{Idx()}", "--model", _card, "--grid", "4"];

    private static string Photo => Repository.Fixture("imaging", "chelsea.png");

    private string Scenes()
    {
        TrainFixture.WriteIdx(_folder, "digits", train: 10, classes: 10);
        return $"scenes:{_folder.File("digits")}?testcount=4&size=64x64";
    }

    private string Digits()
    {
        byte[] digits = new byte[10 * 784];
        new Random(4).NextBytes(digits);
        _folder.File("t10k-images-idx3-ubyte", IdxWriter.Bytes([10, 28, 28], digits));
        return _folder.FullName;
    }

    private string Video64() => VideoFixtures.WriteModel(_folder, VideoFixtures.Small with { InShape = [10, 1, 64, 64] }, 10);

    private string Input()
    {
        CheckpointWriter.SaveSafetensors(
            _folder.File("x.safetensors"),
            [TensorEntry.FromTensor("input", new Graph.Tensor(new Graph.Shape(1, 3, 32, 32)))]
        );
        return _folder.File("x.safetensors");
    }
}
